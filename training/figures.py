"""Figures of a classifier from its probabilities, and the two choices made on val: temperature and abstention."""
import numpy as np

CONFIDENT = 0.95
BINS = 15


def softmax(logits, temperature=1.0):
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def negative_log_likelihood(probabilities, truth):
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)).mean())


def expected_calibration_error(probabilities, truth):
    """Guo et al. 2017 (arXiv:1706.04599): 15 bins of equal width over the highest probability."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins)]
    return float(sum(gaps))


def figures(probabilities, truth, labels, threshold):
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
        "answered": share(answered.sum(), len(truth)),
        "accuracyOfAnswered": share((right & answered).sum(), answered.sum()),
        "perClass": per_class,
        "confusion": confusion.tolist(),
    }


def share(part, whole):
    return round(float(part) / float(whole), 4) if whole else 0.0


def choose_temperature(logits, truth):
    """The likeliest temperature of at least 1 on val, unless the raw probabilities have fewer confident mistakes.

    Below 1 it would sharpen the model on data that resemble its own; on shifted data that makes confident mistakes.
    """
    candidates = {t: softmax(logits, t) for t in np.round(np.arange(1, 4.001, 0.01), 2)}
    fitted = min(candidates, key=lambda t: negative_log_likelihood(candidates[t], truth))
    loss = {t: negative_log_likelihood(candidates[t], truth) for t in (1.0, fitted)}
    mistakes = {t: confident_mistakes(candidates[t], truth) for t in (1.0, fitted)}
    chosen = 1.0 if mistakes[1.0] < mistakes[fitted] else float(fitted)
    reason = (
        f"Of the temperatures 1 to 4, {fitted:.2f} has the highest likelihood on val "
        f"(negative log likelihood {loss[fitted]:.4f}; raw {loss[1.0]:.4f}); "
        f"wrong above {CONFIDENT} on val: {mistakes[fitted]} with it, {mistakes[1.0]} raw. "
        "Temperatures below 1, which make every answer more confident, were not considered."
    )
    return chosen, reason


def confident_mistakes(probabilities, truth):
    return int(((probabilities.argmax(1) != truth) & (probabilities.max(1) > CONFIDENT)).sum())


def choose_threshold(probabilities, truth, risk):
    """The lowest confidence, at least even odds, above which at most `risk` of the answers on val are wrong."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    for threshold in np.round(np.arange(0.5, 1, 0.01), 2):
        answered = confidence >= threshold
        if answered.any() and 1 - right[answered].mean() <= risk:
            return float(threshold)
    raise SystemExit(f"No confidence below 1 keeps the risk on val under {risk}: train longer or accept more risk.")


def pointing(maps, masks, truth, probabilities):
    """Share of correctly classified slices with a tumour mask whose map's peak lies in the mask, by class.

    `maps`: class activation maps of the true class, upsampled to the masks' grid.
    """
    masked = (masks.reshape(len(masks), -1).max(1) >= 0.5) & (probabilities.argmax(1) == truth)
    peaks = maps.reshape(len(maps), -1).argmax(1)
    hits = masks.reshape(len(masks), -1)[np.arange(len(masks)), peaks] >= 0.5
    of_class = {int(index): masked & (truth == index) for index in sorted(set(truth[masked]))}
    result = {"slices": int(masked.sum()), "peakInTumour": share(hits[masked].sum(), masked.sum())}
    return result, {index: share(hits[chosen].sum(), chosen.sum()) for index, chosen in of_class.items()}
