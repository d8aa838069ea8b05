"""Healthy volumes from the other two planes, as a workstation reformats them.

There is one healthy sagittal series and no coronal one. A network that is shown none takes the look of such a plane for
a sign of a tumour.
"""

from pathlib import Path

import numpy as np
from scipy import ndimage

from counterfactuals import is_whole
from slices import prepare
from strip import read_volume

# Axial T1 series whose slices lie close enough together to be resliced.
SERIES = (
    ("healthy_lowres_ixi012_hh_1211", "T1_ax"),
    ("healthy_lowres_ixi015_hh_1258", "T1_ax"),
    ("healthy_studyforrest", "T1_native"),
)
GRID = 1.5  # mm
EVERY = 2  # every second slice of the grid is taken, because neighbours tell little that is new


def resliced(data: Path) -> dict[str, np.ndarray]:
    """{"images": [n, rows, columns], 0-1, on the model's grid, "planes": [n], "cases": [n]}."""
    images, planes, cases = [], [], []
    for case, series in SERIES:
        pixels, spacing = read_volume(Path(data) / "studies" / case / series)
        volume = ndimage.zoom(pixels, np.array(spacing) / GRID, order=1)[::-1]  # the head up
        for plane, axis in (("sag", 2), ("cor", 1)):
            for values in np.moveaxis(volume, axis, 0)[::EVERY]:
                image = prepare(values, spacing=(GRID, GRID))[0]
                if is_whole(image):
                    images.append(image)
                    planes.append(plane)
                    cases.append(case)
    return {"images": np.stack(images), "planes": np.array(planes), "cases": np.array(cases)}
