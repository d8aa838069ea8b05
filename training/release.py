"""Makes the release from trained networks: the choices, the figures, model.onnx, manifest.json and the card."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import audit
import figures as measure
import inSeries
import novelty as unlike
import plots
from apart import NAME, RISK, choose_confidence, compare_temperatures, describe_apart, least, view_thirds
from augment import move
from card import experiments, write_card
from compare import calibrated, compare_again, compare_shares, compare_views
from describe import as_series, as_split, count_pool, limits
from export import export_onnx
from fit import as_input, predict, view_series, view_slices
from lookalikes import lookalikes
from networks import grad_cam
from pictures import as_served
from pool import NORMAL, select, split
from slices import GEOMETRY, HERE, INPUT, LABELS
from studies import OUTSIDE, load_series

ROOT = HERE.parent
BLOCK = 13  # consecutive slices of a class and plane, about one patient: Cheng's set has 233, and 3,064 slices
KNOWN_SLICES = 1600  # slices of the pool, drawn at random, that novelty is fitted to
KNOWN = {
    "real",
    "erased",
    "erased glioma",
    "halves",
    "phantom",
    "study",
    "study stripped",
    "study resliced",
    "study tumour",
}
STRIPPED = 0.25  # share of these slices that are shown without their skull
LICENCE = "Apache-2.0"


def release(
    network: nn.Module,
    folds: dict[str, tuple[nn.Module, list[str]]],
    others: dict[str, tuple[nn.Module, dict[str, tuple[nn.Module, list[str]]]]],
    thirds: dict[str, list[nn.Module]],
    pool: dict[str, np.ndarray],
    checks: dict[str, dict[str, Any]],
    data: Path,
    out: Path,
    recipe: dict[str, Any],
    histories: dict[str, list[dict[str, Any]]],
    test: bool,
) -> None:
    """Writes the release of `network` to the folder `out`.

    `folds`: {fold: (network, cases that it has not learned from)}. `others`: {name: (network, folds)}, mixtures to
    compare with. `thirds`: for each third of train's slices a network that has not learned from it, "before" and
    "after" the labelled slices were learned again. `pool`, `checks`: see pool.py. `recipe`, `histories`: how the
    networks were trained, for the card. `test`: whether the test split is evaluated.
    """
    print("release: looks at whole series", flush=True)
    val = as_served(checks["val"], data)
    every = load_series(data)
    held_out = {
        name: view_series(fold, [one_series for one_series in every if one_series["case"] in cases])
        for name, (fold, cases) in folds.items()
    }
    origins = set(recipe["whole"]["mix"])
    together = [one_series for part in held_out.values() for one_series in part]
    in_series = inSeries.choose_in_series(together, data, NORMAL)
    print("release: looks at thirds of train", flush=True)
    viewed = view_thirds(thirds, data)
    apart = viewed["after"]
    alone = choose_confidence(apart, lookalikes_of(data))
    of_val = view_slices(network, val["images"])
    known = {**alone, "novelty": choose_novelty(network, of_val, pool, origins), "inSeries": in_series}
    parts = {"val": val}
    print(f"release: scores val{' and test' if test else ''}", flush=True)
    if test:
        whole = as_served(split(data, "test"), data)
        parts["test"] = whole
        parts["test, strict part"] = select(whole, np.array([row["near_boundary"] == "0" for row in whole["rows"]]))
    scored = {
        name: score(network, part, of_val if part is val else view_slices(network, part["images"]), known)
        for name, part in parts.items()
    }
    series = []
    for name, (fold, cases) in folds.items():
        print(f"release: reads the series of {name}", flush=True)
        elsewhere = [one_series for other_fold, part in held_out.items() if other_fold != name for one_series in part]
        of_fold = {
            **alone,
            "novelty": choose_novelty(fold, view_slices(fold, val["images"]), pool, origins, cases),
            "inSeries": inSeries.choose_in_series(elsewhere, data, NORMAL),
        }
        series += read_series(held_out[name], of_fold, data)
    series += read_series(
        view_series(network, [one_series for one_series in every if one_series["stratum"] in OUTSIDE]), known, data
    )
    print("release: audits the splits, compares looks and mixtures of weights", flush=True)
    by_view = compare_views(of_val, val, together, data, known)
    card = {
        "splits": [
            describe_apart(apart, known, blocks(apart["rows"])),
            *(as_split(name, parts[name], scored[name]) for name in parts),
        ],
        "series": [as_series(one_series) for one_series in series],
        "confusion": {name: scored[name]["figures"]["confusion"] for name in parts},
        "byPlane": {
            name: measure.by_group(scored[name]["probabilities"], part["labels"], planes(part))
            for name, part in parts.items()
        },
        "bySource": {
            name: measure.by_group(scored[name]["probabilities"], part["labels"], sources(part))
            for name, part in parts.items()
        },
        "temperatures": compare_temperatures(apart, known),
        "raw": {name: scored[name]["raw"] for name in parts},
        "audit": audit.leaks(data),
        "asSeries": each_as_series(of_val, val, in_series),
        "looks": by_view,
        "shares": compare_shares(others, val, every, data, known),
        "again": compare_again(viewed["before"], apart, known["lookalikes"]),
        "experiments": experiments(),
        "limits": limits(series, by_view["twice"]),
        "training": {**recipe, "history": histories, "pool": count_pool(pool)},
    }  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        network.bias[NORMAL] -= known["offset"]  # so that the graph has it, and the server need not know
    layers = export_onnx(network.cpu(), known["novelty"], LABELS, INPUT["rows"], INPUT["columns"], out / "model.onnx")
    manifest = write_manifest(out, known, layers, card)
    plots.draw(out / "card", scored, parts, series, histories, known)
    plots.draw_mistakes(out / "card", HERE / "runs", parts, scored)
    write_card(manifest, out / "CARD.md")
    write_fixture(
        network, known["novelty"], pool, ROOT / "tests" / "fixtures" / "models" / f"{out.parent.name}-{out.name}.json"
    )
    print(
        f"wrote {out}: model.onnx ({(out / 'model.onnx').stat().st_size / 1e6:.1f} MB), manifest.json, CARD.md, card/"
    )


def lookalikes_of(data: Path) -> list[dict[str, Any]]:
    """The labels that look alike, counted on train and val: see `lookalikes.lookalikes`."""
    parts = [split(data, name) for name in ("train", "val")]
    rows = [row for part in parts for row in part["rows"]]
    both = {
        "rows": rows,
        **{key: np.concatenate([part[key] for part in parts]) for key in ("labels", "images", "masks")},
    }
    return lookalikes(both, blocks(rows))


def choose_novelty(
    network: nn.Module,
    of_val: dict[str, Any],
    pool: dict[str, np.ndarray],
    origins: set[str],
    held_out: list[str] | tuple[str, ...] = (),
) -> dict[str, Any]:
    """Fits novelty to the pool, without the cases `held_out`, and its largest known distance to val.

    `of_val`: val as the network views it. `origins`: those of the pool that the network has learned from.
    Returns what `novelty.fit_novelty` returns, and "largest_known".
    """
    learned = ~np.isin(pool["cases"], list(held_out)) & np.isin(pool["origins"], list(origins & KNOWN))
    drawn = np.random.default_rng(3).permutation(np.flatnonzero(learned))[:KNOWN_SLICES]
    _, features = predict(network, as_known(pool, drawn))
    fitted = unlike.fit_novelty(features, pool["labels"][drawn], len(LABELS))
    return {**fitted, "largest_known": unlike.largest_known(fitted, of_val["features"])}


def as_known(pool: dict[str, np.ndarray], drawn: np.ndarray) -> np.ndarray:
    """[n, rows, columns], 0-1: the pool's slices `drawn` (indices), some without their skull, which is known, too."""
    images, brains = (torch.tensor(pool[key][drawn].astype(np.float32)) for key in ("images", "brains"))
    images = images / 255
    torch.manual_seed(3)
    stripped = (torch.rand(len(drawn)) < STRIPPED) & brains.flatten(1).any(1)
    moved, _ = move(images[stripped] * brains[stripped], brains[stripped], brains[stripped], INPUT["rows"])
    images[stripped] = moved
    return images.numpy()


def each_as_series(of_val: dict[str, Any], val: dict[str, Any], settings: dict[str, Any]) -> dict[str, float]:
    """Share of val's axial and coronal slices called a tumour, by label, when each is read as a series of its own."""
    across = np.array([row["plane"] in ("ax", "cor") or row["label"] == "notumor" for row in val["rows"]])
    called = inSeries.called_tumour({key: of_val[key][across] for key in ("logits", "presence")}, settings, NORMAL)
    labels = val["labels"][across]
    return {label: measure.share(called[labels == at].sum(), (labels == at).sum()) for at, label in enumerate(LABELS)}


def novelties_of(viewed: dict[str, Any], known: dict[str, Any]) -> np.ndarray:
    """[N] novelties of viewed slices; above 1 a slice is unlike the training data."""
    return unlike.mean_residuals(known["novelty"], viewed["features"]) / known["novelty"]["largest_known"]


def score(network: nn.Module, part: dict[str, Any], viewed: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """What the card and the plots need of a split.

    `part`: the split's slices. `viewed`: the same slices as the network views them. `known`: what was chosen.
    Returns {"figures", "raw", "intervals", "pointing", "probabilities": [N, classes], "novelties": [N], "answered": [N]
    bool, "cams": [N, cells down, cells across]}.
    """
    probabilities = calibrated(viewed["logits"], known)
    novelties = novelties_of(viewed, known)
    answered = (novelties <= 1) & (probabilities.max(1) >= least(probabilities, known))
    maps, features, truth = viewed["maps"], viewed["features"][0], part["labels"]
    right = probabilities.argmax(1) == truth
    found = measure.figures(probabilities, truth, LABELS, 0)
    found["answered"] = measure.share(answered.sum(), len(truth))
    found["accuracyOfAnswered"] = measure.share((right & answered).sum(), answered.sum())
    found["outOfDistribution"] = measure.share((novelties > 1).sum(), len(truth))
    own = torch.tensor(grad_cam(network, maps, features, truth))[:, None]
    size = part["images"].shape[1:]
    own = F.interpolate(own, size, mode="bilinear", align_corners=False)[:, 0].numpy()
    pointing, by_class = measure.pointing(own, part["masks"], truth, probabilities)
    raw = measure.figures(measure.softmax(viewed["logits"]), truth, LABELS, 0)
    return {
        "figures": found,
        "raw": {key: raw[key] for key in ("ece", "wrongAbove95", "negativeLogLikelihood")},
        "intervals": measure.intervals(probabilities, truth, blocks(part["rows"]), LABELS),
        "pointing": {**pointing, "byLabel": {LABELS[index]: value for index, value in by_class.items()}},
        "probabilities": probabilities, "novelties": novelties, "answered": answered,
        "cams": grad_cam(network, maps, features, probabilities.argmax(1)),
    }  # fmt: skip


def blocks(rows: list[dict[str, str]]) -> np.ndarray:
    """[N] names of blocks: Cheng's slices in runs of neighbours, about a patient each; the web's by cluster of copies.

    `rows`: rows of manifest.csv.
    """
    names = []
    for row in rows:
        index = row["cheng_index"]
        names.append(f"{row['group']}/{row['plane']}/{int(index) // BLOCK}" if index else row["group"])
    return np.array(names)


def planes(part: dict[str, Any]) -> np.ndarray:
    """[N] planes of a split's slices, as manifest.csv states them."""
    return np.array([row["plane"] or "not stated" for row in part["rows"]])


def sources(part: dict[str, Any]) -> np.ndarray:
    """[N] sources of a split's slices, as manifest.csv states them."""
    return np.array([row["source"] for row in part["rows"]])


def read_series(series: list[dict[str, Any]], known: dict[str, Any], data: Path) -> list[dict[str, Any]]:
    """Each series, read as a study of its own by the server's own code.

    `series`: viewed series. `known`: what was chosen.
    Returns them with "probabilities" [N, classes], "answered" [N] bool, "novelties" [N] and "finding".
    """
    settings = {
        "labels": LABELS, "normalLabel": LABELS[NORMAL], "inSeries": known["inSeries"],
        "calibration": {
            "method": "temperature", "temperature": known["temperature"], "lookalikes": known["lookalikes"],
        },
        "abstention": known["abstention"], "outOfDistribution": {"output": "novelty", "above": 1},
    }  # fmt: skip
    asked = [
        {
            **one_series,
            "logits": measure.lowered(one_series["logits"], NORMAL, known["offset"]),
            "novelties": novelties_of(one_series, known),
        }
        for one_series in series
    ]
    result = []
    for one_series, answer in zip(asked, inSeries.ask({"manifest": settings}, asked, data, NORMAL)):
        verdicts = answer["verdicts"]
        probabilities = np.array([[entry["probability"] for entry in verdict["probabilities"]] for verdict in verdicts])
        answered = np.array([verdict["status"] == "CLASSIFIED" for verdict in verdicts])
        result.append(
            {**one_series, "probabilities": probabilities, "answered": answered, "finding": answer["finding"]}
        )
    return result


def write_manifest(
    out: Path, known: dict[str, Any], layers: list[dict[str, str]], card: dict[str, Any]
) -> dict[str, Any]:
    """Writes and returns manifest.json of the model in the folder `out`, whose model.onnx is there."""
    file = out / "model.onnx"
    manifest = {
        "name": out.parent.name,
        "version": out.name,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "intendedUse": "Research use only – not for diagnostic use",
        "license": LICENCE,
        "labels": LABELS,
        "normalLabel": LABELS[NORMAL],
        "weightings": ["T1"],
        "codes": json.loads((HERE / "codes.json").read_text()),
        "input": INPUT,
        "geometry": GEOMETRY,
        "calibration": {
            "method": "temperature",
            "temperature": known["temperature"],
            "lookalikes": known["lookalikes"],
            "offset": known["offset"],
            "chosenOn": NAME,
            "negativeLogLikelihood": known["negativeLogLikelihood"],
        },
        "abstention": {**known["abstention"], "risk": RISK, "chosenOn": NAME},
        "mirrored": True,
        "inSeries": known["inSeries"],
        "outOfDistribution": {"output": "novelty", "above": 1, "share": 1 - unlike.KNOWN, "chosenOn": "val"},
        "layers": layers,
        "card": card,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return manifest


def write_fixture(network: nn.Module, novelty: dict[str, Any], pool: dict[str, np.ndarray], path: Path) -> None:
    """Writes a synthetic slice as bytes, with the logits and the novelty that PyTorch and numpy compute.

    ONNX Runtime must compute the same ones.
    """
    phantoms = np.flatnonzero((pool["origins"] == "phantom") & (pool["labels"] != NORMAL))
    chosen = phantoms[np.argmax(pool["masks"][phantoms].reshape(len(phantoms), -1).sum(1, dtype=int))]
    plane = pool["images"][chosen]
    network.eval()
    with torch.no_grad():
        logits, _, features = network(as_input(torch.tensor(plane[None] / 255, dtype=torch.float32)))
    path.parent.mkdir(parents=True, exist_ok=True)
    distance = unlike.residuals(novelty, features.numpy())[0] / novelty["largest_known"]
    fixture = {
        "bytes": base64.b64encode(plane.tobytes()).decode(),
        "logits": [round(float(v), 6) for v in logits[0]],
        "novelty": round(float(distance), 6),
    }
    path.write_text(json.dumps(fixture) + "\n")
