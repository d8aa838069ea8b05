"""Thirds of the labelled slices of train, about by patient.

What a network that was trained without a third says of it can be believed. The cuts imitate manifest.csv's own split.
Cheng's slices have no patients, but an order of patients in each group and plane. They are cut at the same shares of
the way in every plane, so that a patient's slices mostly fall into the same third. The web's slices fall by cluster of
copies.
"""

import hashlib

import numpy as np

THIRDS = 3
NEAR = 10  # slices on either side of a cut that may be of a patient who also lies beyond it, as in manifest.csv


def third_of(rows: list[dict[str, str]]) -> np.ndarray:
    """[N] the third that each row of manifest.csv is in, from 0."""
    return np.array(
        [THIRDS * at // count if count else by_cluster(row) for row, (at, count) in zip(rows, positions(rows))]
    )


def near_cut(rows: list[dict[str, str]]) -> np.ndarray:
    """[N] bool: which rows lie so near a cut between two thirds that their patient may also lie beyond it."""
    return np.array([
        any(-NEAR <= at - -(-count * cut // THIRDS) < NEAR for cut in range(1, THIRDS)) if count else False
        for at, count in positions(rows)
    ])  # fmt: skip


def positions(rows: list[dict[str, str]]) -> list[tuple[int, int]]:
    """(place, number of slices) of each row in its group and plane, in Cheng's order; (0, 0) for those from the web."""
    found, lines = [(0, 0)] * len(rows), {}
    for number, row in enumerate(rows):
        if row["cheng_index"]:
            lines.setdefault((row["group"], row["plane"]), []).append((int(row["cheng_index"]), number))
    for line in lines.values():
        for at, (_, number) in enumerate(sorted(line)):
            found[number] = at, len(line)
    return found


def by_cluster(row: dict[str, str]) -> int:
    """The third of a slice from the web: the same for every slice of its cluster of copies."""
    return int(hashlib.sha256(row["group"].encode()).hexdigest(), 16) % THIRDS
