"""What a choice brings, on val and on whole series whose cases were kept out: one look or two, how much of the base, the labelled
slices again."""
import numpy as np

import figures as measure
import inSeries
from fit import look, look_along
from lookalikes import share_out
from pool import NORMAL
from slices import LABELS
from studies import HEALTHY


def compare_looks(of_val, val, held_out, data, known):
    """What the second look, left for right, brings. `of_val`, `held_out`: as `fit.look` gives them, of val and of the series;
    `known`: what was chosen with both looks."""
    once = [{**one, **one["once"]} for one in held_out]
    return {
        "once": compared(of_val["once"]["logits"], val, once, data, known["lookalikes"]),
        "twice": compared(of_val["logits"], val, held_out, data, known["lookalikes"], known["inSeries"]),
    }


def compare_shares(others, val, every, data, known):
    """What other mixtures of weights bring. `others`: {name: (network, {fold: (network, cases)})}."""
    result = {}
    for name, (network, folds) in others.items():
        held_out = [one for fold, cases in folds.values() for one in look_along(fold, [one for one in every if one["case"] in cases])]
        result[name] = compared(look(network, val["images"])["logits"], val, held_out, data, known["lookalikes"])
    return result


def compare_again(before, after, alike):
    """What it brings to learn the labelled slices again, on those of thirds of train kept out, each calibrated for itself. `before`,
    `after`: {"labels", "logits"}."""
    keys = ("accuracy", "macroF1", "ece", "wrongAbove95", "accuracyAt90Coverage")
    result = {}
    for name, apart in (("before", before), ("after", after)):
        found = calibrated_for_itself(apart["logits"], apart["labels"], alike)
        result[name] = {key: found[key] for key in keys}
    return result


def calibrated(logits, known):
    """Probabilities as the server gives them of slices by themselves. `known`: {"temperature", "offset", "lookalikes"}."""
    told_apart = measure.softmax(measure.lowered(logits, NORMAL, known["offset"]), known["temperature"])
    return share_out(told_apart, known["lookalikes"])


def compared(logits, val, held_out, data, alike, in_series=None):
    """Figures of val; of the series the area under the ROC curve, and of how many of their healthy slices a tumour is the likeliest
    label when each is judged by itself. `in_series`: how series are read, if it was chosen already."""
    chosen = in_series or inSeries.choose_in_series(held_out, data, NORMAL)
    found = calibrated_for_itself(logits, val["labels"], alike)
    healthy = [one["logits"] for one in held_out if one["stratum"] in HEALTHY and "T2" not in one["series"]]
    alone = measure.lowered(np.concatenate(healthy), NORMAL, found["offset"]).argmax(1) != NORMAL
    return {
        **{key: found[key] for key in ("macroF1", "negativeLogLikelihood", "accuracyAt90Coverage")},
        "meanArea": chosen["meanArea"], "seriesLogLikelihood": chosen["calibration"]["negativeLogLikelihood"],
        "healthyAlone": len(alone), "healthyAloneTumour": int(alone.sum()),
    }  # fmt: skip


def calibrated_for_itself(logits, labels, alike):
    """Figures of these slices, and the offset that is likeliest for them."""
    temperature, offset, _ = measure.choose_calibration(logits, labels, NORMAL)
    probabilities = calibrated(logits, {"temperature": temperature, "offset": offset, "lookalikes": alike})
    return {**measure.figures(probabilities, labels, LABELS, 0), "offset": offset}
