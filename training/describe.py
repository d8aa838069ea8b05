"""Entries of the model card: splits, series, limits and the pool, as plain values for JSON."""

from typing import Any

import numpy as np

from pool import NORMAL
from slices import LABELS
from studies import HEALTHY, MODERATE_MM2, OUTSIDE

LIMITS = [
    "All expert-labelled tumours it learned from are T1-weighted after contrast agent, from two hospitals; most "
    "tumour-free slices are other sequences from the web. Tumour-free slices after contrast agent are almost all "
    "counterfactuals.",
    "No volume with a meningioma or a pituitary tumour and no healthy volume after contrast agent was available: for "
    "whole series of these nothing was measured.",
    "In series, a tumour in the middle of the head must be clearer than one on a side, for what the other side shows "
    "as well counts less; most pituitary tumours lie there, and there was no such series to measure it on.",
    "T2, FLAIR, diffusion and perfusion are not what it is made for; the server passes such series over where their "
    "headers tell.",
    "Metastases, abscesses, bleedings, cysts and every other lesion do not exist for it: it answers with one of its "
    "labels.",
    "Sellar meningiomas resemble pituitary adenomas: read the confusion of the two before believing a high confidence.",
    "Its map says where the answer comes from, in cells of 8 px of its input. It is no outline and no size.",
]


def as_split(name: str, part: dict[str, Any], scored: dict[str, Any]) -> dict[str, Any]:
    """The card's entry of one split. `scored`: its "figures", "intervals" and "pointing"."""
    found, ranges = scored["figures"], scored["intervals"]

    def ranged(value: float, key: str) -> dict[str, float]:
        """The figure with its 95 % interval."""
        return {"value": value, "low": ranges[key][0], "high": ranges[key][1]}

    return {
        "name": name,
        "slices": found["slices"],
        "accuracy": ranged(found["accuracy"], "accuracy"),
        "macroF1": ranged(found["macroF1"], "macroF1"),
        **{key: found[key] for key in ("ece", "negativeLogLikelihood", "wrongAbove95", "accuracyAt90Coverage")},
        **{key: found[key] for key in ("answered", "accuracyOfAnswered", "outOfDistribution")},
        "peakInTumour": scored["pointing"]["peakInTumour"],
        "peakInTumourOf": scored["pointing"]["slices"],
        "peakInTumourByLabel": scored["pointing"]["byLabel"],
        "perLabel": [
            {"label": label, "slices": entry["slices"],
             **{key: ranged(entry[key], f"{label}/{key}") for key in ("precision", "recall", "f1")}}
            for label, entry in found["perClass"].items()
        ],
    }  # fmt: skip


def as_series(one_series: dict[str, Any]) -> dict[str, Any]:
    """The card's entry of one series. `one_series`: a series that `release.read_series` returned."""
    called = one_series["answered"] & (one_series["probabilities"].argmax(1) != NORMAL)
    known = ~np.isnan(one_series["areas"])
    with_tumour, without = one_series["areas"] >= MODERATE_MM2, known & (one_series["areas"] == 0)
    measured, proven = bool(with_tumour.any()), bool(one_series["proven"])
    finding = one_series["finding"]
    key = finding and finding["keySlice"]
    return {
        "name": f"{one_series['case']}/{one_series['series']}",
        "truth": "healthy"
        if one_series["stratum"] in HEALTHY
        else "no brain MR"
        if one_series["stratum"] in OUTSIDE
        else one_series["sequence"],
        "slices": len(called),
        "answered": int(one_series["answered"].sum()),
        "outOfDistribution": int((one_series["novelties"] > 1).sum()),
        "tumourSlices": int(with_tumour.sum()) if measured else None,
        "tumourSlicesFound": int((called & with_tumour).sum()) if measured else None,
        "tumourFreeSlices": int(without.sum()) if proven else None,
        "tumourFreeSlicesCalledTumour": int((called & without).sum()) if proven else None,
        "slicesCalledTumour": int(called.sum()),
        "finding": None if finding is None or finding["abstained"] else finding["label"],
        "keySliceArea": None if key is None or not known[key] else float(one_series["areas"][key]),
    }


def limits(series: list[dict[str, Any]], alone: dict[str, Any]) -> list[str]:
    """Sentences about where the model fails: measured ones, then LIMITS.

    `series`: what `release.read_series` returned. `alone`: figures of slices judged one by one, from
    `compare.compared`.
    """
    missed = [
        entry
        for entry in map(as_series, series)
        if entry["tumourSlices"] and entry["tumourSlicesFound"] < 0.9 * entry["tumourSlices"]
    ]
    alarmed = [
        entry
        for entry in map(as_series, series)
        if (entry["tumourFreeSlicesCalledTumour"] or 0) > 0.03 * (entry["tumourFreeSlices"] or 1)
    ]
    measured = [
        f"In {entry['name']}, its case kept out of training, it found {entry['tumourSlicesFound']} of "
        f"{entry['tumourSlices']} slices with "
        f"{MODERATE_MM2} mm² of tumour or more." for entry in missed
    ] + [
        f"In {entry['name']} it called {entry['tumourFreeSlicesCalledTumour']} of {entry['tumourFreeSlices']} "
        "tumour-free slices a tumour."
        for entry in alarmed
    ]  # fmt: skip
    return [*measured, by_itself(alone), *LIMITS]


def by_itself(alone: dict[str, Any]) -> str:
    """Sentence about healthy slices that are called a tumour when each is judged by itself."""
    return (
        "Judged by itself, as a picture or a file given alone is, a tumour is its likeliest answer for "
        f"{alone['healthyAloneTumour']} of {alone['healthyAlone']} slices of healthy series whose cases were kept out, "
        "however unsure: give it series."
    )


def count_pool(pool: dict[str, np.ndarray]) -> dict[str, dict[str, int]]:
    """Number of slices of the pool, by origin and label."""
    origins = sorted(set(pool["origins"]))
    return {
        origin: {
            label: int(((pool["origins"] == origin) & (pool["labels"] == index)).sum())
            for index, label in enumerate(LABELS)
        }
        for origin in origins
    }
