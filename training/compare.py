"""Compares choices on val and on whole series whose cases were kept out.

The choices are one view or two, the base's share of the weights, and learning the labelled slices again.
"""

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import figures as measure
import inSeries
from fit import view_series, view_slices
from lookalikes import share_out
from pool import NORMAL
from slices import LABELS
from studies import HEALTHY


def compare_views(
    of_val: dict[str, Any],
    val: dict[str, Any],
    held_out: list[dict[str, Any]],
    data: Path,
    known: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """Compares the slice as it is with the mean of its two views, as it is and mirrored.

    `of_val`, `held_out`: viewed slices, as `fit.view_slices` and `fit.view_series` return them, of val and of the
    series. `known`: what was chosen with both views.
    Returns {"once": figures of one view, "twice": figures of both views}, as `compared` returns them.
    """
    once = [{**one_series, **one_series["once"]} for one_series in held_out]
    return {
        "once": compared(of_val["once"]["logits"], val, once, data, known["lookalikes"]),
        "twice": compared(of_val["logits"], val, held_out, data, known["lookalikes"], known["inSeries"]),
    }


def compare_shares(
    others: dict[str, tuple[nn.Module, dict[str, tuple[nn.Module, list[str]]]]],
    val: dict[str, Any],
    every: list[dict[str, Any]],
    data: Path,
    known: dict[str, Any],
) -> dict[str, dict[str, Any]]:
    """Figures of other mixtures of weights, as `compared` returns them.

    `others`: {name: (network, {fold: (network, cases that it has not learned from)})}.
    `every`: the series, as `studies.load_series` returns them.
    """
    result = {}
    for name, (network, folds) in others.items():
        held_out = [
            one_series
            for fold, cases in folds.values()
            for one_series in view_series(fold, [one_series for one_series in every if one_series["case"] in cases])
        ]
        result[name] = compared(view_slices(network, val["images"])["logits"], val, held_out, data, known["lookalikes"])
    return result


def compare_again(
    before: dict[str, Any], after: dict[str, Any], alike: list[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Compares the networks before and after they learned the labelled slices again, on thirds of train kept out.

    Each is calibrated for itself. `before`, `after`: {"labels": [N], "logits": [N, classes]}.
    Returns {"before" and "after": figures}.
    """
    keys = ("accuracy", "macroF1", "ece", "wrongAbove95", "accuracyAt90Coverage")
    result = {}
    for name, apart in (("before", before), ("after", after)):
        found = calibrated_for_itself(apart["logits"], apart["labels"], alike)
        result[name] = {key: found[key] for key in keys}
    return result


def calibrated(logits: np.ndarray, known: dict[str, Any]) -> np.ndarray:
    """[N, classes] logits → [N, classes] probabilities, as the server gives them for single slices.

    `known`: {"temperature", "offset", "lookalikes"}.
    """
    told_apart = measure.softmax(measure.lowered(logits, NORMAL, known["offset"]), known["temperature"])
    return share_out(told_apart, known["lookalikes"])


def compared(
    logits: np.ndarray,
    val: dict[str, Any],
    held_out: list[dict[str, Any]],
    data: Path,
    alike: list[dict[str, Any]],
    in_series: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Figures of val and of series, for one choice.

    `logits`: [N, classes] of val. `held_out`: viewed series. `in_series`: how series are read; chosen here if None.
    Returns figures of val, the area under the ROC curve of the series, and how many slices of healthy T1 series have a
    tumour as their likeliest label when each is judged by itself.
    """
    chosen = in_series or inSeries.choose_in_series(held_out, data, NORMAL)
    found = calibrated_for_itself(logits, val["labels"], alike)
    healthy = [
        one_series["logits"]
        for one_series in held_out
        if one_series["stratum"] in HEALTHY and "T2" not in one_series["series"]
    ]
    alone = measure.lowered(np.concatenate(healthy), NORMAL, found["offset"]).argmax(1) != NORMAL
    return {
        **{key: found[key] for key in ("macroF1", "negativeLogLikelihood", "accuracyAt90Coverage")},
        "meanArea": chosen["meanArea"], "seriesLogLikelihood": chosen["calibration"]["negativeLogLikelihood"],
        "healthyAlone": len(alone), "healthyAloneTumour": int(alone.sum()),
    }  # fmt: skip


def calibrated_for_itself(logits: np.ndarray, labels: np.ndarray, alike: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of these slices with the calibration that is likeliest for them, and its "offset" (log odds).

    `logits`: [N, classes]. `labels`: [N] indices.
    """
    temperature, offset, _ = measure.choose_calibration(logits, labels, NORMAL)
    probabilities = calibrated(logits, {"temperature": temperature, "offset": offset, "lookalikes": alike})
    return {**measure.figures(probabilities, labels, LABELS, 0), "offset": offset}
