"""Thirds of the labelled slices of train, about by patient: what a network without one of them says of it can be believed.

The manifest's own split is imitated. Cheng's slices have no patients, but an order of patients in each group and plane: cut at the
same shares of the way in every plane, a patient's slices mostly fall into the same third. The web's fall by cluster of copies.
"""
import hashlib

import numpy as np

THIRDS = 3
NEAR = 10  # slices on either side of a cut that may be of a patient whose others lie beyond it, as in the manifest


def third_of(rows):
    """Of each of the manifest's `rows`: the third that it is in, from 0."""
    return np.array([THIRDS * at // count if count else by_cluster(row) for row, (at, count) in zip(rows, positions(rows))])


def near_cut(rows):
    """Which of `rows` lie so near a cut between two thirds that a slice of the same patient may lie beyond it."""
    return np.array([
        any(-NEAR <= at - -(-count * cut // THIRDS) < NEAR for cut in range(1, THIRDS)) if count else False
        for at, count in positions(rows)
    ])  # fmt: skip


def positions(rows):
    """(place, of how many) of each row in its group and plane, in Cheng's order; (0, 0) of those from the web."""
    found, lines = [(0, 0)] * len(rows), {}
    for number, row in enumerate(rows):
        if row["cheng_index"]:
            lines.setdefault((row["group"], row["plane"]), []).append((int(row["cheng_index"]), number))
    for line in lines.values():
        for at, (_, number) in enumerate(sorted(line)):
            found[number] = at, len(line)
    return found


def by_cluster(row):
    return int(hashlib.sha256(row["group"].encode()).hexdigest(), 16) % THIRDS
