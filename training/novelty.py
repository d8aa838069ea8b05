"""How unlike the training data a slice is: the distance of its features from where those of its kind lie.

Of each label the mean and the directions of most variance of the features (the mean activations of the encoder) are
kept. What lies outside of them, over the largest such distance that is common on val, is the novelty: above 1, the
slice is unlike everything the network has learned from. After Ren et al. 2021 (arXiv:2106.09022) in spirit and
Wang et al. 2022 (ViM, arXiv:2203.10807) in kind.
"""
import numpy as np

DIRECTIONS = 48
KNOWN = 0.99  # share of what is known that has to stay below 1


def fit_novelty(features, labels, classes):
    """{"means" [classes, F], "directions" [classes, F, D], "scale" [F]} of training features."""
    scale = features.std(0) + 1e-3
    means, directions = [], []
    for label in range(classes):
        own = features[labels == label] / scale
        means.append(own.mean(0))
        _, _, across = np.linalg.svd(own - own.mean(0), full_matrices=False)
        directions.append(across[:DIRECTIONS].T)
    return {"means": np.stack(means), "directions": np.stack(directions), "scale": scale}


def residuals(model, features):
    """Distance of each of `features` [N, F] from the nearest label's directions, before it is put in relation."""
    scaled = features / model["scale"]
    distances = []
    for mean, directions in zip(model["means"], model["directions"]):
        off = scaled - mean
        inside = off @ directions
        distances.append((off**2).sum(1) - (inside**2).sum(1))
    return np.sqrt(np.maximum(np.min(distances, 0), 0))


def mean_residuals(model, features):
    """Of slices looked at more than once, `features` of each look: the mean distance."""
    return np.mean([residuals(model, one) for one in features], 0)


def largest_known(model, features):
    return float(np.quantile(mean_residuals(model, features), KNOWN))
