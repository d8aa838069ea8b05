"""Where the slices of a series lie, and what of them the model is shown: for how the server reads a series."""
import hashlib
import json
from pathlib import Path

import numpy as np
import pydicom

from preprocess import preprocess
from slices import GEOMETRY, HERE, INPUT

_ONE_CHANNEL = {**INPUT, "channels": 1, "mean": [0], "std": [1]}
NEAR_AN_AXIS = 0.9  # beyond some 26° from all, neither columns nor slices lie from left to right
SAGITTAL = 0  # the patient's axis that the normal lies along: from right to left


def places(data, case, series):
    """{"locations" mm along the normal, None where a header does not tell; "frames" shares of rows and columns that the
    model's input covers; "leftRight" "COLUMNS", "SLICES" or None}, in the order of `studies.load_series`."""
    folder = Path(data) / "studies" / case / series
    made_from = [(HERE / name).read_bytes() for name in ("preprocess.py", "places.py")]
    key = hashlib.sha256(b"".join([*made_from, str(folder).encode()])).hexdigest()[:12]
    cache = HERE / "cache" / f"places-{key}.json"
    if not cache.exists():
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps(read_places(folder)))
    return json.loads(cache.read_text())


def read_places(folder):
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


def frame_of(plane, dataset):
    values = plane * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0))
    spacing = dataset.get("PixelSpacing")
    _, frame = preprocess(values, _ONE_CHANNEL, GEOMETRY, None if spacing is None else [float(mm) for mm in spacing])
    rows, columns = plane.shape
    return {
        "top": frame["top"] / rows, "left": frame["left"] / columns,
        "height": frame["height"] / rows, "width": frame["width"] / columns,
    }  # fmt: skip
