"""Prints a JSON line for each path on stdin: what pydicom reads in the attributes that parse.ts reads."""
import json
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import pydicom

warnings.simplefilter("ignore")


def text(value: Any) -> str | None:
    """The value of an attribute as text; None where it is absent or empty."""
    return str(value).strip() or None if value is not None else None


def numbers(value: Iterable[Any] | None) -> list[float] | None:
    """The values of an attribute as numbers; None where it is absent."""
    return None if value is None else [float(number) for number in value]


for line in sys.stdin:
    path = line.strip()
    ds = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    groups = ds.get("PerFrameFunctionalGroupsSequence")
    shared = ds.get("SharedFunctionalGroupsSequence")

    def macro(frame: int, sequence: str) -> pydicom.dataset.Dataset:
        """The functional group macro `sequence` of a frame (from 0): its own, the shared one, or else the data set."""
        for group in ([groups[frame]] if groups else []) + (list(shared) if shared else []):
            if sequence in group:
                return group[sequence][0]
        return ds

    frames = []
    for frame in range(int(ds.get("NumberOfFrames", 1) or 1)):
        rescale = macro(frame, "PixelValueTransformationSequence")
        frames.append(
            {
                "imagePositionPatient": numbers(macro(frame, "PlanePositionSequence").get("ImagePositionPatient")),
                "imageOrientationPatient": numbers(
                    macro(frame, "PlaneOrientationSequence").get("ImageOrientationPatient")
                ),
                "pixelSpacing": numbers(macro(frame, "PixelMeasuresSequence").get("PixelSpacing")),
                "rescale": {"slope": float(rescale.RescaleSlope), "intercept": float(rescale.RescaleIntercept)}
                if "RescaleSlope" in rescale
                else None,
            }
        )
    print(
        json.dumps(
            {
                "path": path,
                "header": {
                    "sopClassUid": ds.SOPClassUID,
                    "sopInstanceUid": ds.SOPInstanceUID,
                    "studyInstanceUid": ds.StudyInstanceUID,
                    "seriesInstanceUid": ds.SeriesInstanceUID,
                    "transferSyntaxUid": ds.file_meta.TransferSyntaxUID,
                    "patientName": text(ds.get("PatientName")),
                    "patientId": text(ds.get("PatientID")),
                    "studyDate": text(ds.get("StudyDate")),
                    "studyDescription": text(ds.get("StudyDescription")),
                    "modality": text(ds.get("Modality")),
                    "seriesDescription": text(ds.get("SeriesDescription")),
                    "seriesNumber": ds.get("SeriesNumber"),
                    "instanceNumber": ds.get("InstanceNumber"),
                    "manufacturer": text(ds.get("Manufacturer")),
                    "rows": ds.Rows,
                    "columns": ds.Columns,
                },
                "frames": frames,
            }
        )
    )
