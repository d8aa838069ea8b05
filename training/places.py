"""Places of the slices of a series, and the part of each that the model is shown, for how the server reads series."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from preprocess import preprocess
from slices import GEOMETRY, HERE, INPUT

_ONE_CHANNEL = {**INPUT, "channels": 1, "mean": [0], "std": [1]}
NEAR_AN_AXIS = 0.9  # cosine, some 26°; an oblique normal has neither columns nor slices that run from left to right
SAGITTAL = 0  # the patient's axis that the normal lies along: from right to left


def places(data: Path, case: str, series: str) -> dict[str, Any]:
    """Where the slices of a series lie, in the order of `studies.load_series`; kept in training/cache.

    Returns {"locations": mm along the normal, None where a header does not tell; "frames": see `frame_of`;
    "leftRight": "COLUMNS" or "SLICES", what runs from left to right, or None}.
    """
    folder = Path(data) / "studies" / case / series
    made_from = [(HERE / name).read_bytes() for name in ("preprocess.py", "places.py")]
    key = hashlib.sha256(b"".join([*made_from, str(folder).encode()])).hexdigest()[:12]
    cache = HERE / "cache" / f"places-{key}.json"
    if not cache.exists():
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps(read_places(folder)))
    return json.loads(cache.read_text())


def read_places(folder: Path) -> dict[str, Any]:
    """What `places` returns, from the series' files in `folder`."""
    locations, frames, left_right = [], [], None
    for path in sorted(folder.glob("*.dcm")):
        dataset = pydicom.dcmread(path)
        pixels = np.asarray(dataset.pixel_array, np.float32)
        planes = pixels if pixels.ndim == 3 else pixels[None]
        frames += [frame_of(plane, dataset) for plane in planes]
        if len(planes) > 1 or "ImagePositionPatient" not in dataset or "ImageOrientationPatient" not in dataset:
            locations += [None] * len(planes)
            continue
        across = np.array(dataset.ImageOrientationPatient, float)
        # PS3.3 C.7.6.2.1.1: the normal is the row's direction times the column's.
        normal = np.cross(across[:3], across[3:])
        locations.append(float(normal @ np.array(dataset.ImagePositionPatient, float)))
        along = np.abs(normal)
        left_right = None if along.max() < NEAR_AN_AXIS else "SLICES" if along.argmax() == SAGITTAL else "COLUMNS"
    return {"locations": locations, "frames": frames, "leftRight": left_right}


def frame_of(plane: np.ndarray, dataset: pydicom.dataset.Dataset) -> dict[str, float]:
    """The part of a slice that the model's input covers, as shares of its rows and columns.

    `plane`: [rows, columns] stored values. `dataset`: the header of the slice's instance.
    """
    values = plane * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0))
    spacing = dataset.get("PixelSpacing")
    _, frame = preprocess(values, _ONE_CHANNEL, GEOMETRY, None if spacing is None else [float(mm) for mm in spacing])
    rows, columns = plane.shape
    return {
        "top": frame["top"] / rows, "left": frame["left"] / columns,
        "height": frame["height"] / rows, "width": frame["width"] / columns,
    }  # fmt: skip
