"""For each path on stdin, a JSON line: the SHA-256 of every frame's stored values as pydicom decodes them.

Stored values: bits above BitsStored masked off, sign extended, in little-endian words of BitsAllocated.
"""
import hashlib
import json
import sys
import warnings

import numpy as np
import pydicom

warnings.simplefilter("ignore")


def canonical(pixels, bits_stored):
    shift = 8 * pixels.dtype.itemsize - bits_stored
    return np.ascontiguousarray((pixels << shift) >> shift).astype(pixels.dtype.newbyteorder("<"))


def digests(pixels, frames, bits_stored):
    pixels = canonical(pixels, bits_stored)
    return [hashlib.sha256(frame.tobytes()).hexdigest() for frame in (pixels if frames > 1 else pixels[None])]


if __name__ == "__main__":
    for line in sys.stdin:
        dataset = pydicom.dcmread(line.strip())
        frames = int(dataset.get("NumberOfFrames", 1))
        print(json.dumps({"path": line.strip(), "frames": digests(dataset.pixel_array, frames, dataset.BitsStored)}))
