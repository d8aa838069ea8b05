"""Novelty, or how unlike the training data a slice is: how far its features lie from those of its kind.

Features are the mean activations of the encoder. For each label, their mean and the directions in which they vary most
are kept. Novelty is how far a slice's features lie outside of these, divided by the largest such distance that is
common on val. Above 1 the slice is unlike everything the network has learned from. The idea is that of Ren et al. 2021
(arXiv:2106.09022); the kind of measure is that of Wang et al. 2022 (ViM, arXiv:2203.10807).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

DIRECTIONS = 48  # kept for each label
KNOWN = 0.99  # share of known slices whose novelty must stay below 1


def fit_novelty(features: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """Fits means and directions to training features [N, F] with labels [N].

    Returns {"means": [classes, F], "directions": [classes, F, DIRECTIONS], "scale": [F]}.
    """
    scale = features.std(0) + 1e-3
    means, directions = [], []
    for label in range(classes):
        own = features[labels == label] / scale
        means.append(own.mean(0))
        _, _, across = np.linalg.svd(own - own.mean(0), full_matrices=False)
        directions.append(across[:DIRECTIONS].T)
    return {"means": np.stack(means), "directions": np.stack(directions), "scale": scale}


def residuals(model: dict[str, Any], features: np.ndarray) -> np.ndarray:
    """[N, F] features → [N] distances from the nearest label's directions, not yet divided by the largest known one.

    `model`: what `fit_novelty` returned.
    """
    scaled = features / model["scale"]
    distances = []
    for mean, directions in zip(model["means"], model["directions"]):
        off = scaled - mean
        inside = off @ directions
        distances.append((off**2).sum(1) - (inside**2).sum(1))
    return np.sqrt(np.maximum(np.min(distances, 0), 0))


def mean_residuals(model: dict[str, Any], features: Sequence[np.ndarray]) -> np.ndarray:
    """[N] distances, the mean over the views of each slice. `features`: [N, F] for each view."""
    return np.mean([residuals(model, of_view) for of_view in features], 0)


def largest_known(model: dict[str, Any], features: Sequence[np.ndarray]) -> float:
    """Distance that the share KNOWN of these slices does not exceed. `features`: [N, F] for each view."""
    return float(np.quantile(mean_residuals(model, features), KNOWN))
