"""Healthy heads without their skulls, as registered studies come. Thresholds and erosion in 3D find the brain.

Only two patients with tumours have skull-stripped heads. Without healthy heads of that kind, a network learns that a
head without a skull has a tumour.
"""

from pathlib import Path

import numpy as np
import pydicom
from scipy import ndimage

from counterfactuals import largest
from slices import prepare

# Axial T1 series in which the brain is found well, as looking at them showed.
SERIES = (
    ("healthy_lowres_ixi012_hh_1211", "T1_ax"),
    ("healthy_lowres_ixi015_hh_1258", "T1_ax"),
    ("healthy_siemens_trio_adult", "T1_ax_mpr3mm"),
    ("healthy_uih_umr770", "T1_ax_mpr3mm"),
)
GRID = 2.0  # mm
HEIGHT = 132  # mm from the vertex to below the cerebellum
LEAST = 0.08  # of the brain's area in its largest slice; slices with less are left out


def stripped(data: Path) -> dict[str, np.ndarray]:
    """{"images": [n, rows, columns], 0-1, on the model's grid, "planes": [n], "cases": [n]}."""
    images, cases = [], []
    for case, series in SERIES:
        pixels, spacing = read_volume(Path(data) / "studies" / case / series)
        brain = find_brain(pixels, spacing)
        areas = brain.sum((1, 2))
        for index in np.flatnonzero(areas > LEAST * areas.max()):
            images.append(prepare(pixels[index] * brain[index], spacing=spacing[1:])[0])
            cases.append(case)
    return {"images": np.stack(images), "planes": np.full(len(images), "ax"), "cases": np.array(cases)}


def read_volume(folder: Path) -> tuple[np.ndarray, list[float]]:
    """Stored values, float32 [slices, rows, columns], from the feet to the head; mm between slices, rows, columns."""
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    slices.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
    heights = [float(dataset.ImagePositionPatient[2]) for dataset in slices]
    pixels = np.stack([dataset.pixel_array.astype(np.float32) for dataset in slices])
    return pixels, [float(np.median(np.diff(heights))), *map(float, slices[0].PixelSpacing)]


def find_brain(pixels: np.ndarray, spacing: list[float]) -> np.ndarray:
    """Where the brain is: [slices, rows, columns] values → bool of the same shape. `spacing`: mm along each axis.

    The brain is about as bright as white and grey matter, and it stays in one piece when a layer is taken off all
    around. Of that, what lies in the middle of each slice is kept.
    """
    small = ndimage.zoom(pixels, np.array(spacing) / GRID, order=1)
    air = np.percentile(small, 2)
    head = largest(ndimage.gaussian_filter(small, 1) > air + 0.12 * (np.percentile(small, 99) - air))
    vertex = np.flatnonzero(head.sum((1, 2)) > 200)[-1]
    middle = slice(max(0, vertex - int(90 / GRID)), vertex - int(40 / GRID))
    core = ndimage.binary_erosion(head[middle], ball(2), iterations=6)
    white = np.percentile(small[middle][core], 80)
    relative = (small - air) / (white - air)
    tissue = (relative > 0.45) & (relative < 1.35)
    tissue[: max(0, vertex - int(HEIGHT / GRID))] = False
    found = largest(ndimage.binary_erosion(tissue, ball(3)))
    found = ndimage.binary_dilation(found, ball(4)) & ndimage.binary_dilation(tissue, ball(1))
    centre = [places.mean() for places in np.nonzero(head[middle].any(0))]
    found = np.stack([central(plane, centre) for plane in found])
    found = ndimage.binary_closing(np.pad(found, 8), ball(6))[8:-8, 8:-8, 8:-8]
    found = np.stack([ndimage.binary_fill_holes(plane) for plane in found]).astype(np.float32)
    return ndimage.zoom(found, np.array(pixels.shape) / np.array(found.shape), order=1) > 0.5


def central(plane: np.ndarray, centre: list[float]) -> np.ndarray:
    """The plane ([rows, columns] bool) without muscles and fat.

    These hang on by a thread or lie far from the middle of the head (`centre`: row, column).
    """
    opened = ndimage.binary_opening(plane, iterations=4)
    parts, count = ndimage.label(opened)
    if count == 0:
        return np.zeros_like(plane)
    sizes = ndimage.sum_labels(opened, parts, np.arange(1, count + 1))
    kept = [
        part for part, size in enumerate(sizes, 1)
        if size == sizes.max()
        or (
            size >= 0.15 * sizes.max()
            and np.hypot(*(np.array(ndimage.center_of_mass(parts == part)) - centre)) < 64 / GRID
        )
    ]  # fmt: skip
    return ndimage.binary_dilation(np.isin(parts, kept)) & ndimage.binary_dilation(plane)


def ball(radius: int) -> np.ndarray:
    """Structuring element, bool [2 radius + 1] along each of three axes: a ball. `radius`: voxels."""
    grid = np.mgrid[-radius : radius + 1, -radius : radius + 1, -radius : radius + 1]
    return (grid**2).sum(0) <= radius * radius + 0.5
