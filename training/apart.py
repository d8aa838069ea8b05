"""Labelled slices as networks see them that have learned from none of their patients: where it is chosen how sure to be."""
import numpy as np

import figures as measure
from compare import calibrated
from describe import as_split
from fit import look
from pictures import as_served
from pool import NORMAL, select, split
from slices import LABELS
from thirds import THIRDS, near_cut, third_of

NAME = "train, thirds kept out"
RISK = 0.02  # share of wrong answers that abstention allows, among those that say tumour and among those that say none


def look_apart(thirds, data):
    """{name: {"rows", "labels", "logits"}} of the slices of train, but those near a cut. `thirds`: {name: of each third, the network
    that was trained without any of it}."""
    train = as_served(split(data, "train"), data)
    third, near = third_of(train["rows"]), near_cut(train["rows"])
    parts = [select(train, (third == number) & ~near) for number in range(THIRDS)]
    slices = {"rows": [row for part in parts for row in part["rows"]], "labels": np.concatenate([part["labels"] for part in parts])}
    return {
        name: {**slices, "logits": np.concatenate([look(network, part["images"])["logits"] for network, part in zip(without, parts)])}
        for name, without in thirds.items()
    }


def choose_confidence(apart, alike):
    """Temperature, offset and abstention thresholds of slices by themselves. `alike`: what looks alike."""
    temperature, offset, loss = measure.choose_calibration(apart["logits"], apart["labels"], NORMAL)
    chosen = {"temperature": temperature, "offset": offset, "negativeLogLikelihood": round(loss, 3), "lookalikes": alike}
    probabilities, labels = calibrated(apart["logits"], chosen), apart["labels"]
    says_none = probabilities.argmax(1) == NORMAL
    abstention = {
        name: measure.choose_threshold(probabilities[said], labels[said], RISK) for name, said in (("confidence", ~says_none), ("normal", says_none))
    }
    return {**chosen, "abstention": abstention}


def least(probabilities, known):
    """The confidence from which on each slice gets its answer."""
    return np.where(probabilities.argmax(1) == NORMAL, known["abstention"]["normal"], known["abstention"]["confidence"])


def compare_temperatures(apart, known):
    """What is likeliest with any temperature, beside what was chosen: {"chosen", "likeliest": {"temperature", "ece", "wrongAbove95"}}."""
    temperature, offset, _ = measure.choose_calibration(apart["logits"], apart["labels"], NORMAL, lowest=0.5)
    result = {}
    for name, how in (("chosen", known), ("likeliest", {**known, "temperature": temperature, "offset": offset})):
        found = measure.figures(calibrated(apart["logits"], how), apart["labels"], LABELS, 0)
        result[name] = {"temperature": how["temperature"], "ece": found["ece"], "wrongAbove95": found["wrongAbove95"]}
    return result


def describe_apart(apart, known, blocks):
    """The card's entry of these slices. Whether they are unlike training was not asked, nor where their maps point."""
    probabilities = calibrated(apart["logits"], known)
    scored = {
        "figures": {**measure.figures(probabilities, apart["labels"], LABELS, least(probabilities, known)), "outOfDistribution": None},
        "intervals": measure.intervals(probabilities, apart["labels"], blocks, LABELS),
        "pointing": {"peakInTumour": None, "slices": 0, "byLabel": {}},
    }
    return as_split(NAME, apart, scored)
