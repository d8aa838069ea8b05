"""Prints a JSON line for each image among the samples that come with pydicom.

A line has the image's path and the SHA-256 of every frame's stored values as pydicom decodes them; null where it
cannot.
"""
import json
import warnings

import pydicom
from pydicom.data import get_testdata_files

from storedValues import digests

warnings.simplefilter("ignore")

for path in sorted(set(get_testdata_files("*.dcm"))):
    try:
        dataset = pydicom.dcmread(path)
    except Exception:
        continue  # some samples are there for pydicom to refuse
    if "PixelData" not in dataset or "BitsStored" not in dataset:
        continue
    try:
        frames = digests(dataset.pixel_array, int(dataset.get("NumberOfFrames", 1)), dataset.BitsStored)
    except Exception:
        frames = None  # the sample's values are not known
    print(json.dumps({"path": path, "frames": frames}))
