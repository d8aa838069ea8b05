"""Figures of a classifier from its probabilities, and the choice of temperature, offset and abstention threshold.

`truth` is always [N]: the index of each slice's true label.
"""

from typing import Any

import numpy as np

CONFIDENT = 0.95
BINS = 15


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """[N, classes] logits → [N, classes] probabilities."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def negative_log_likelihood(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the slices, in nats. `probabilities`: [N, classes]."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())


def expected_calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error of [N, classes] probabilities, 0-1.

    Guo et al. 2017 (arXiv:1706.04599), with 15 bins of equal width over the highest probability.
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return float(sum(gaps))


def figures(
    probabilities: np.ndarray, truth: np.ndarray, labels: list[str], threshold: float | np.ndarray
) -> dict[str, Any]:
    """The model card's figures of [N, classes] probabilities.

    `threshold`: confidence from which on there is an answer, one number for all slices or [N].
    """
    predicted, confidence = probabilities.argmax(1), probabilities.max(1)
    right = predicted == truth
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (truth, predicted), 1)
    per_class = {}
    for index, label in enumerate(labels):
        hit, called, present = confusion[index, index], confusion[:, index].sum(), confusion[index].sum()
        per_class[label] = {
            "slices": int(present),
            "precision": share(hit, called),
            "recall": share(hit, present),
            "f1": share(2 * hit, called + present),
        }
    answered = confidence >= threshold
    return {
        "slices": len(truth),
        "accuracy": share(right.sum(), len(truth)),
        "macroF1": round(float(np.mean([entry["f1"] for entry in per_class.values()])), 4),
        "ece": round(expected_calibration_error(probabilities, truth), 4),
        "negativeLogLikelihood": round(negative_log_likelihood(probabilities, truth), 4),
        "wrongAbove95": int((~right & (confidence > CONFIDENT)).sum()),
        "accuracyAt90Coverage": accuracy_at_coverage(probabilities, truth),
        "answered": share(answered.sum(), len(truth)),
        "accuracyOfAnswered": share((right & answered).sum(), answered.sum()),
        "perClass": per_class,
        "confusion": confusion.tolist(),
    }


def intervals(
    probabilities: np.ndarray,
    truth: np.ndarray,
    blocks: np.ndarray,
    labels: list[str],
    resamples: int = 1000,
    seed: int = 1,
) -> dict[str, list[float]]:
    """95 % intervals {figure: [low, high]} by bootstrap over blocks.

    `blocks`: [N], the block of each slice; the slices of a block are drawn together or not at all.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(blocks == block) for block in sorted(set(blocks))]
    drawn = []
    for _ in range(resamples):
        chosen = np.concatenate([members[at] for at in random.integers(len(members), size=len(members))])
        of_sample = figures(probabilities[chosen], truth[chosen], labels, 0)
        flat = {"accuracy": of_sample["accuracy"], "macroF1": of_sample["macroF1"]}
        for label, entry in of_sample["perClass"].items():
            flat.update({f"{label}/{key}": entry[key] for key in ("precision", "recall", "f1")})
        drawn.append(flat)
    return {
        key: [round(float(value), 4) for value in np.percentile([sample[key] for sample in drawn], [2.5, 97.5])]
        for key in drawn[0]
    }


def accuracy_at_coverage(probabilities: np.ndarray, truth: np.ndarray, coverage: float = 0.9) -> float:
    """Accuracy among the share `coverage` of slices that has the highest confidence."""
    order = np.argsort(-probabilities.max(1), kind="stable")[: int(np.ceil(coverage * len(truth)))]
    return share((probabilities.argmax(1) == truth)[order].sum(), len(order))


def by_group(probabilities: np.ndarray, truth: np.ndarray, groups: np.ndarray) -> list[tuple[str, int, float]]:
    """[(group, number of slices, accuracy)], the largest group first. `groups`: [N]."""
    right = probabilities.argmax(1) == truth
    found = [
        (str(group), int((groups == group).sum()), share(right[groups == group].sum(), (groups == group).sum()))
        for group in sorted(set(groups))
    ]
    return sorted(found, key=lambda row: -row[1])


def share(part: float, whole: float) -> float:
    """`part` of `whole` as a number from 0 to 1, rounded to four places; 0 where `whole` is 0."""
    return round(float(part) / float(whole), 4) if whole else 0.0


def choose_calibration(
    logits: np.ndarray, truth: np.ndarray, normal: int, lowest: float = 1
) -> tuple[float, float, float]:
    """Likeliest temperature and offset, and their negative log likelihood. The normal logit is lowered by the offset.

    `normal`: index of the normal label. `lowest`: lowest temperature that is tried. A temperature below 1 makes the
    answers surer than the network is, and so its mistakes more confident.
    """
    best = None
    for offset in np.round(np.arange(-1, 3.01, 0.1), 2):
        for temperature in np.round(np.arange(lowest, 2.01, 0.02), 2):
            loss = negative_log_likelihood(softmax(lowered(logits, normal, offset), temperature), truth)
            if best is None or loss < best[0]:
                best = loss, float(temperature), float(offset)
    loss, temperature, offset = best
    return temperature, offset, loss


def lowered(logits: np.ndarray, normal: int, offset: float) -> np.ndarray:
    """[N, classes] logits with the normal label's lowered by `offset`."""
    result = logits.copy()
    result[:, normal] -= offset
    return result


def choose_threshold(probabilities: np.ndarray, truth: np.ndarray, risk: float) -> float:
    """Lowest confidence, at least 0.5, from which on at most the share `risk` of the answers is wrong.

    Raises SystemExit where no confidence below 1 keeps the risk.
    """
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    for threshold in np.round(np.arange(0.5, 1, 0.01), 2):
        answered = confidence >= threshold
        if answered.any() and 1 - right[answered].mean() <= risk:
            return float(threshold)
    raise SystemExit(f"No confidence below 1 keeps the risk under {risk}: train longer or accept more risk.")


def pointing(
    maps: np.ndarray, masks: np.ndarray, truth: np.ndarray, probabilities: np.ndarray
) -> tuple[dict[str, Any], dict[int, float]]:
    """Share of slices whose map peaks inside the tumour, among correctly classified slices with a tumour mask.

    `maps`: [N, rows, columns], Grad-CAM of the true label, upsampled to the masks' grid. `masks`: the same shape, 0-1.
    Returns ({"slices": number, "peakInTumour": share}, {label index: share}).
    """
    masked = (masks.reshape(len(masks), -1).max(1) >= 0.5) & (probabilities.argmax(1) == truth)
    peaks = maps.reshape(len(maps), -1).argmax(1)
    hits = masks.reshape(len(masks), -1)[np.arange(len(masks)), peaks] >= 0.5
    of_class = {int(index): masked & (truth == index) for index in sorted(set(truth[masked]))}
    result = {"slices": int(masked.sum()), "peakInTumour": share(hits[masked].sum(), masked.sum())}
    return result, {index: share(hits[chosen].sum(), chosen.sum()) for index, chosen in of_class.items()}
