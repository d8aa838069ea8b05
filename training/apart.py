"""Chooses how sure to be of single slices, on slices of patients that the network has not learned from.

Each third of train is viewed by a network that was trained without that third.
"""

from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import figures as measure
from compare import calibrated
from describe import as_split
from fit import view_slices
from pictures import as_served
from pool import NORMAL, select, split
from slices import LABELS
from thirds import THIRDS, near_cut, third_of

NAME = "train, thirds kept out"
RISK = 0.02  # share of wrong answers that abstention allows, among "tumour" answers and among "no tumour" answers


def view_thirds(thirds: dict[str, list[nn.Module]], data: Path) -> dict[str, dict[str, Any]]:
    """Logits of the slices of train, each from a network that was trained without the slice's third.

    Slices near a cut between two thirds are left out, because their patient may lie on both sides.
    `thirds`: {name: networks, one for each third, trained without it}.
    Returns {name: {"rows": rows of manifest.csv, "labels": [N] indices, "logits": [N, classes]}}.
    """
    train = as_served(split(data, "train"), data)
    third, near = third_of(train["rows"]), near_cut(train["rows"])
    parts = [select(train, (third == number) & ~near) for number in range(THIRDS)]
    slices = {
        "rows": [row for part in parts for row in part["rows"]],
        "labels": np.concatenate([part["labels"] for part in parts]),
    }
    return {
        name: {
            **slices,
            "logits": np.concatenate(
                [view_slices(network, part["images"])["logits"] for network, part in zip(without, parts)]
            ),
        }
        for name, without in thirds.items()
    }


def choose_confidence(apart: dict[str, Any], alike: list[dict[str, Any]]) -> dict[str, Any]:
    """Chooses temperature, offset and abstention thresholds for slices that are classified one by one.

    `apart`: {"labels": [N], "logits": [N, classes]}. `alike`: pairs from `lookalikes.lookalikes`.
    Returns {"temperature", "offset" (log odds), "negativeLogLikelihood", "lookalikes", "abstention": {"confidence",
    "normal"}}; both thresholds are probabilities.
    """
    temperature, offset, loss = measure.choose_calibration(apart["logits"], apart["labels"], NORMAL)
    chosen = {
        "temperature": temperature,
        "offset": offset,
        "negativeLogLikelihood": round(loss, 3),
        "lookalikes": alike,
    }
    probabilities, labels = calibrated(apart["logits"], chosen), apart["labels"]
    says_none = probabilities.argmax(1) == NORMAL
    abstention = {
        name: measure.choose_threshold(probabilities[answers], labels[answers], RISK)
        for name, answers in (("confidence", ~says_none), ("normal", says_none))
    }
    return {**chosen, "abstention": abstention}


def least(probabilities: np.ndarray, known: dict[str, Any]) -> np.ndarray:
    """[N, classes] probabilities → [N], the confidence that each slice needs for an answer.

    `known`: what `choose_confidence` returned.
    """
    return np.where(probabilities.argmax(1) == NORMAL, known["abstention"]["normal"], known["abstention"]["confidence"])


def compare_temperatures(apart: dict[str, Any], known: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Compares the chosen temperature with the likeliest one, which may be below 1.

    Returns {"chosen" and "likeliest": {"temperature", "ece", "wrongAbove95" (slices)}}.
    """
    temperature, offset, _ = measure.choose_calibration(apart["logits"], apart["labels"], NORMAL, lowest=0.5)
    result = {}
    for name, how in (("chosen", known), ("likeliest", {**known, "temperature": temperature, "offset": offset})):
        found = measure.figures(calibrated(apart["logits"], how), apart["labels"], LABELS, 0)
        result[name] = {"temperature": how["temperature"], "ece": found["ece"], "wrongAbove95": found["wrongAbove95"]}
    return result


def describe_apart(apart: dict[str, Any], known: dict[str, Any], blocks: np.ndarray) -> dict[str, Any]:
    """The card's entry for the thirds of train. Their novelty and where their maps point were not measured.

    `blocks`: [N], the run of neighbouring slices that each slice belongs to.
    """
    probabilities = calibrated(apart["logits"], known)
    scored = {
        "figures": {
            **measure.figures(probabilities, apart["labels"], LABELS, least(probabilities, known)),
            "outOfDistribution": None,
        },
        "intervals": measure.intervals(probabilities, apart["labels"], blocks, LABELS),
        "pointing": {"peakInTumour": None, "slices": 0, "byLabel": {}},
    }
    return as_split(NAME, apart, scored)
