"""Variants side by side: trains one in a fixed budget and appends a row of figures on val to experiments.csv.

    /usr/bin/python3 training/experiments.py small-cnn pooled local ...
"""

import argparse
import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import figures as measure
from fit import fit, predict
from inSeries import known
from mobilenet import load_tensorflow
from networks import LocalNet, PooledNet, SmallNet, VggNet, grad_cam
from pool import NORMAL, split, training_pool, validation_pools
from slices import HERE, INPUT, LABELS
from studies import HEALTHY, MODERATE_MM2, load_series
from train import PHANTOMS, SHARED, make_phantoms

TABLE = HERE / "experiments.csv"
REAL = {"real": 2234}
PLAIN = {
    **SHARED,
    "stripped": 0.105,
    "side": 128,
    "epochs": 8,
    "rate": 7e-4,
    "mix": REAL,
    "dense": 0,
    "attention": 0,
    "outside": 0,
    "oedema": False,
}
LOCAL = {**PLAIN, "dense": 0.5, "attention": 0.3}
HALVES = {**REAL, "erased": 100, "halves": 500, "transplanted": 350, "sham": 60, "phantom": 80}
ERASED = {**REAL, "erased": 140, "erased glioma": 260, "transplanted": 350, "sham": 60, "phantom": 80}
# Network and options of each variant. A name's last part says all that differs from the variant it extends.
VARIANTS = {
    "small-cnn": ("small", {**PLAIN, "rate": 2e-3}),
    "vgg16": ("vgg", {**PLAIN, "rate": 1e-4}),
    "pooled": ("pooled", PLAIN),
    "pooled-attention": ("pooled", {**PLAIN, "attention": 0.5}),
    "local": ("local", LOCAL),
    "local-160px": ("local", {**LOCAL, "side": 160}),
    "local-gentle": ("local", {**LOCAL, "strength": 0.3}),
    "local-erased": ("local", {**LOCAL, "mix": ERASED}),
    "local-halves": ("local", {**LOCAL, "mix": HALVES, "outside": 0.5, "stripped": 0.2}),
    "random-split": ("local", LOCAL),
}
WITHOUT_WEIGHTS = (
    "vgg16 is not run: transfer needs ImageNet weights, which no package here holds. Give torchvision's file: "
    "--vgg16-weights vgg16-397923af.pth"
)
COLUMNS = [
    "variant", "judgedOn", "side", "epochs", "seed", "seconds", "accuracy", "macroF1", "ece", "wrongAbove95",
    "peakInTumour", "erasedCalledTumour", "transplantedRight", "healthyCalledTumour", "tumourFound", "seriesAuc",
    "command", "commit",
]  # fmt: skip


def main() -> None:
    """Trains the variants that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="+", choices=VARIANTS)
    parser.add_argument("--data", default="../shared/data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--vgg16-weights", help="torchvision's ImageNet weights of VGG16, a .pth file")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in options.variants:
        run_variant(name, options)


def run_variant(name: str, options: argparse.Namespace) -> None:
    """Trains one variant and appends its row to experiments.csv. `options`: the command line's."""
    data = Path(options.data)
    kind, fitting = VARIANTS[name]
    if kind == "vgg" and options.vgg16_weights is None:
        print(WITHOUT_WEIGHTS)
        return write_row(
            [
                name,
                "not run: no weights",
                fitting["side"],
                fitting["epochs"],
                options.seed,
                *[""] * 11,
                command(),
                commit(),
            ]
        )
    pool, checks = training_pool(data, make_phantoms(PHANTOMS)), validation_pools(data)
    if name == "random-split":
        pool, checks = split_by_slice(pool, checks, data)
    torch.manual_seed(options.seed)
    network = build(kind, data, options.vgg16_weights)
    held_out = sorted(set(pool["cases"]) - {""})
    history = fit(
        network,
        pool,
        checks,
        {**fitting, "seed": options.seed, "hold_out": held_out},
        HERE / "runs" / f"{name}-{options.seed}",
    )
    append(name, network, checks, fitting, options, round(sum(epoch["seconds"] for epoch in history)))


def build(kind: str, data: Path, vgg16_weights: str | None) -> nn.Module:
    """A new network of this kind, with ImageNet weights where the kind uses them."""
    if kind == "small":
        return SmallNet(len(LABELS))
    if kind == "vgg":
        return VggNet(len(LABELS), vgg16_weights)
    network = PooledNet(len(LABELS)) if kind == "pooled" else LocalNet(len(LABELS), NORMAL)
    load_tensorflow(network.layers, data / "pretrained" / "mobilenet_v1_1.0_224.npz")
    return network


def split_by_slice(
    pool: dict[str, np.ndarray], checks: dict[str, dict[str, Any]], data: Path
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
    """Pool and checks split as in the literature: by slice, at random, whoever a slice's neighbours are.

    Only train and val are mixed; test stays out.
    """
    val = split(data, "val")
    real = {key: pool[key][pool["origins"] == "real"] for key in pool}
    count = len(val["labels"])
    drawn = np.random.default_rng(5).permutation(len(real["labels"]) + count)
    together = {
        "images": np.concatenate([real["images"], np.round(val["images"] * 255).astype(np.uint8)]),
        "masks": np.concatenate([real["masks"], np.round(val["masks"].astype(np.float32) * 255).astype(np.uint8)]),
        "brains": np.concatenate([real["brains"], np.zeros(val["images"].shape, bool)]),
        "labels": np.concatenate([real["labels"], val["labels"]]),
        "dense": np.concatenate(
            [real["dense"], (val["masks"].reshape(count, -1).max(1) >= 0.5) | (val["labels"] == NORMAL)]
        ),
    }
    learned, judged = drawn[count:], drawn[:count]
    pool = {key: value[learned] for key, value in together.items()}
    pool["cases"], pool["origins"] = np.full(len(learned), ""), np.full(len(learned), "real")
    part = {"images": together["images"][judged].astype(np.float32) / 255, "labels": together["labels"][judged],
            "masks": together["masks"][judged].astype(np.float32) / 255}  # fmt: skip
    return pool, {**checks, "val": part}


def append(
    name: str,
    network: nn.Module,
    checks: dict[str, dict[str, Any]],
    fitting: dict[str, Any],
    options: argparse.Namespace,
    seconds: int,
) -> None:
    """Measures a trained variant and appends its row to experiments.csv. `seconds`: how long training took."""
    val = checks["val"]
    logits, features, maps = predict(network, val["images"], maps_too=True, side=fitting["side"])
    probabilities = measure.softmax(logits)
    found = measure.figures(probabilities, val["labels"], LABELS, 0)
    own = torch.tensor(grad_cam(network, maps, features, val["labels"]))[:, None]
    own = torch.nn.functional.interpolate(own, (INPUT["rows"], INPUT["columns"]), mode="bilinear", align_corners=False)[
        :, 0
    ]
    pointing, _ = measure.pointing(own.numpy(), val["masks"], val["labels"], probabilities)
    erased = predict(network, checks["val erased"]["images"], side=fitting["side"])[0].argmax(1) != NORMAL
    moved = checks["val transplanted"]
    right = predict(network, moved["images"], side=fitting["side"])[0].argmax(1) == moved["labels"]
    write_row([name, "random slices" if name == "random-split" else "val", fitting["side"], fitting["epochs"],
           options.seed, seconds,
           found["accuracy"], found["macroF1"], found["ece"], found["wrongAbove95"], pointing["peakInTumour"],
           round(float(erased.mean()), 4), round(float(right.mean()), 4),
           *on_series(network, Path(options.data), fitting["side"]),
           command(), commit()])  # fmt: skip


def on_series(network: nn.Module, data: Path, side: int) -> list[float]:
    """Three figures on the T1 series of studies, none of which a variant has learned from. `side`: px of the input.

    They are the share of healthy slices called a tumour, the share of slices with 100 mm² of tumour called one, and
    the area under the ROC curve between these and all slices that are free of it.
    """
    series = [
        {**one_series, "logits": predict(network, one_series["images"], side=side)[0]}
        for one_series in load_series(data)
    ]
    presence, truth = presences(series)
    healthy, _ = presences([one_series for one_series in series if one_series["stratum"] in HEALTHY])
    tumour, free = presence[truth != NORMAL], presence[truth == NORMAL]
    area = (tumour[:, None] > free[None]).mean() + (tumour[:, None] == free[None]).mean() / 2
    return [round(float(value), 4) for value in ((healthy > 0.5).mean(), (tumour > 0.5).mean(), area)]


def presences(series: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Probability [N] of any tumour and label [N], of the T1 slices whose truth is known.

    `series`: series with "logits" [n, classes].
    """
    logits, truth = [], []
    for one_series in series:
        if "T2" in one_series["series"] or not known(one_series).any():
            continue
        logits.append(one_series["logits"][known(one_series)])
        truth.append(np.where(one_series["areas"] >= MODERATE_MM2, LABELS.index("glioma"), NORMAL)[known(one_series)])
    return 1 - measure.softmax(np.concatenate(logits))[:, NORMAL], np.concatenate(truth)


def command() -> str:
    """The command line, as the table records it."""
    return f"training/experiments.py {' '.join(sys.argv[1:])}"


def commit() -> str:
    """Short hash of the current commit."""
    return subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True
    ).stdout.strip()


def write_row(row: list[Any]) -> None:
    """Appends a row to experiments.csv, in the order of COLUMNS, and prints it."""
    fresh = not TABLE.exists()
    with open(TABLE, "a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        writer.writerow(row)
    print(dict(zip(COLUMNS, row)))


if __name__ == "__main__":
    main()
