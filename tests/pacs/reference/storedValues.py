"""Prints a JSON line for each path on stdin: the SHA-256 of every frame's stored values as pydicom decodes them.

Stored values have the bits above BitsStored masked off and the sign extended. They are little-endian words of
BitsAllocated.
"""
import hashlib
import json
import sys
import warnings

import numpy as np
import pydicom

warnings.simplefilter("ignore")


def canonical(pixels: np.ndarray, bits_stored: int) -> np.ndarray:
    """Decoded pixels → the same shape, with the bits above `bits_stored` masked off and the sign extended."""
    shift = 8 * pixels.dtype.itemsize - bits_stored
    return np.ascontiguousarray((pixels << shift) >> shift).astype(pixels.dtype.newbyteorder("<"))


def digests(pixels: np.ndarray, frames: int, bits_stored: int) -> list[str]:
    """SHA-256 of the stored values of each frame. `pixels`: [frames, rows, ...], or [rows, ...] of a single frame."""
    pixels = canonical(pixels, bits_stored)
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in (pixels if frames > 1 else pixels[None])]


if __name__ == "__main__":
    for line in sys.stdin:
        dataset = pydicom.dcmread(line.strip())
        frames = int(dataset.get("NumberOfFrames", 1))
        print(json.dumps({"path": line.strip(), "frames": digests(dataset.pixel_array, frames, dataset.BitsStored)}))
