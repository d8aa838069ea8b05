"""Labels that look alike: how often a tumour where pituitary tumours lie is a meningioma, from outlines.

Train and val hold few sellar meningiomas, too few to learn to tell them from pituitary tumours. So a part of what looks
like a pituitary tumour is a meningioma, however sure a network is. Documents on the data say that this pair needs it,
and mistakes of earlier versions on test showed it. How large the part is was counted on train and val, never on test.
"""

from typing import Any

import numpy as np

from slices import LABELS

PAIRS = [("pituitary", "meningioma")]
HEAD = 0.1  # grey value of the head, at least
INSIDE = 4.61  # squared Mahalanobis distance within which 90 % of a two-dimensional Gaussian lie
DRAWS = 2000
UPPER = 97.5  # percentile among the draws that is taken as the share, because the share rests on few slices


def lookalikes(part: dict[str, Any], blocks: np.ndarray) -> list[dict[str, Any]]:
    """The pairs that look alike, each with its share, from slices {"rows", "labels", "images", "masks"}.

    `blocks`: [N], the run of neighbouring slices that each slice belongs to; a run is drawn as a whole or not at all.
    A slice counts where the middle of its tumour, as a share of the head's height and width, lies like those of the
    label's tumours in that plane. A slice whose plane is not known does not count.
    Returns [{"label", "as", "share", "slices", "ofSlices", "runs"}]; "share" is the upper limit of the 95 % interval.
    """
    found = []
    for label, lookalike in PAIRS:
        near = lies_like(part, LABELS.index(label))
        of_label, of_other = (near & (part["labels"] == LABELS.index(name)) for name in (label, lookalike))
        draws = shares(of_label, of_other, blocks)
        found.append({
            "label": label, "as": lookalike, "share": round(float(np.percentile(draws, UPPER)), 3),
            "slices": int(of_other.sum()), "ofSlices": int((of_label | of_other).sum()),
            "runs": len(set(blocks[of_other])),
        })  # fmt: skip
    return found


def lies_like(part: dict[str, Any], label: int) -> np.ndarray:
    """[N] bool: which slices have their tumour where those of `label` lie."""
    planes = np.array([row["plane"] for row in part["rows"]])
    places = np.array([place(image, mask) for image, mask in zip(part["images"], part["masks"])])
    near = np.zeros(len(planes), bool)
    for plane in ("ax", "cor", "sag"):
        here = (planes == plane) & ~np.isnan(places[:, 0])
        own = places[here & (part["labels"] == label)]
        away = places[here] - own.mean(0)
        near[here] = np.einsum("ni,ij,nj->n", away, np.linalg.inv(np.cov(own.T)), away) < INSIDE
    return near


def place(image: np.ndarray, mask: np.ndarray) -> tuple[float, float]:
    """Middle of the tumour in the head, down and across, as shares of the head's size; NaN without an outline.

    `image`, `mask`: [rows, columns], 0-1.
    """
    if not (mask >= 0.5).any():
        return np.nan, np.nan
    head = image > HEAD
    result = []
    for axis in (0, 1):
        length = np.flatnonzero(head.any(1 - axis))
        middle = np.nonzero(mask >= 0.5)[axis].mean()
        result.append((middle - length[0]) / (length[-1] - length[0]))
    return tuple(result)


def shares(of_label: np.ndarray, of_other: np.ndarray, blocks: np.ndarray, seed: int = 1) -> np.ndarray:
    """[DRAWS] bootstrap samples of the share that `of_other` has of both. All arguments [N]; the first two bool."""
    names = sorted(set(blocks[of_label | of_other]))
    counts = np.array([[(of_other & (blocks == name)).sum(), (of_label & (blocks == name)).sum()] for name in names])
    drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
    sums = counts[drawn].sum(1)
    return sums[:, 0] / sums.sum(1)


def share_out(probabilities: np.ndarray, pairs: list[dict[str, Any]]) -> np.ndarray:
    """[N, classes] probabilities → the same shape, a part of each label's given to the label that looks like it.

    It is src/inference/lookalikes.ts in numpy. `pairs`: what `lookalikes` returned.
    """
    result = probabilities.copy()
    for pair in pairs:
        label, lookalike = LABELS.index(pair["label"]), LABELS.index(pair["as"])
        given = pair["share"] * probabilities[:, label]
        result[:, label] -= given
        result[:, lookalike] += given
    return result
