"""How the slices of a series are read together: settings and thresholds from series, by the server's own code."""
import base64
import itertools
import json

import numpy as np

from askServer import ask_server
from places import places
from slices import LABELS
from studies import HEALTHY, MODERATE_MM2

# src/inference/readSeries.ts says what they mean. `reach` in mm; the others are log odds.
CANDIDATES = [
    {"reach": reach, "otherSide": {"above": above, "atMost": at_most}}
    for reach, above, at_most in itertools.product((6, 9, 12, 15), (-7, -6, -5, -4), (4, 5, 6))
]
# For comparison, nothing taken away: each slice by itself, and with its neighbours.
BARE = [{"reach": reach, "otherSide": {"above": 0, "atMost": 0}} for reach in (0.001, *sorted({one["reach"] for one in CANDIDATES}))]
# Not chosen for each fold: beside a very clear tumour the area under the curve hardly changes, only how far beyond it is called.
NEIGHBOUR_AT_MOST = 4
TEMPERATURES = np.round(np.geomspace(0.5, 4, 40), 2)  # not below: of so few patients nobody can be surer
ALARMS = 0.03  # share of the slices of healthy heads that may be called a tumour
MISSES = 0.05  # share of the slices with a tumour that abstention allows to be called tumour-free
ABSENT = 0.55  # of a tumour, over 10 mm; from there on nobody says "nothing found" (`npm run bench -- answers` says what that passes over)
CLEAR = 0.6  # of none, the mean over a study; below it nobody says so either
MARGIN = 0.01  # of confidence, by which a study's surest slice must exceed those of all healthy series
SETTINGS = {"output": "evidence", "calibration": {"offset": 0, "temperature": 1}, "abstention": {"finding": 0, "normal": 0, "study": 0}}


def choose_in_series(series, data, normal):
    """The manifest's "inSeries", from `series` as seen by networks that have not learned from their cases.

    The settings are those with the largest area under the ROC curve, the mean over the series with a tumour, each against
    all slices that are free of one. Even odds are where ALARMS of the healthy slices are beyond: how weak the next tumour
    is, nobody knows. The temperature is the likeliest, both kinds weighing the same.
    """
    judged = [one for one in series if known(one).any() and "T2" not in one["series"]]
    found = ask({"settings": [{**SETTINGS, **one} for one in CANDIDATES + BARE]}, judged, data, normal)
    areas = [mean_area(scores, judged) for scores in found]
    best, bare = int(np.argmax(areas[: len(CANDIDATES)])), areas[len(CANDIDATES) :]
    settings = {**CANDIDATES[best], "neighbourAtMost": NEIGHBOUR_AT_MOST}
    limited = ask({"settings": [{**SETTINGS, **settings}]}, judged, data, normal)[0]
    scores = [np.array(of_series, float) for of_series in limited]
    truth = np.concatenate([(one["areas"] >= MODERATE_MM2)[known(one)] for one in judged])
    values = np.concatenate([of_series[known(one)] for of_series, one in zip(scores, judged)])
    healthy = [of_series for of_series, one in zip(scores, judged) if one["stratum"] in HEALTHY]
    offset = float(np.quantile(np.concatenate(healthy), 1 - ALARMS))
    temperature, loss = likeliest(values - offset, truth)

    def presence(score):
        return 1 / (1 + np.exp((offset - score) / temperature))

    surest = max(presence(of_series.max()) for of_series in healthy)
    return {
        "output": "evidence", **settings,
        "calibration": {"offset": round(offset, 3), "temperature": temperature, "negativeLogLikelihood": round(loss, 3)},
        "abstention": {
            "finding": 0.5, "normal": least(1 - presence(values[truth]), MISSES), "study": round(surest + MARGIN, 3),
            "absent": ABSENT, "clear": CLEAR, "alarms": ALARMS, "misses": MISSES,
        },
        "meanArea": {"alone": round(bare[0], 3), "withNeighbours": round(max(bare[1:]), 3), "withOtherSide": round(mean_area(limited, judged), 3)},
        "chosenOn": "T1 series of cases kept out of training",
    }  # fmt: skip


def known(one):
    """Which slices have 100 mm² of tumour or more, or surely none."""
    return (one["areas"] >= MODERATE_MM2) | ((one["areas"] == 0) & bool(one["proven"]))


def mean_area(scores, series):
    """Area under the ROC curve of each series with a tumour against all slices free of one; their mean."""
    arrays = [np.array(of_series, float) for of_series in scores]
    free = np.concatenate([of[(one["areas"] == 0) & bool(one["proven"])] for of, one in zip(arrays, series)])
    tumours = [of[one["areas"] >= MODERATE_MM2] for of, one in zip(arrays, series)]
    return float(np.mean([(own[:, None] > free[None]).mean() for own in tumours if own.size]))


def likeliest(scores, truth):
    """(temperature, loss): minimising the mean negative log likelihood of both kinds, even odds at a score of 0."""
    losses = [np.mean([np.logaddexp(0, sign * scores[part] / t).mean() for sign, part in ((-1, truth), (1, ~truth))]) for t in TEMPERATURES]
    return float(TEMPERATURES[np.argmin(losses)]), float(np.min(losses))


def least(wrong, share):
    """The least confidence, at least even odds, from which on at most `share` of these wrong answers are given."""
    for threshold in np.round(np.arange(0.5, 1, 0.01), 2):
        if (wrong >= threshold).mean() <= share:
            return float(threshold)
    raise SystemExit(f"No confidence below 1 keeps wrong answers under {share}: train longer or accept more.")


def called_tumour(seen, settings, normal):
    """Which slices have a tumour when each is a series of its own, three times itself: what the other side takes away shows."""
    frame = {"top": 0, "left": 0, "height": 1, "width": 1}
    series = [
        {"leftRight": "COLUMNS", "slices": [slice_of(logits, 0, presence, 10.0 * at, frame) for at in range(3)]}
        for logits, presence in zip(seen["logits"], seen["presence"])
    ]
    scores = np.array(ask_of({"settings": [settings]}, series, normal)[0], float)[:, 1]
    return scores >= settings["calibration"]["offset"]


def ask(question, series, data, normal):
    """What the server's code says of `series`, each {"case", "series", "logits", "novelties", "presence"}."""
    return ask_of(question, [as_asked(one, data) for one in series], normal)


def ask_of(question, series, normal):
    asked = {"manifest": {"labels": LABELS, "normalLabel": LABELS[normal]}, **question, "series": series}
    return json.loads(ask_server("readSeries.mjs", json.dumps(asked).encode()))


def as_asked(one, data):
    where = places(data, one["case"], one["series"])
    novelties = one.get("novelties", np.zeros(len(one["logits"])))
    together = zip(one["logits"], novelties, one["presence"], where["locations"], where["frames"])
    return {"leftRight": where["leftRight"], "slices": [slice_of(*of_slice) for of_slice in together]}


def slice_of(logits, novelty, presence, location, frame):
    encoded = base64.b64encode(presence.astype("<f4").tobytes()).decode()
    rows, columns = presence.shape
    return {"logits": logits.tolist(), "novelty": float(novelty), "presence": encoded, "rows": rows, "columns": columns,
            "location": location, "frame": frame}  # fmt: skip
