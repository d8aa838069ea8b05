"""For each image among the samples that come with pydicom, a JSON line: its path, and the SHA-256 of every frame's
stored values as pydicom decodes them; null where it cannot."""
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
        continue  # samples that pydicom itself is to refuse
    if "PixelData" not in dataset or "BitsStored" not in dataset:
        continue
    try:
        frames = digests(dataset.pixel_array, int(dataset.get("NumberOfFrames", 1)), dataset.BitsStored)
    except Exception:
        frames = None  # of those, no value is known
    print(json.dumps({"path": path, "frames": frames}))
