"""Everything that a network may learn from, in one pool of slices; each knows its origin and its case."""
import hashlib

import numpy as np

import counterfactuals
from reslice import resliced
from slices import HERE, LABELS, load_phantoms, load_slices
from strip import stripped
from studies import labelled, load_series
from thirds import third_of

NORMAL = LABELS.index("no_tumor")
SEED = 7
PLACED = 3  # tumours, and as many shams, put into each healthy slice of a study
KEYS = ("images", "masks", "brains", "labels", "planes", "cases", "origins", "dense")


def split(data, name):
    """Slices of a split whose label can be trusted, as the manifest of the data marks them, with the manifest's rows."""
    slices = load_slices(data)
    keep = np.array([row["split"] == name and row["label_trust"] != "low" for row in slices["rows"]])
    rows = [row for row, kept in zip(slices["rows"], keep) if kept]
    labels = np.array([LABELS.index(row["label"].replace("notumor", "no_tumor")) for row in rows])
    planes = np.array([row["plane"] or "ax" for row in rows])  # the web's slices without a plane are mostly axial
    return {"rows": rows, "labels": labels, "planes": planes, "images": slices["images"][keep], "masks": slices["masks"][keep]}


def select(part, keep):
    """Those of a split's slices."""
    rows = [row for row, kept in zip(part["rows"], keep) if kept]
    return {"rows": rows, **{key: part[key][keep] for key in ("labels", "planes", "images", "masks")}}


def training_pool(data, phantoms, without=None):
    """{"images" uint8, "masks" uint8, "brains" bool, "labels", "planes", "cases", "origins", "dense" bool}, made once.

    origins: real, erased (meningiomas), erased glioma (around which oedema may stay), transplanted, sham, halves, placed,
    sham placed, phantom, study, study stripped, study resliced, study tumour. cases: that of the DICOM study whose pixels are in the slice,
    "" for none: a study that is held out is left out with all that was made of it. dense: whether the mask says of every
    cell whether there is tumour. `without`: a third of the labelled slices (thirds.py) of which nothing is in it.
    """
    cache = HERE / "cache" / f"pool-{signature(data)}{'' if without is None else f'-without-{without}'}.npz"
    if not cache.exists():
        random = np.random.default_rng(SEED)
        train, studies = split(data, "train"), labelled(load_series(data), LABELS)
        if without is not None:
            train = select(train, third_of(train["rows"]) != without)
        parts = real_and_counterfactual(train, studies, random)
        parts += [part(load_phantoms(phantoms), "phantom"), *more_heads(data, train, studies)]
        pool = {key: np.concatenate([one[key] for one in parts]) for key in KEYS if key != "brains"}
        pool["brains"] = np.stack([brain(image, mask, random) for image, mask in zip(pool["images"], pool["masks"])])
        np.savez(cache, **pool)
    pool = dict(np.load(cache))
    pool["origins"][(pool["origins"] == "study") & (pool["labels"] != NORMAL)] = "study tumour"
    return pool


def validation_pools(data):
    """{"val", "val erased", "val transplanted"}: what is measured while networks are compared."""
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


def real_and_counterfactual(train, studies, random):
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
    # In turn into heads with contrast agent, from the web, and of real studies, so that none of the three says anything.
    for heads in tumour_free:
        whole = np.array([counterfactuals.is_whole(image) for image in heads["images"]])
        heads = {key: value[whole] for key, value in heads.items()}
        parts.append(part(counterfactuals.transplant(real, random.permutation(masked)[:900], heads, random), "transplanted"))
        heads["masks"] = np.zeros_like(heads["images"])
        images, cases = counterfactuals.sham(real, random.permutation(masked)[:200], heads, random)
        parts.append(part({"images": images, "cases": cases}, "sham"))
    return parts


def more_heads(data, train, studies):
    """Healthy heads without their skulls and from the other planes, tumours anywhere in healthy studies, heads of halves."""
    real = {**train, "cases": np.full(len(train["labels"]), "")}
    masked = np.flatnonzero(has_mask(train))
    movable = masked[train["labels"][masked] != LABELS.index("pituitary")]
    whole = studies["labels"] == NORMAL
    whole[whole] = [counterfactuals.is_whole(image) or counterfactuals.head_of(image).mean() > 0.25 for image in studies["images"][whole]]
    bare, turned = stripped(data), resliced(data)
    heads = {key: np.concatenate([studies[key][whole], bare[key], turned[key]] * PLACED) for key in ("images", "planes", "cases")}
    placed, unchanged = counterfactuals.place(real, movable, heads, np.random.default_rng(SEED + 1))
    joined = counterfactuals.halves(real, masked, np.random.default_rng(SEED + 2))
    return [
        part(bare, "study stripped"),
        part(turned, "study resliced"),
        part(placed, "placed"),
        part(unchanged, "sham placed"),
        part({key: joined[key] for key in ("images", "masks", "labels")}, "halves"),
    ]


def part(given, origin, dense=None):
    """A part of the pool from what is known of it; without labels and masks it is free of tumours."""
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


def has_mask(pool):
    return pool["masks"].reshape(len(pool["masks"]), -1).max(1) >= 0.5


def brain(image, mask, random):
    """Where a skull stripping would leave the slice; nowhere, where it would take a tenth of the tumour with it."""
    found = counterfactuals.brain_of(image / 255, random)
    if found is None or (mask.any() and mask[found].sum(dtype=float) < 0.9 * mask.sum(dtype=float)):
        return np.zeros(image.shape, bool)
    return found


def signature(data):
    names = ("preprocess.py", "slices.py", "studies.py", "counterfactuals.py", "strip.py", "reslice.py", "thirds.py", "pool.py")
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in names)).hexdigest()[:12]
