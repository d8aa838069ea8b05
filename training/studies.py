"""Real DICOM series as slices on the model's grid, with what is known of each slice: its area of tumour, if any."""

import csv
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom

from slices import HERE, INPUT, prepare

MODERATE_MM2 = 100  # area from which on a tumour must be found; slices with a smaller one are not judged
HEALTHY = ("healthy_full_head", "healthy_other")
TUMOUR = ("tumour_full_head", "tumour_skullstripped")
OUTSIDE = ("ood",)


def load_series(data: Path) -> list[dict[str, Any]]:
    """The series that cases.csv lists, in its order.

    Each is {"case", "series", "stratum", "sequence", "vendor", "plane", "images": float32 [n, rows, columns], 0-1,
    "areas": [n] mm² of tumour, NaN where nobody measured, "proven": whether an area of 0 means that there is no
    tumour}.
    """
    folder = Path(data) / "studies"
    with open(folder / "cases.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["stratum"] in (*HEALTHY, *TUMOUR, *OUTSIDE)]
    made_from = [(HERE / name).read_bytes() for name in ("preprocess.py", "studies.py")]
    key = hashlib.sha256(b"".join([*made_from, (folder / "cases.csv").read_bytes(), repr(INPUT).encode()]))
    cache = HERE / "cache" / f"studies-{key.hexdigest()[:12]}.npz"
    if not cache.exists():
        arrays = {f"{row['case']}/{row['series']}": read_series(folder, row) for row in rows}
        cache.parent.mkdir(exist_ok=True)
        np.savez(cache, **arrays)
    arrays = np.load(cache)
    return [describe(folder, row, arrays[f"{row['case']}/{row['series']}"]) for row in rows]


def read_series(folder: Path, row: dict[str, str]) -> np.ndarray:
    """The slices of a series on the model's grid: float32 [n, rows, columns], 0-1. `row`: of cases.csv."""
    images = []
    for path in files(folder, row):
        dataset = pydicom.dcmread(path)
        spacing = dataset.get("PixelSpacing")
        frames = np.asarray(dataset.pixel_array, np.float32)
        for frame in frames if frames.ndim == 3 else frames[None]:
            values = frame * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0))
            images.append(prepare(values, spacing=None if spacing is None else [float(mm) for mm in spacing])[0])
    return np.stack(images).astype(np.float32)


def files(folder: Path, row: dict[str, str]) -> list[Path]:
    """The DICOM files of a series, by name. `row`: of cases.csv."""
    return sorted((folder / row["case"] / row["series"]).glob("*.dcm"))


def describe(folder: Path, row: dict[str, str], images: np.ndarray) -> dict[str, Any]:
    """An entry of `load_series`. `row`: of cases.csv. `images`: [n, rows, columns], 0-1."""
    healthy, proven = row["stratum"] in HEALTHY, row["stratum"] in HEALTHY
    areas = np.full(len(images), 0.0 if healthy else np.nan)
    measured = folder / "masks" / f"{row['case']}__{row['series']}.csv"
    if measured.exists():
        with open(measured, newline="") as file:
            of_file = {Path(entry["file"]).name: entry for entry in csv.DictReader(file)}
        areas = np.array([float(of_file[path.name]["mask_area_mm2"]) for path in files(folder, row)])
        proven = not any("PARTIAL" in entry["mask_kind"] for entry in of_file.values())
    plane = "sag" if row["sequence"].startswith("SAG") else "ax"
    known = ("case", "series", "stratum", "sequence", "vendor")
    return {**{key: row[key] for key in known}, "plane": plane, "images": images, "areas": areas, "proven": proven}


def labelled(series: list[dict[str, Any]], labels: list[str]) -> dict[str, np.ndarray]:
    """The slices whose truth is known well enough to learn from.

    Returns {"images": [n, rows, columns], 0-1, "labels": [n] indices, "planes": [n], "cases": [n]}.
    """
    images, truth, planes, cases = [], [], [], []
    for one_series in series:
        if one_series["stratum"] in OUTSIDE or np.isnan(one_series["areas"]).all():
            continue
        for image, area in zip(one_series["images"], one_series["areas"]):
            found = area >= MODERATE_MM2
            if not found and not (one_series["proven"] and area == 0):
                continue
            images.append(image)
            truth.append(labels.index("glioma" if found else "no_tumor"))
            planes.append(one_series["plane"])
            cases.append(one_series["case"])
    return {
        "images": np.stack(images), "labels": np.array(truth), "planes": np.array(planes), "cases": np.array(cases),
    }  # fmt: skip
