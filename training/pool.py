"""The pool: all slices that a network may learn from. Each has its origin and its case."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

import counterfactuals
from reslice import resliced
from slices import HERE, LABELS, load_phantoms, load_slices
from strip import stripped
from studies import labelled, load_series
from thirds import third_of

NORMAL = LABELS.index("no_tumor")
SEED = 7
PLACED = 3  # tumours, and as many sham patches, that are put into each healthy slice of a study
KEYS = ("images", "masks", "brains", "labels", "planes", "cases", "origins", "dense")


def split(data: Path, name: str) -> dict[str, Any]:
    """The slices of a split whose label can be trusted, as manifest.csv says.

    Returns {"rows": rows of manifest.csv, "labels": [N] indices, "planes": [N], "images", "masks": [N, rows, columns]}.
    """
    slices = load_slices(data)
    keep = np.array([row["split"] == name and row["label_trust"] != "low" for row in slices["rows"]])
    rows = [row for row, kept in zip(slices["rows"], keep) if kept]
    labels = np.array([LABELS.index(row["label"].replace("notumor", "no_tumor")) for row in rows])
    planes = np.array([row["plane"] or "ax" for row in rows])  # the web's slices without a plane are mostly axial
    return {
        "rows": rows,
        "labels": labels,
        "planes": planes,
        "images": slices["images"][keep],
        "masks": slices["masks"][keep],
    }


def select(part: dict[str, Any], keep: np.ndarray) -> dict[str, Any]:
    """The slices of a split for which `keep` ([N] bool) is True."""
    rows = [row for row, kept in zip(part["rows"], keep) if kept]
    return {"rows": rows, **{key: part[key][keep] for key in ("labels", "planes", "images", "masks")}}


def training_pool(data: Path, phantoms: Path, without: int | None = None) -> dict[str, np.ndarray]:
    """The pool to train on; made once and kept in training/cache.

    Returns {"images", "masks": [N, rows, columns] uint8, "brains": [N, rows, columns] bool, "labels": [N] indices,
    "planes", "cases", "origins": [N], "dense": [N] bool}.
    origins: real, erased (meningiomas), erased glioma (oedema may remain around it), transplanted, sham, halves,
    placed, sham placed, phantom, study, study stripped, study resliced, study tumour.
    cases: the case of the DICOM study whose pixels are in the slice, "" for none. So a study that is held out is left
    out with all that was made of it.
    dense: whether the mask tells of every cell whether it is tumour.
    `phantoms`: folder of phantoms. `without`: a third of the labelled slices (thirds.py), none of which is in the pool.
    """
    cache = HERE / "cache" / f"pool-{signature(data)}{'' if without is None else f'-without-{without}'}.npz"
    if not cache.exists():
        random = np.random.default_rng(SEED)
        train, studies = split(data, "train"), labelled(load_series(data), LABELS)
        if without is not None:
            train = select(train, third_of(train["rows"]) != without)
        parts = real_and_counterfactual(train, studies, random)
        parts += [part(load_phantoms(phantoms), "phantom"), *more_heads(data, train, studies)]
        pool = {key: np.concatenate([entry[key] for entry in parts]) for key in KEYS if key != "brains"}
        pool["brains"] = np.stack([brain(image, mask, random) for image, mask in zip(pool["images"], pool["masks"])])
        np.savez(cache, **pool)
    pool = dict(np.load(cache))
    pool["origins"][(pool["origins"] == "study") & (pool["labels"] != NORMAL)] = "study tumour"
    return pool


def validation_pools(data: Path) -> dict[str, dict[str, Any]]:
    """What is measured while networks are compared: {"val", "val erased", "val transplanted"}.

    Each has "images", "masks" [N, rows, columns] and "labels" [N]; val has what `split` returns.
    """
    cache = HERE / "cache" / f"val-{signature(data)}.npz"
    val = split(data, "val")
    if not cache.exists():
        random = np.random.default_rng(SEED)
        own = {**val, "cases": np.full(len(val["labels"]), "")}
        masked = np.flatnonzero(has_mask(val))
        erased, done = counterfactuals.erase(own, masked, random)
        heads = {"images": erased, "planes": val["planes"][done], "cases": own["cases"][done]}
        moved = counterfactuals.transplant(own, masked, heads, random)
        np.savez(cache, erased=erased, **{f"moved_{key}": value for key, value in moved.items()})
    made = np.load(cache)
    blank = np.zeros_like(made["erased"])
    return {
        "val": val,
        "val erased": {"images": made["erased"], "masks": blank, "labels": np.full(len(blank), NORMAL)},
        "val transplanted": {key: made[f"moved_{key}"] for key in ("images", "masks", "labels")},
    }


def real_and_counterfactual(
    train: dict[str, Any], studies: dict[str, np.ndarray], random: np.random.Generator
) -> list[dict[str, np.ndarray]]:
    """Parts of the pool: labelled slices, slices of studies, and counterfactuals at the tumour's own place.

    `train`: what `split` returned. `studies`: what `studies.labelled` returned.
    """
    no_case = np.full(len(train["labels"]), "")
    real = {**train, "cases": no_case}
    masked = np.flatnonzero(has_mask(train))
    erased, done = counterfactuals.erase(real, masked, random)
    tumour_free = [
        {"images": erased, "planes": train["planes"][done], "cases": no_case[done]},
        {key: real[key][train["labels"] == NORMAL] for key in ("images", "planes", "cases")},
        {key: studies[key][studies["labels"] == NORMAL] for key in ("images", "planes", "cases")},
    ]
    of_glioma = train["labels"][done] == LABELS.index("glioma")
    parts = [
        part(real, "real", dense=has_mask(train) | (train["labels"] == NORMAL)),
        part({"images": erased[~of_glioma], "planes": train["planes"][done][~of_glioma]}, "erased"),
        part({"images": erased[of_glioma], "planes": train["planes"][done][of_glioma]}, "erased glioma"),
        part(studies, "study", dense=studies["labels"] == NORMAL),
    ]
    # Tumours go into three kinds of heads in turn, with contrast agent, from the web and of real studies, so that the
    # kind of head tells nothing.
    for heads in tumour_free:
        whole = np.array([counterfactuals.is_whole(image) for image in heads["images"]])
        heads = {key: value[whole] for key, value in heads.items()}
        parts.append(
            part(counterfactuals.transplant(real, random.permutation(masked)[:900], heads, random), "transplanted")
        )
        heads["masks"] = np.zeros_like(heads["images"])
        images, cases = counterfactuals.sham(real, random.permutation(masked)[:200], heads, random)
        parts.append(part({"images": images, "cases": cases}, "sham"))
    return parts


def more_heads(data: Path, train: dict[str, Any], studies: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Parts of the pool: healthy heads without skulls and from other planes, tumours anywhere in them, joined halves.

    The arguments are those of `real_and_counterfactual`.
    """
    real = {**train, "cases": np.full(len(train["labels"]), "")}
    masked = np.flatnonzero(has_mask(train))
    movable = masked[train["labels"][masked] != LABELS.index("pituitary")]
    whole = studies["labels"] == NORMAL
    whole[whole] = [
        counterfactuals.is_whole(image) or counterfactuals.head_of(image).mean() > 0.25
        for image in studies["images"][whole]
    ]
    bare, turned = stripped(data), resliced(data)
    heads = {
        key: np.concatenate([studies[key][whole], bare[key], turned[key]] * PLACED)
        for key in ("images", "planes", "cases")
    }
    placed, unchanged = counterfactuals.place(real, movable, heads, np.random.default_rng(SEED + 1))
    joined = counterfactuals.halves(real, masked, np.random.default_rng(SEED + 2))
    return [
        part(bare, "study stripped"),
        part(turned, "study resliced"),
        part(placed, "placed"),
        part(unchanged, "sham placed"),
        part({key: joined[key] for key in ("images", "masks", "labels")}, "halves"),
    ]


def part(given: dict[str, Any], origin: str, dense: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """A part of the pool from what is known of its slices; without labels and masks they are free of tumours.

    `given`: "images" [N, rows, columns], 0-1, and maybe "masks", "labels", "planes", "cases". `dense`: [N] bool; all
    True if None.
    """
    count = len(given["images"])
    masks = given.get("masks", np.zeros(given["images"].shape, np.float16))
    return {
        "images": np.round(np.clip(given["images"], 0, 1) * 255).astype(np.uint8),
        "masks": np.round(masks.astype(np.float32) * 255).astype(np.uint8),
        "labels": given.get("labels", np.full(count, NORMAL)),
        "planes": given.get("planes", np.full(count, "")).astype("U8"),
        "cases": given.get("cases", np.full(count, "")).astype("U48"),
        "origins": np.full(count, origin, "U16"),
        "dense": np.ones(count, bool) if dense is None else dense,
    }  # fmt: skip


def has_mask(pool: dict[str, Any]) -> np.ndarray:
    """[N] bool: which slices have a tumour mask."""
    return pool["masks"].reshape(len(pool["masks"]), -1).max(1) >= 0.5


def brain(image: np.ndarray, mask: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """[rows, columns] bool: the part of a slice that a skull stripping would leave.

    All False where it would take more than a tenth of the tumour with it. `image`, `mask`: [rows, columns] uint8.
    """
    found = counterfactuals.brain_of(image / 255, random)
    if found is None or (mask.any() and mask[found].sum(dtype=float) < 0.9 * mask.sum(dtype=float)):
        return np.zeros(image.shape, bool)
    return found


def signature(data: Path) -> str:
    """Hash of the files that the pools are made by, so that a change of them makes the pools anew."""
    names = (
        "preprocess.py",
        "slices.py",
        "studies.py",
        "counterfactuals.py",
        "strip.py",
        "reslice.py",
        "thirds.py",
        "pool.py",
    )
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()[:12]
