"""Where the slices of a series lie, for the rule that makes a study's answer of them."""
from pathlib import Path

import numpy as np
import pydicom


def locations(data, case, series):
    """mm along the normal of each slice, in the order of `studies.load_series`; None where a header does not tell."""
    found = []
    for path in sorted((Path(data) / "studies" / case / series).glob("*.dcm")):
        header = pydicom.dcmread(path, stop_before_pixels=True)
        frames = int(header.get("NumberOfFrames", 1))
        if frames > 1 or "ImagePositionPatient" not in header or "ImageOrientationPatient" not in header:
            found += [None] * frames
            continue
        across = np.array(header.ImageOrientationPatient, float)
        # PS3.3 C.7.6.2.1.1: the normal is the row's direction times the column's.
        normal = np.cross(across[:3], across[3:])
        found.append(float(normal @ np.array(header.ImagePositionPatient, float)))
    return found
