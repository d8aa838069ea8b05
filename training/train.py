"""Data to model in one command: trains, scores whole studies with their case kept out, evaluates test once, writes.

1. base: the labelled slices alone.
2. fold-1 ... fold-3: the base goes on with counterfactuals, phantoms and the DICOM studies, but for the cases that \
the fold
   scores, and learns the labelled slices alone again. Its weights before and after that are mixed, and the base's \
with them.
3. final: the base goes on with all of them. What is shipped has the mean of its weights and of the folds', mixed alike.
4. third-1 ... third-3: the same from the start, without a third of the labelled slices each, to see how sure one may \
be of patients
   that nobody has learned from.
5. Temperature and abstention from these thirds, novelty from val; then test, once; then model.onnx, manifest.json, \
CARD.md, plots.

Every stage goes on after its last whole epoch when the command is given again.
"""

import argparse
import json
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from fit import fit
from mobilenet import load_tensorflow
from networks import LocalNet, step_back
from pool import NORMAL, training_pool, validation_pools
from release import release
from slices import HERE, LABELS
from thirds import THIRDS

ROOT = HERE.parent
SHARED = {"batch": 32, "seed": 1, "dense": 0.5, "attention": 0.3, "outside": 0.5, "strength": 0.7, "stripped": 0.2}
BASE = {
    **SHARED, "outside": 0, "stripped": 0.105, "oedema": False, "side": 160, "epochs": 10, "rate": 7e-4, "mix": {},
}  # fmt: skip
WHOLE = {
    **SHARED, "oedema": True, "side": 160, "epochs": 6, "rate": 3e-4,
    "mix": {"erased": 60, "halves": 200, "transplanted": 200, "sham": 50, "placed": 650, "sham placed": 200,
            "phantom": 40, "study": 420, "study stripped": 200, "study resliced": 200, "study tumour": 80},
}  # fmt: skip
# A network that has learned from whole series doubts some labelled slices that the base knew, so it learns these alone
# again. The seed is the base's: their order and augmentation are those of the base's first epochs.
AGAIN = {**BASE, "epochs": 4, "rate": 3e-4}
AGAIN_SHARE = 0.5  # share of the weights from after that; the rest are from before it
# The base's share of the weights that are judged and shipped. The base knows the labelled slices best; the networks
# that went on from it know whole series best.
BASE_SHARE = 0.1
COMPARED = (0.0, 0.2, 0.4, 1.0)  # other shares of the base, for the card
# The cases of each fold, a tumour case and healthy ones. A network that has not learned from them scores them.
FOLDS = {
    "fold-1": ["glioma_tcga_fg_6692", "healthy_lowres_ixi012_hh_1211"],
    "fold-2": ["glioma_tcga_du_7294_ss", "healthy_studyforrest", "healthy_lowres_ixi015_hh_1258"],
    "fold-3": ["tumour_pyradiomics_brain1", "healthy_uih_umr770", "healthy_siemens_trio_adult"],
}
PHANTOMS = 30  # volumes
WITHOUT = {f"third-{number + 1}": number for number in range(THIRDS)}  # the third that a stage does not learn from
STAGES = ["base", *FOLDS, "final", *WITHOUT]


def arguments() -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data", help="folder with slices/, studies/ and pretrained/")
    parser.add_argument("--out", default="models/brain-mri/5.1.0", help="folder named <name>/<version>")
    parser.add_argument("--run", default="training/runs/release", help="folder of checkpoints, resumed")
    parser.add_argument(
        "--stage", choices=STAGES, help="only this one; two at a time on two cores, once the base is there"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--without-test", action="store_true", help="leaves the test split untouched")
    return parser.parse_args()


def main() -> None:
    """Trains the stages that the command line asks for; without --stage it releases the model, too."""
    options = arguments()
    torch.set_num_threads(options.threads)
    data, run = Path(options.data), Path(options.run)
    checks = validation_pools(data)
    for stage in [options.stage] if options.stage else STAGES:
        print(f"stage {stage}", flush=True)
        train_stage(stage, data, run, checks)
    if not options.stage:
        pool, base = pool_without(None, data), load_stage(run / "base")

        learned = {again: {stage: went_on(run / stage, again) for stage in STAGES[1:]} for again in (0, AGAIN_SHARE)}

        def mixed(share: float, again: float = AGAIN_SHARE) -> tuple[LocalNet, dict[str, tuple[LocalNet, list[str]]]]:
            """The mixture of weights with this share of the base, and {fold: (its mixture, cases of the fold)}.

            `again`: share of the weights from after the labelled slices were learned again.
            """
            folds = {name: learned[again][name] for name in FOLDS}
            kept_out = {name: (step_back([fold], base, share), FOLDS[name]) for name, fold in folds.items()}
            return step_back([learned[again]["final"], *folds.values()], base, share), kept_out

        bases = {name: load_stage(base_of(name, run)) for name in WITHOUT}
        thirds = {
            name: [step_back([learned[again][third]], bases[third], BASE_SHARE) for third in WITHOUT]
            for name, again in (("before", 0), ("after", AGAIN_SHARE))
        }
        others = {f"{share:.2f}": mixed(share) for share in COMPARED} | {
            f"{BASE_SHARE:.2f}, not again": mixed(BASE_SHARE, 0)
        }
        recipe = {
            "base": with_slices(BASE, pool),
            "whole": with_slices(WHOLE, pool),
            "again": with_slices(AGAIN, pool),
            "baseShare": BASE_SHARE,
            "againShare": AGAIN_SHARE,
            "folds": FOLDS,
            "threads": options.threads,
        }
        trained = [run / "base", *(base_of(name, run) for name in WITHOUT)]
        trained += [folder for stage in STAGES[1:] for folder in (run / stage, run / stage / "again")]
        histories = {
            str(folder.relative_to(run)): torch.load(folder / "latest.pt", map_location="cpu")["history"]
            for folder in trained
        }
        out = (ROOT / options.out).resolve()
        release(
            *mixed(BASE_SHARE), others, thirds, pool, checks, data, out, recipe, histories, not options.without_test
        )


def train_stage(stage: str, data: Path, run: Path, checks: dict[str, dict[str, Any]]) -> None:
    """Trains one stage. `run`: folder of checkpoints. `checks`: see `pool.validation_pools`."""
    pool, base = pool_without(WITHOUT.get(stage), data), base_of(stage, run)
    studies = sorted(set(pool["cases"]) - {""})
    if stage == "base" or stage in WITHOUT:
        learn(lambda: from_imagenet(data), BASE, pool, checks, studies, base)
    if stage != "base":
        learn(lambda: load_stage(base), WHOLE, pool, checks, FOLDS.get(stage, []), run / stage)
        learn(lambda: load_stage(run / stage), AGAIN, pool, checks, studies, run / stage / "again")


def base_of(stage: str, run: Path) -> Path:
    """Folder of the base that a stage goes on from; stages without a third have one of their own."""
    return run / stage / "base" if stage in WITHOUT else run / "base"


@lru_cache(maxsize=1)  # a pool takes more than 1 GB
def pool_without(third: int | None, data: Path) -> dict[str, np.ndarray]:
    """The pool without a third of the labelled slices; with all of them if None."""
    return training_pool(data, make_phantoms(PHANTOMS), third)


def with_slices(options: dict[str, Any], pool: dict[str, np.ndarray]) -> dict[str, Any]:
    """`options` with the pool's labelled slices added to the mix, each once an epoch."""
    return {**options, "mix": {"real": int((pool["origins"] == "real").sum()), **options["mix"]}}


def learn(
    start: Callable[[], nn.Module],
    options: dict[str, Any],
    pool: dict[str, np.ndarray],
    checks: dict[str, dict[str, Any]],
    hold_out: list[str],
    run: Path,
) -> None:
    """Trains the network that `start` makes on the pool without the cases `hold_out`. `options`: see `fit.fit`."""
    torch.manual_seed(options["seed"])
    fit(start(), pool, checks, {**with_slices(options, pool), "hold_out": hold_out}, run)


def from_imagenet(data: Path) -> LocalNet:
    """A network whose encoder has ImageNet weights."""
    network = LocalNet(len(LABELS), NORMAL)
    load_tensorflow(network.layers, data / "pretrained" / "mobilenet_v1_1.0_224.npz")
    return network


def went_on(folder: Path, again_share: float) -> LocalNet:
    """The network of a stage; the share `again_share` of its weights is from after the labelled slices again."""
    return step_back([load_stage(folder / "again")], load_stage(folder), 1 - again_share)


def load_stage(folder: Path) -> LocalNet:
    """The network with the averaged weights that the stage in `folder` ended with."""
    network = LocalNet(len(LABELS), NORMAL)
    network.load_state_dict(torch.load(folder / "latest.pt", map_location="cpu")["average"])
    return network


def make_phantoms(volumes: int) -> Path:
    """Folder of phantom slices, made with the server's own code if it is not there. `volumes`: how many heads."""
    folder = HERE / "cache" / f"phantoms-{volumes}"
    if not (folder / "phantoms.json").exists():
        subprocess.run(["node", "scripts/build.mjs"], cwd=ROOT, check=True)
        dump = ["node", "dist/sample/dumpPhantoms.js", str(folder), "--count", str(volumes), "--every", "3"]
        subprocess.run(dump, cwd=ROOT, check=True)
    return folder


if __name__ == "__main__":
    main()
