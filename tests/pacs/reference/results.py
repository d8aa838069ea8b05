"""Prints what pydicom reads in results that were written back: a line of JSON for each path of argv."""
import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import pydicom

CODE = ("CodeValue", "LongCodeValue", "URNCodeValue")


def code(item: pydicom.dataset.Dataset) -> str:
    """A code item as "value scheme"."""
    value = next(getattr(item, keyword) for keyword in CODE if keyword in item)
    return f"{value} {item.CodingSchemeDesignator}"


def value(item: pydicom.dataset.Dataset) -> str | None:
    """The value of a content item as text; None where its type has no value."""
    match item.ValueType:
        case "CODE":
            return code(item.ConceptCodeSequence[0])
        case "TEXT":
            return item.TextValue
        case "UIDREF":
            return item.UID
        case "NUM":
            measured = item.MeasuredValueSequence[0]
            return f"{measured.NumericValue} {measured.MeasurementUnitsCodeSequence[0].CodeValue}"
        case "IMAGE":
            reference = item.ReferencedSOPSequence[0]
            frames = reference.get("ReferencedFrameNumber", [])
            frames = [frames] if isinstance(frames, int) else list(frames)
            return " ".join([reference.ReferencedSOPInstanceUID, *map(str, frames)])
        case _:
            return None


def content(item: pydicom.dataset.Dataset, depth: int = 0) -> Iterator[list[Any]]:
    """[depth, relationship, value type, concept, value] of the content item and of all below it."""
    name = code(item.ConceptNameCodeSequence[0]) if "ConceptNameCodeSequence" in item else None
    yield [depth, item.get("RelationshipType"), item.ValueType, name, value(item)]
    for child in item.get("ContentSequence", []):
        yield from content(child, depth + 1)


def references(sequence: pydicom.sequence.Sequence) -> list[list[str]]:
    """[study, series, instance] UIDs of every instance that the sequence refers to."""
    return [
        [study.StudyInstanceUID, series.SeriesInstanceUID, reference.ReferencedSOPInstanceUID]
        for study in sequence
        for series in study.ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    ]


for path in sys.argv[1:]:
    dataset = pydicom.dcmread(path)
    attributes = {
        element.keyword: [str(part) for part in element.value] if element.VM > 1 else str(element.value or "")
        for element in dataset
        if element.VR not in ("SQ", "OB")
    }
    report = {"attributes": attributes}
    if "ValueType" in dataset:
        report["content"] = list(content(dataset))
        report["procedures"] = [code(item) for item in dataset.PerformedProcedureCodeSequence]
        report["evidence"] = references(dataset.get("CurrentRequestedProcedureEvidenceSequence", []))
        report["predecessors"] = references(dataset.get("PredecessorDocumentsSequence", []))
    else:
        source = dataset.SourceImageSequence[0]
        report["source"] = [source.ReferencedSOPInstanceUID, source.get("ReferencedFrameNumber")]
        pixels = dataset.pixel_array
        report["shape"] = list(pixels.shape)
        report["sha256"] = hashlib.sha256(pixels.tobytes()).hexdigest()
    print(json.dumps(report, default=str))
