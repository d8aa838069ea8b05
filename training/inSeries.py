"""Chooses how the slices of a series are read together: settings and thresholds, with the server's own code.

A series is a dict: "case", "series", "stratum", "areas" [N] (mm² of tumour), "proven", and its viewed slices: "logits"
[N, classes], "presence" [N, cells down, cells across] (log odds of a tumour).
"""

import base64
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

from askServer import ask_server
from places import places
from slices import LABELS
from studies import HEALTHY, MODERATE_MM2

# Settings of src/inference/readSeries.ts, which explains them. `reach` is in mm; the others are log odds.
CANDIDATES = [
    {"reach": reach, "otherSide": {"above": above, "atMost": at_most}}
    for reach, above, at_most in itertools.product((6, 9, 12, 15), (-7, -6, -5, -4), (4, 5, 6))
]
# For comparison, settings that take nothing away for the other side: each slice by itself, and with its neighbours.
BARE = [
    {"reach": reach, "otherSide": {"above": 0, "atMost": 0}}
    for reach in (0.001, *sorted({settings["reach"] for settings in CANDIDATES}))
]
# This one is not chosen for each fold. Beside a very clear tumour it hardly changes the area under the curve, only how
# far beyond the tumour slices are called one.
NEIGHBOUR_AT_MOST = 4
TEMPERATURES = np.round(np.geomspace(0.5, 4, 40), 2)  # so few patients justify no lower one
ALARMS = 0.03  # share of the slices of healthy heads that may be called a tumour
MISSES = 0.05  # share of the slices with a tumour that abstention allows to be called tumour-free
# Probability of a tumour, over 10 mm, from which on a study's answer is never "nothing found".
# `npm run bench -- answers` measures what that passes over.
ABSENT = 0.55
CLEAR = 0.6  # probability of no tumour, the mean over a study, below which its answer is never "nothing found" either
MARGIN = 0.01  # of confidence, by which a study's surest slice must exceed the surest slice of every healthy series
SETTINGS = {
    "output": "evidence",
    "calibration": {"offset": 0, "temperature": 1},
    "abstention": {"finding": 0, "normal": 0, "study": 0},
}


def choose_in_series(series: list[dict[str, Any]], data: Path, normal: int) -> dict[str, Any]:
    """The manifest's "inSeries", from `series` that were viewed by networks that have not learned from their cases.

    The settings are those with the largest area under the ROC curve: the mean over the series with a tumour, each
    against all slices that are free of one. Even odds are where the share ALARMS of the healthy slices lies beyond,
    because nobody knows how weak the next tumour is. The temperature is the likeliest; slices with a tumour and without
    have the same weight. `normal`: index of the normal label.
    """
    judged = [one_series for one_series in series if known(one_series).any() and "T2" not in one_series["series"]]
    found = ask({"settings": [{**SETTINGS, **candidate} for candidate in CANDIDATES + BARE]}, judged, data, normal)
    areas = [mean_area(scores, judged) for scores in found]
    best, bare = int(np.argmax(areas[: len(CANDIDATES)])), areas[len(CANDIDATES) :]
    settings = {**CANDIDATES[best], "neighbourAtMost": NEIGHBOUR_AT_MOST}
    limited = ask({"settings": [{**SETTINGS, **settings}]}, judged, data, normal)[0]
    scores = [np.array(of_series, float) for of_series in limited]
    truth = np.concatenate([(one_series["areas"] >= MODERATE_MM2)[known(one_series)] for one_series in judged])
    values = np.concatenate([of_series[known(one_series)] for of_series, one_series in zip(scores, judged)])
    healthy = [of_series for of_series, one_series in zip(scores, judged) if one_series["stratum"] in HEALTHY]
    offset = float(np.quantile(np.concatenate(healthy), 1 - ALARMS))
    temperature, loss = likeliest(values - offset, truth)

    def presence(score: float | np.ndarray) -> float | np.ndarray:
        """Score (log odds, a number or an array) → calibrated probability of a tumour, of the same shape."""
        return 1 / (1 + np.exp((offset - score) / temperature))

    surest = max(presence(of_series.max()) for of_series in healthy)
    return {
        "output": "evidence", **settings,
        "calibration": {
            "offset": round(offset, 3), "temperature": temperature, "negativeLogLikelihood": round(loss, 3),
        },
        "abstention": {
            "finding": 0.5, "normal": least(1 - presence(values[truth]), MISSES), "study": round(surest + MARGIN, 3),
            "absent": ABSENT, "clear": CLEAR, "alarms": ALARMS, "misses": MISSES,
        },
        "meanArea": {
            "alone": round(bare[0], 3), "withNeighbours": round(max(bare[1:]), 3),
            "withOtherSide": round(mean_area(limited, judged), 3),
        },
        "chosenOn": "T1 series of cases kept out of training",
    }  # fmt: skip


def known(one_series: dict[str, Any]) -> np.ndarray:
    """[N] bool: which slices have 100 mm² of tumour or more, or certainly none."""
    return (one_series["areas"] >= MODERATE_MM2) | ((one_series["areas"] == 0) & bool(one_series["proven"]))


def mean_area(scores: list[list[float]], series: list[dict[str, Any]]) -> float:
    """Area under the ROC curve of each series with a tumour against all slices free of one; the mean over the series.

    `scores`: [N] for each series, log odds.
    """
    arrays = [np.array(of_series, float) for of_series in scores]
    free = np.concatenate(
        [of[(one_series["areas"] == 0) & bool(one_series["proven"])] for of, one_series in zip(arrays, series)]
    )
    tumours = [of[one_series["areas"] >= MODERATE_MM2] for of, one_series in zip(arrays, series)]
    return float(np.mean([(own[:, None] > free[None]).mean() for own in tumours if own.size]))


def likeliest(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """(temperature, mean negative log likelihood) of scores [N] in log odds, whose even odds are at 0.

    `truth`: [N] bool. Slices with a tumour and without have the same weight.
    """
    losses = [
        np.mean([np.logaddexp(0, sign * scores[part] / t).mean() for sign, part in ((-1, truth), (1, ~truth))])
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[np.argmin(losses)]), float(np.min(losses))


def least(wrong: np.ndarray, share: float) -> float:
    """Lowest confidence, at least 0.5, from which on at most `share` of these wrong answers are still given.

    `wrong`: [N] confidences of wrong answers. Raises SystemExit where no confidence below 1 suffices.
    """
    for threshold in np.round(np.arange(0.5, 1, 0.01), 2):
        if (wrong >= threshold).mean() <= share:
            return float(threshold)
    raise SystemExit(f"No confidence below 1 keeps wrong answers under {share}: train longer or accept more.")


def called_tumour(viewed: dict[str, np.ndarray], settings: dict[str, Any], normal: int) -> np.ndarray:
    """[N] bool: which slices have a tumour when each is read as a series of its own, repeated three times.

    This shows what the other side takes away. `viewed`: "logits" and "presence". `settings`: the manifest's "inSeries".
    """
    frame = {"top": 0, "left": 0, "height": 1, "width": 1}
    series = [
        {"leftRight": "COLUMNS", "slices": [slice_of(logits, 0, presence, 10.0 * at, frame) for at in range(3)]}
        for logits, presence in zip(viewed["logits"], viewed["presence"])
    ]
    scores = np.array(ask_of({"settings": [settings]}, series, normal)[0], float)[:, 1]
    return scores >= settings["calibration"]["offset"]


def ask(question: dict[str, Any], series: list[dict[str, Any]], data: Path, normal: int) -> list[Any]:
    """What the server's code answers about series: {"case", "series", "logits", "presence"} and maybe "novelties"."""
    return ask_of(question, [as_asked(one_series, data) for one_series in series], normal)


def ask_of(question: dict[str, Any], series: list[dict[str, Any]], normal: int) -> list[Any]:
    """The answer of readSeries.mjs about series in its own form. `question`: "settings", or "manifest"."""
    asked = {"manifest": {"labels": LABELS, "normalLabel": LABELS[normal]}, **question, "series": series}
    return json.loads(ask_server("readSeries.mjs", json.dumps(asked).encode()))


def as_asked(one_series: dict[str, Any], data: Path) -> dict[str, Any]:
    """A series in the form that readSeries.mjs takes."""
    where = places(data, one_series["case"], one_series["series"])
    novelties = one_series.get("novelties", np.zeros(len(one_series["logits"])))
    together = zip(one_series["logits"], novelties, one_series["presence"], where["locations"], where["frames"])
    return {"leftRight": where["leftRight"], "slices": [slice_of(*of_slice) for of_slice in together]}


def slice_of(
    logits: np.ndarray, novelty: float, presence: np.ndarray, location: float | None, frame: dict[str, float]
) -> dict[str, Any]:
    """A viewed slice in the form that readSeries.mjs takes.

    `logits`: [classes]. `presence`: [cells down, cells across], log odds. `location`: mm along the normal. `frame`: the
    part of the slice that the model's input covers, as shares of its rows and columns.
    """
    encoded = base64.b64encode(presence.astype("<f4").tobytes()).decode()
    rows, columns = presence.shape
    return {"logits": logits.tolist(), "novelty": float(novelty), "presence": encoded, "rows": rows, "columns": columns,
            "location": location, "frame": frame}  # fmt: skip
