"""Slices that no archive holds: the same head without its tumour, and the same tumour in another head.

Every contrast-enhanced slice of the public sets shows a tumour. So a network can answer "contrast agent" instead of
"tumour" and be right. Here a tumour is replaced by the tissue that another head has in its place, or it is put into a
head that has none. Both leave the same seam, and so do sham patches of healthy tissue: the seam tells nothing.

In this file an image is [rows, columns] of grey values, 0-1, and a mask is the share of each pixel that is tumour, 0-1.
A pool is a dict of arrays with one entry for each slice: "images" and "masks" [N, rows, columns], "labels" [N] indices,
"planes" [N] ("ax", "cor", "sag"), "cases" [N]. `random` is numpy's random generator.
"""

from typing import Any

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.linalg import spsolve

from slices import LABELS

HEAD = 0.08  # grey value of the head, at least; darker is air
LARGEST_ERASED = 0.07  # share of the frame; a larger tumour has displaced tissue that looks ill without it, too
LARGEST_PLACED = 0.12  # share of the frame
DONORS = 6  # most similar heads, of which one is drawn
DULLED = 0.3  # share of the transplanted gliomas that are shown as if they took no contrast agent
FAINT = 0.6  # share of the gliomas placed anywhere that are shown so, some more and some less
CLEAR = 4  # columns beyond the middle that must be free of tumour
PARTNERS = 150  # halves that are tried, of which the best is taken
NORMAL = LABELS.index("no_tumor")
ROUNDS = 4  # rounds in which each tumour-free half is joined to another half
KEPT = 0.65  # share of the slices without their tumour that is kept: those where the donor fits best around the gap


def blend(target: np.ndarray, source: np.ndarray, region: np.ndarray) -> np.ndarray:
    """`target` with `source` within `region`, moved by the smoothest field that makes both meet at the border.

    `target`, `source`: images. `region`: [rows, columns] bool. Returns an image.
    Pérez et al. 2003, Poisson image editing: the gradients are the source's, the level is the target's.
    """
    region = region.copy()
    region[[0, -1]] = region[:, [0, -1]] = False
    count = int(region.sum())
    number = np.full(region.shape, -1)
    number[region] = np.arange(count)
    rows, columns = np.nonzero(region)
    own = number[rows, columns]
    known, entries = np.zeros(count), [(own, own, np.full(count, 4.0))]
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        beside = number[rows + down, columns + across]
        inside = beside >= 0
        entries.append((own[inside], beside[inside], np.full(inside.sum(), -1.0)))
        at = (rows[~inside] + down, columns[~inside] + across)
        np.add.at(known, own[~inside], (target - source)[at])
    row, column, value = (np.concatenate(parts) for parts in zip(*entries))
    field = spsolve(sparse.csc_matrix((value, (row, column)), (count, count)), known)
    result = target.copy()
    result[region] = source[region] + field
    return np.clip(result, 0, 1)


def head_of(image: np.ndarray) -> np.ndarray:
    """[rows, columns] bool: the head, with the dark tissue inside it."""
    return ndimage.binary_fill_holes(largest(ndimage.binary_opening(image > HEAD, iterations=1)))


def largest(mask: np.ndarray) -> np.ndarray:
    """Largest connected part of a bool array of any shape; all False where `mask` is empty."""
    parts, count = ndimage.label(mask)
    if count == 0:
        return np.zeros(mask.shape, bool)
    return parts == np.argmax(ndimage.sum_labels(mask, parts, np.arange(1, count + 1))) + 1


def is_whole(image: np.ndarray) -> bool:
    """Whether the slice shows a head in dark air, without a rim or noise; a head that receives a tumour must."""
    corners = np.concatenate(
        [image[:6, :6].ravel(), image[:6, -6:].ravel(), image[-6:, :6].ravel(), image[-6:, -6:].ravel()]
    )
    inside = head_of(image)
    return bool(np.median(corners) < HEAD and inside.mean() > 0.3 and (image[inside] > 2 * HEAD).mean() > 0.75)


def widened(mask: np.ndarray, pixels: int) -> np.ndarray:
    """The mask where it is at least 0.5, widened by `pixels` on every side; bool."""
    return ndimage.binary_dilation(mask >= 0.5, iterations=pixels)


def erase(
    pool: dict[str, np.ndarray], chosen: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Replaces the tumours of the slices `chosen` (indices) by tissue of other heads.

    Returns the images [n, rows, columns] that worked, and their indices [n].
    Pituitary tumours are left out, because the gland goes on where their outline ends. So are tumours around which no
    other head fits, because the outline leaves some of the tumour. What is called tumour-free must be so.
    """
    images, done, distances = [], [], []
    for index in chosen:
        region = widened(pool["masks"][index], 3)
        if not region.any() or region.mean() > LARGEST_ERASED or LABELS[pool["labels"][index]] == "pituitary":
            continue
        found = similar(pool, index, region, random)
        if found is not None:
            distance, donor = found
            images.append(blend(pool["images"][index].astype(float), donor, region))
            done.append(index)
            distances.append(distance)
    fits = np.array(distances) <= np.quantile(distances, KEPT)
    return np.stack(images).astype(np.float32)[fits], np.array(done)[fits]


def similar(
    pool: dict[str, np.ndarray], index: int, region: np.ndarray, random: np.random.Generator
) -> tuple[float, np.ndarray] | None:
    """Another head of the pool that looks like slice `index` around `region` and has no tumour in it.

    Returns the mean absolute difference around the region and the other head's image, its level matched; None where no
    head fits. One of the most similar heads is drawn.
    """
    ring = ndimage.binary_dilation(region, iterations=5) & ~region
    own = pool["images"][index][ring].astype(np.float32)
    candidates = np.flatnonzero((pool["planes"] == pool["planes"][index]) & (np.arange(len(pool["planes"])) != index))
    planes = [pool["images"], pool["masks"]]
    best = []
    for mirrored in (False, True) if pool["planes"][index] != "sag" else (False,):
        images, masks = (array[candidates][..., ::-1] if mirrored else array[candidates] for array in planes)
        free = (masks[:, region] < 0.05).all(1)
        around, within = images[:, ring].astype(np.float32), images[:, region]
        gain = own.std() / np.maximum(around.std(1), 1e-3)
        fits = free & (gain > 0.5) & (gain < 2) & ((within > HEAD).mean(1) > 0.9)
        distance = np.abs((around - around.mean(1, keepdims=True)) * gain[:, None] + own.mean() - own).mean(1)
        for at in np.argsort(np.where(fits, distance, np.inf))[:DONORS]:
            if fits[at]:
                best.append((distance[at], (images[at].astype(float) - around[at].mean()) * gain[at] + own.mean()))
    best.sort(key=lambda pair: pair[0])
    return best[random.integers(min(DONORS, len(best)))] if best else None


def transplant(
    pool: dict[str, np.ndarray], chosen: np.ndarray, heads: dict[str, np.ndarray], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """Puts the tumour of each slice of `chosen` (indices) into one of `heads`, at its own place.

    `heads`: {"images", "planes", "cases"}. Returns {"images", "masks", "labels", "cases"}; the case is the head's.
    Some gliomas come without their bright rim, because some gliomas take no contrast agent.
    """
    inside = [head_of(image) for image in heads["images"]]
    images, masks, labels, cases = [], [], [], []
    for index in chosen:
        image, mask = pool["images"][index].astype(float), pool["masks"][index].astype(np.float32)
        plane = pool["planes"][index]
        region = widened(mask, 2)
        candidates = np.flatnonzero(heads["planes"] == plane)
        for head in random.permutation(candidates)[:8]:
            target = heads["images"][head].astype(float)
            if (region & inside[head]).sum() < 0.97 * region.sum():
                continue
            source = image
            if pool["labels"][index] == 0 and random.random() < DULLED:
                source = dulled(image, mask, random)
            images.append(blend(target, source * matching_gain(image, target), region))
            masks.append(mask)
            labels.append(pool["labels"][index])
            cases.append(heads["cases"][head])
            break
    return {
        "images": np.stack(images).astype(np.float32), "masks": np.stack(masks),
        "labels": np.array(labels), "cases": np.array(cases),
    }  # fmt: skip


def place(
    pool: dict[str, np.ndarray], chosen: np.ndarray, heads: dict[str, np.ndarray], random: np.random.Generator
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Puts a glioma or meningioma of `chosen` (indices) somewhere into each of `heads`, and healthy tissue as often.

    The tumour is turned, scaled, mirrored, and shown with more or less contrast. The healthy tissue comes from another
    of the heads and has the shape of a tumour.
    Returns ({"images", "masks", "labels", "cases"} with tumours, {"images", "cases"} without).
    """
    shown, free = {key: [] for key in ("images", "masks", "labels", "cases")}, {"images": [], "cases": []}
    for head in range(len(heads["images"])):
        target = heads["images"][head].astype(float)
        inside = head_of(target)
        for with_tumour in (True, False):
            index = random.choice(chosen)
            found = settle(pool["images"][index].astype(float), pool["masks"][index].astype(float), inside, random)
            if found is None:
                continue
            source, mask, region = found
            if not with_tumour:
                source = heads["images"][
                    random.choice(np.flatnonzero(heads["planes"] == heads["planes"][head]))
                ].astype(float)
            elif pool["labels"][index] == 0 and random.random() < FAINT:
                source = dulled(
                    source, mask, random, random.uniform(0.5, 0.95), random.uniform(0.1, 0.8), random.uniform(1, 3)
                )
            else:
                level = np.median(source[widened(mask, 5) & ~widened(mask, 2)])
                source = level + (source - level) * random.uniform(0.4, 1.1)
            image = blend(target, source * matching_gain(source, target), region).astype(np.float32)
            kept = shown if with_tumour else free
            kept["images"].append(image)
            kept["cases"].append(heads["cases"][head])
            if with_tumour:
                shown["masks"].append(mask.astype(np.float32))
                shown["labels"].append(pool["labels"][index])
    return {key: np.array(value) for key, value in shown.items()}, {key: np.array(value) for key, value in free.items()}


def settle(
    image: np.ndarray, mask: np.ndarray, inside: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Turns, scales, mirrors and moves a slice so that its tumour lies `inside` a head ([rows, columns] bool).

    Returns (image, mask, region around the tumour, bool); None where ten tries find no place.
    """
    if random.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    at = np.array(ndimage.center_of_mass(mask >= 0.5))
    places = np.argwhere(ndimage.binary_erosion(inside, iterations=6))
    if len(places) == 0:
        return None
    for _ in range(10):
        to = places[random.integers(len(places))]
        angle, size = random.uniform(-np.pi, np.pi), random.uniform(0.7, 1.3)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / size
        moved = ndimage.affine_transform(mask, turn, at - turn @ to, order=1)
        region = widened(moved, 2)
        count = region.sum()
        if 30 < count < LARGEST_PLACED * region.size and (region & inside).sum() >= 0.97 * count:
            return ndimage.affine_transform(image, turn, at - turn @ to, order=1, mode="nearest"), moved, region
    return None


def dulled(
    image: np.ndarray,
    mask: np.ndarray,
    random: np.random.Generator,
    level: float | None = None,
    texture: float = 0.3,
    softness: float = 1.5,
) -> np.ndarray:
    """The image with a darker and smoother tumour, as one that takes no contrast agent.

    `level`: brightness relative to the tissue around it; drawn from 0.55 to 0.85 if None. `texture`: share of the
    tumour's texture that is kept. `softness`: of the tumour's edge, px.
    """
    around = np.median(image[widened(mask, 6) & ~widened(mask, 2)])
    inner = ndimage.gaussian_filter(image, 1.0) - ndimage.gaussian_filter(image, 6.0)
    shown = around * (random.uniform(0.55, 0.85) if level is None else level) + texture * inner
    weight = ndimage.gaussian_filter((mask >= 0.5).astype(float), softness)
    return image * (1 - weight) + shown * weight


def matching_gain(image: np.ndarray, target: np.ndarray) -> float:
    """Factor, 0.6 to 1.6, that gives the head of `image` the contrast of the head of `target`."""
    spread = [np.percentile(pixels[pixels > HEAD], [25, 75]) for pixels in (image, target)]
    widths = [high - low for low, high in spread]
    return float(np.clip(widths[1] / max(widths[0], 1e-3), 0.6, 1.6))


def sham(
    pool: dict[str, np.ndarray], chosen: np.ndarray, heads: dict[str, np.ndarray], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Puts healthy tissue of another head into `heads`, in the shape of the tumours of `chosen` (indices).

    The slices have a seam without a tumour. Returns images [n, rows, columns] and the heads' cases [n].
    """
    images, cases = [], []
    combined = {key: np.concatenate([pool[key], heads[key]]) for key in ("images", "masks", "planes")}
    for index in chosen:
        region = widened(pool["masks"][index], 2)
        candidates = np.flatnonzero(heads["planes"] == pool["planes"][index])
        if len(candidates) == 0 or region.mean() > LARGEST_ERASED:
            continue
        head = random.choice(candidates)
        found = similar(combined, len(pool["labels"]) + head, region, random)
        if found is not None:
            images.append(blend(heads["images"][head].astype(float), found[1], region))
            cases.append(heads["cases"][head])
    return np.stack(images).astype(np.float32), np.array(cases)


def halves(pool: dict[str, np.ndarray], chosen: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Joins a half of a slice of `chosen` (indices) to a tumour-free half of another head in the same plane.

    Returns {"images", "masks", "labels"}; every second slice has a tumour.
    The tumour-free ones are heads after contrast agent that nobody had to inpaint. Those with a tumour have the same
    seam, and their sides are as unlike, so neither tells anything.
    """
    usable = [index for index in chosen if pool["planes"][index] != "sag" and is_whole(pool["images"][index])]
    turned = [half for index in usable for half in centred(pool, index)]
    free = [{**half, "label": NORMAL} for half in turned if is_free(half)]
    with_tumour = [half for half in turned if is_on_one_side(half)]
    images, masks, labels = [], [], []
    drawn = np.concatenate([random.permutation(len(free)) for _ in range(ROUNDS)])
    for number, index in enumerate(drawn):
        own = free[index] if number % 2 else with_tumour[number // 2 % len(with_tumour)]
        beside = partner(own, free, random)
        if beside is None:
            continue
        images.append(join(own["image"], beside))
        masks.append(np.where(np.arange(own["mask"].shape[1]) < middle_of(own), own["mask"], 0))
        labels.append(own["label"])
    return {"images": np.stack(images).astype(np.float32), "masks": np.stack(masks), "labels": np.array(labels)}


def is_free(half: dict[str, Any]) -> bool:
    """Whether the left half has no tumour. `half`: an entry of `centred`."""
    return not half["mask"][:, : middle_of(half) + CLEAR].any()


def is_on_one_side(half: dict[str, Any]) -> bool:
    """Whether there is a tumour that lies wholly in the left half. `half`: an entry of `centred`."""
    return half["mask"].any() and not half["mask"][:, middle_of(half) - CLEAR // 2 :].any()


def centred(pool: dict[str, np.ndarray], index: int) -> list[dict[str, Any]]:
    """The slice and its mirror image, moved so that the middle of the head is the middle of the frame.

    Returns two dicts {"index", "plane", "label", "image", "mask"}; none where the head lies too far off the middle.
    """
    image, mask = pool["images"][index].astype(np.float32), pool["masks"][index].astype(np.float32)
    columns, middle = np.flatnonzero(head_of(image).any(0)), image.shape[1] // 2
    shift = middle - int(round((columns[0] + columns[-1] + 1) / 2))
    if abs(shift) > middle // 4:
        return []
    image, mask = (ndimage.shift(array, (0, shift), order=0) for array in (image, mask))
    known = {"index": index, "plane": pool["planes"][index], "label": pool["labels"][index]}
    return [
        {**known, "image": array, "mask": cover} for array, cover in ((image, mask), (image[:, ::-1], mask[:, ::-1]))
    ]


def middle_of(half: dict[str, Any]) -> int:
    """Column in the middle of the frame. `half`: an entry of `centred`."""
    return half["mask"].shape[1] // 2


def partner(own: dict[str, Any], free: list[dict[str, Any]], random: np.random.Generator) -> np.ndarray | None:
    """The image of a tumour-free half that best continues where the half `own` ends; None where there is none.

    `own`, `free`: entries of `centred`. The image is mirrored, so that its half lies on the right.
    """
    band = slice(middle_of(own) - 4, middle_of(own) + 4)
    edge = own["image"][:, band]
    best = None
    for number in random.permutation(len(free))[:PARTNERS]:
        candidate = free[number]
        if candidate["plane"] != own["plane"] or candidate["index"] == own["index"]:
            continue
        image = candidate["image"][:, ::-1]
        gain = np.clip(edge.mean() / max(image[:, band].mean(), 1e-3), 0.5, 2)
        distance = np.abs(image[:, band] * gain - edge).mean()
        if best is None or distance < best[0]:
            best = distance, np.clip(image * gain, 0, 1)
    return best[1] if best else None


def join(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The left half of one image and the right half of the other, with a transition over six columns."""
    columns = left.shape[1]
    share = np.clip((np.arange(columns) - columns // 2) / 6 + 0.5, 0, 1)
    return left * (1 - share) + right * share


def brain_of(image: np.ndarray, random: np.random.Generator) -> np.ndarray | None:
    """[rows, columns] bool: the head without its outermost layer, roughly what a skull stripping leaves.

    None where too little is left.
    """
    head = np.pad(head_of(image), 1)  # where head and frame touch, the frame's edge is the head's
    depth = int(round(np.sqrt(head.sum()) * random.uniform(0.06, 0.11)))
    brain = ndimage.distance_transform_edt(head)[1:-1, 1:-1] > depth
    brain = ndimage.gaussian_filter(brain.astype(float), 3) > 0.5  # without spikes
    return brain if brain.mean() > 0.12 else None
