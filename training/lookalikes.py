"""What looks alike: how often a tumour where pituitary tumours lie is a meningioma, from outlines. Of train and val, never test.

Train and val hold few sellar meningiomas, too few to learn to tell them from pituitary tumours. So however sure a network is, a
part of what looks like a pituitary tumour is a meningioma. That this pair needs it was known from what describes the data, and
seen in the mistakes of earlier versions, on test; how large the part is was not chosen by them.
"""
import numpy as np

from slices import LABELS

PAIRS = [("pituitary", "meningioma")]
HEAD = 0.1  # intensity of the head, at least
INSIDE = 4.61  # squared Mahalanobis distance within which 90 % of a Gaussian in the plane lie
DRAWS = 2000
UPPER = 97.5  # percentile of the share among the draws: it rests on few slices


def lookalikes(part, blocks):
    """[{"label", "as", "share", ...}] from slices {"rows", "labels", "images", "masks"}; `blocks`: the run of neighbours of each.

    A slice counts where the middle of its tumour lies, as a share of the head's height and width, like those of the label's
    tumours in that plane; one whose plane is not known does not count. Slices of a run are drawn together or not; "share" is
    the upper limit of the 95 % interval.
    """
    found = []
    for label, other in PAIRS:
        near = lies_like(part, LABELS.index(label))
        of_label, of_other = (near & (part["labels"] == LABELS.index(name)) for name in (label, other))
        draws = shares(of_label, of_other, blocks)
        found.append({
            "label": label, "as": other, "share": round(float(np.percentile(draws, UPPER)), 3),
            "slices": int(of_other.sum()), "ofSlices": int((of_label | of_other).sum()), "runs": len(set(blocks[of_other])),
        })  # fmt: skip
    return found


def lies_like(part, label):
    """Which slices have their tumour where those of `label` lie."""
    planes = np.array([row["plane"] for row in part["rows"]])
    places = np.array([place(image, mask) for image, mask in zip(part["images"], part["masks"])])
    near = np.zeros(len(planes), bool)
    for plane in ("ax", "cor", "sag"):
        here = (planes == plane) & ~np.isnan(places[:, 0])
        own = places[here & (part["labels"] == label)]
        away = places[here] - own.mean(0)
        near[here] = np.einsum("ni,ij,nj->n", away, np.linalg.inv(np.cov(own.T)), away) < INSIDE
    return near


def place(image, mask):
    """The middle of the tumour in the head, down and across, as shares of it; NaN without an outline."""
    if not (mask >= 0.5).any():
        return np.nan, np.nan
    head = image > HEAD
    result = []
    for axis in (0, 1):
        length = np.flatnonzero(head.any(1 - axis))
        middle = np.nonzero(mask >= 0.5)[axis].mean()
        result.append((middle - length[0]) / (length[-1] - length[0]))
    return tuple(result)


def shares(of_label, of_other, blocks, seed=1):
    """The share of the other among both in each of DRAWS bootstrap samples of runs."""
    names = sorted(set(blocks[of_label | of_other]))
    counts = np.array([[(of_other & (blocks == name)).sum(), (of_label & (blocks == name)).sum()] for name in names])
    drawn = np.random.default_rng(seed).integers(len(names), size=(DRAWS, len(names)))
    sums = counts[drawn].sum(1)
    return sums[:, 0] / sums.sum(1)


def share_out(probabilities, pairs):
    """src/inference/lookalikes.ts in numpy: [N, classes] -> the same, each label's part given to what looks like it."""
    result = probabilities.copy()
    for pair in pairs:
        label, other = LABELS.index(pair["label"]), LABELS.index(pair["as"])
        given = pair["share"] * probabilities[:, label]
        result[:, label] -= given
        result[:, other] += given
    return result
