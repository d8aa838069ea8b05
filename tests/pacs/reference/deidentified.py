"""Prints a JSON line for each path on stdin: every element that pydicom finds, as path -> [VR, value].

File meta information and items are included; a path is such as "00081140/0/00081155". Invalid values are errors. Values
of bytes are hexadecimal, those of sequences JSON.
"""
import json
import sys
import warnings

import pydicom

pydicom.config.settings.reading_validation_mode = pydicom.config.RAISE
warnings.simplefilter("ignore")


def collect(ds: pydicom.dataset.Dataset, prefix: str, found: dict[str, list[str]]) -> None:
    """Adds the elements of a data set and its items to `found`, with paths that start with `prefix`."""
    for element in ds:
        path = f"{prefix}{element.tag.group:04X}{element.tag.elem:04X}"
        if element.VR == "SQ":
            content = {}
            for number, item in enumerate(element.value):
                collect(item, f"{path}/{number}/", content)
            found[path] = ["SQ", json.dumps(content) if len(element.value) else ""]
            found.update(content)
        elif isinstance(element.value, bytes):
            found[path] = [element.VR, element.value.hex()]
        elif element.value is None or element.VM == 0:
            found[path] = [element.VR, ""]
        else:
            values = element.value if element.VM > 1 else [element.value]
            found[path] = [element.VR, "\\".join(str(value) for value in values)]


for line in sys.stdin:
    ds = pydicom.dcmread(line.strip())
    found = {}
    collect(ds.file_meta, "", found)
    collect(ds, "", found)
    print(json.dumps({"preamble": ds.preamble.hex(), "elements": found}))
