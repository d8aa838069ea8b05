"""Counts slices of one split that are also in another: the same file, the same group, or alike, mirrored or not."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from slices import load_slices

SIDE = 40  # px, rows and columns at which slices are compared; preprocessing has cropped them to the head before
ALIKE = 0.97  # correlation above which two slices may be copies; neighbouring slices of a patient reach it, too


def leaks(data: Path) -> dict[str, Any]:
    """Counts the slices that two splits share, over the slices whose label is trusted.

    `data`: folder with `slices/manifest.csv`.
    Returns {"identicalFilesInTwoSplits": int, "groupsInTwoSplits": int, "alikeAbove": correlation,
    "alike": {"train and test": number of slices of test that are like a slice of train, ...}}.
    """
    with open(Path(data) / "slices" / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = np.array([row["label_trust"] != "low" for row in rows])
    images = load_slices(data)["images"][kept]
    rows = [row for row, keep in zip(rows, kept) if keep]
    splits = np.array([row["split"] for row in rows])
    straight = fingerprints(images)
    mirrored = fingerprints(images[..., ::-1])
    alike, strict = {}, np.array([row["near_boundary"] == "0" for row in rows])
    for learned in ("train", "val"):
        for name, judged in (("test", splits == "test"), ("test, strict part", (splits == "test") & strict)):
            best = np.maximum(
                straight[judged] @ straight[splits == learned].T, mirrored[judged] @ straight[splits == learned].T
            )
            alike[f"{learned} and {name}"] = int((best.max(1) > ALIKE).sum())
    return {
        "identicalFilesInTwoSplits": in_two(rows, "sha256"),
        "groupsInTwoSplits": in_two(rows, "group"),
        "alikeAbove": ALIKE,
        "alike": alike,
    }


def fingerprints(images: np.ndarray) -> np.ndarray:
    """[N, rows, columns] grey values → [N, SIDE²] unit vectors. The product of two vectors is their correlation."""
    size = images.shape[1] // SIDE * SIDE
    small = (
        images[:, :size, :size]
        .reshape(len(images), SIDE, size // SIDE, SIDE, size // SIDE)
        .mean((2, 4))
        .reshape(len(images), -1)
    )
    small = small - small.mean(1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def in_two(rows: list[dict[str, str]], key: str) -> int:
    """Number of values of the column `key` that occur in more than one split. `rows`: rows of manifest.csv."""
    splits = defaultdict(set)
    for row in rows:
        splits[row[key]].add(row["split"])
    return sum(len(found) > 1 for found in splits.values())
