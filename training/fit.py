"""The training loop. It draws slices from the pool, minimises, averages the weights, and saves after every epoch."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import figures as measure
from augment import augment
from pool import NORMAL
from slices import INPUT, LABELS

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
AVERAGE = 0.998  # share of the weights' moving average that each step keeps
SMOOTHING = 0.05  # label smoothing
NEW_RATE = 3  # learning rate of parameters that do not come from ImageNet, relative to that of those that do
GLIOMA = LABELS.index("glioma")
FULLY, BARELY = 0.6, 0.05  # share of a cell that is tumour: at least in a tumour cell, at most in a tumour-free cell


def fit(
    network: nn.Module,
    pool: dict[str, np.ndarray],
    checks: dict[str, dict[str, Any]],
    options: dict[str, Any],
    run: Path,
) -> list[dict[str, Any]]:
    """Trains `network` in place and returns its history, one entry for each epoch.

    It goes on after the last whole epoch that the folder `run` holds.
    `pool`: see `pool.training_pool`. `checks`: see `pool.validation_pools`.
    `options`: side (px of the input), epochs, batch, rate, mix {origin: slices an epoch}, hold_out [cases], seed;
    dense, attention and outside (weights of the losses); strength (of the augmentation); stripped (share shown without
    the skull); oedema (True: nothing is asked of the cells around a glioma, because its outline may be that of the part
    with contrast agent alone).
    """
    run.mkdir(parents=True, exist_ok=True)
    network.to(DEVICE, memory_format=torch.channels_last)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    steps = sum(options["mix"].values()) // options["batch"]
    optimizer, schedule = optimiser(network, options, steps)
    history, latest = [], run / "latest.pt"
    if latest.exists():
        state = torch.load(latest, map_location=DEVICE)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        average, history = state["average"], state["history"]
        torch.set_rng_state(state["random"].cpu())
    own = {name: value.clone() for name, value in network.state_dict().items()}
    taken = len(history) * steps
    for epoch in range(len(history) + 1, options["epochs"] + 1):
        started = time.time()
        network.load_state_dict(own)
        network.train()
        losses = []
        for chosen in batches(pool, options, epoch):
            loss, parts = step_loss(network, pool, chosen, options)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            taken += 1
            blend_into(average, network, min(AVERAGE, (1 + taken) / (10 + taken)))
            losses.append(parts)
        own = {name: value.clone() for name, value in network.state_dict().items()}
        network.load_state_dict(average)
        names = ("trainLoss", "denseLoss", "attentionLoss", "outsideLoss")
        entry = {"epoch": epoch, **{name: round(float(value), 4) for name, value in zip(names, np.mean(losses, 0))}}
        entry.update(check(network, checks, options["side"]))
        history.append({**entry, "seconds": round(time.time() - started, 1)})
        print(json.dumps(history[-1]), flush=True)
        state = {
            "network": own,
            "optimizer": optimizer.state_dict(),
            "schedule": schedule.state_dict(),
            "average": average,
        }
        torch.save({**state, "random": torch.get_rng_state(), "history": history}, run / "writing.pt")
        (run / "writing.pt").rename(latest)
    network.load_state_dict(average)
    return history


def optimiser(
    network: nn.Module, options: dict[str, Any], steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.OneCycleLR]:
    """AdamW and its schedule. New parameters learn faster, and only matrices decay. `steps`: steps of an epoch."""
    new = {id(p) for p in network.new_parameters()} if hasattr(network, "new_parameters") else set()
    groups = []
    for is_new in (False, True):
        for is_matrix in (False, True):
            members = [p for p in network.parameters() if (id(p) in new) == is_new and (p.ndim > 1) == is_matrix]
            rate = options["rate"] * (NEW_RATE if is_new else 1)
            groups += [{"params": members, "weight_decay": 0.02 * is_matrix, "lr": rate}] * bool(members)
    optimizer = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        [group["lr"] for group in groups],
        total_steps=steps * options["epochs"] + 1,
        pct_start=0.05,
        div_factor=10,
        final_div_factor=100,
    )
    return optimizer, schedule


def batches(pool: dict[str, np.ndarray], options: dict[str, Any], epoch: int) -> Iterator[np.ndarray]:
    """Indices [batch] of the slices of each step of an epoch.

    The mix says how many slices of each origin an epoch has. None is of a case that is held out.
    """
    random = np.random.default_rng([options["seed"], epoch])
    allowed = ~np.isin(pool["cases"], options["hold_out"])
    chosen = []
    for origin, count in options["mix"].items():
        members = np.flatnonzero(allowed & (pool["origins"] == origin))
        whole, rest = divmod(count, len(members))
        chosen += [members] * whole + [random.choice(members, rest, replace=False)]
    order = random.permutation(np.concatenate(chosen))
    for start in range(0, len(order) - options["batch"] + 1, options["batch"]):
        yield order[start : start + options["batch"]]


def step_loss(
    network: nn.Module, pool: dict[str, np.ndarray], chosen: np.ndarray, options: dict[str, Any]
) -> tuple[torch.Tensor, list[float]]:
    """Loss of one step (a scalar), and its parts: of slices, cells, attention, and what lies outside tumours.

    `chosen`: [batch] indices into the pool.
    """

    def plane(key: str) -> torch.Tensor:
        """The pool's array `key` of the chosen slices, [batch, rows, columns], 0-1."""
        return torch.tensor(pool[key][chosen].astype(np.float32) / (1 if key == "brains" else 255))

    may_strip = torch.full((len(chosen),), options["stripped"])
    image, mask = augment(
        plane("images"), plane("masks"), plane("brains"), may_strip, options["side"], options["strength"]
    )
    label, dense = torch.tensor(pool["labels"][chosen]), torch.tensor(pool["dense"][chosen])
    mask, label, dense = mask.to(DEVICE), label.to(DEVICE), dense.to(DEVICE)
    logits, maps, _ = network(as_input(image).to(DEVICE))
    slice_loss = F.cross_entropy(logits, label, label_smoothing=SMOOTHING)
    cells = F.adaptive_avg_pool2d(mask[:, None], maps.shape[2:])[:, 0]
    around = near(cells)
    unsure = around & (label == GLIOMA)[:, None, None] & options["oedema"]
    cell_loss = dense_loss(maps, cells, label, dense, unsure) if options["dense"] else maps.sum() * 0
    where_loss = attention_loss(maps, cells, label) if options["attention"] else maps.sum() * 0
    beside_loss = (
        outside_loss(network, maps, cells, around, label, dense & ~unsure.flatten(1).any(1))
        if options["outside"]
        else maps.sum() * 0
    )
    loss = (
        slice_loss + options["dense"] * cell_loss + options["attention"] * where_loss + options["outside"] * beside_loss
    )
    return loss, [float(slice_loss), float(cell_loss), float(where_loss), float(beside_loss)]


def near(cells: torch.Tensor) -> torch.Tensor:
    """Which cells have tumour within two cells: [N, rows, columns] share of tumour → the same shape, bool."""
    return F.max_pool2d(cells[:, None], 5, stride=1, padding=2)[:, 0] > BARELY


def dense_loss(
    maps: torch.Tensor, cells: torch.Tensor, label: torch.Tensor, dense: torch.Tensor, unsure: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy of the cells' labels (a scalar); tumour cells and tumour-free cells have the same weight.

    `maps`: [N, classes, rows, columns] evidence. `cells`: [N, rows, columns], share of the cell that is tumour.
    `label`: [N]. `dense`: [N] bool, whether the mask tells of every cell whether it is tumour. `unsure`: [N, rows,
    columns] bool, tumour-free cells that are left out.
    """
    cells, label, unsure = cells[dense], label[dense], unsure[dense]
    losses = -F.log_softmax(maps[dense], 1)
    inside = (cells >= FULLY) & (label != NORMAL)[:, None, None]
    outside = (cells <= BARELY) & ~unsure
    own = losses.gather(1, label[:, None, None, None].expand(-1, 1, *cells.shape[1:]))[:, 0]
    of_tumour = own[inside].mean() if inside.any() else maps.sum() * 0
    return (of_tumour + losses[:, NORMAL][outside].mean()) / 2


def outside_loss(
    network: nn.Module,
    maps: torch.Tensor,
    cells: torch.Tensor,
    around: torch.Tensor,
    label: torch.Tensor,
    dense: torch.Tensor,
) -> torch.Tensor:
    """Cross-entropy (a scalar) of the cells beside a tumour, pooled as a slice of their own.

    Their answer is the normal label: they are the tumour-free part of a head with contrast agent. The cells next to the
    tumour are left out (`around`, [N, rows, columns] bool), because they may show oedema. For the other arguments see
    `dense_loss`.
    """
    known = dense & (label != NORMAL) & (cells.flatten(1).amax(1) > 0)
    if not known.any():
        return maps.sum() * 0
    logits = network.presence(maps[known], ~around[known])
    return F.cross_entropy(logits, torch.full((len(logits),), NORMAL, device=logits.device))


def attention_loss(maps: torch.Tensor, cells: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
    """Cross-entropy (a scalar) between the tumour's cells and the softmax of the true label's map.

    Only slices with a mask count. For the arguments see `dense_loss`.
    It takes a softmax, because the share of the map's positive part that lies in the tumour has no gradient where the
    map is negative: maps that were trained with that share died.
    """
    masked = (cells.flatten(1).amax(1) > 0.3) & (label != NORMAL)
    if not masked.any():
        return maps.sum() * 0
    wanted = cells[masked].flatten(1)
    own = maps[masked, label[masked]].flatten(1)
    return -(wanted / wanted.sum(1, keepdim=True) * F.log_softmax(own, 1)).sum(1).mean()


def blend_into(average: dict[str, torch.Tensor], network: nn.Module, kept: float) -> None:
    """Updates the moving average of the weights in place. `kept`: share of the old average that remains."""
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].lerp_(value, 1 - kept)
            else:
                average[name].copy_(value)


def as_input(image: torch.Tensor) -> torch.Tensor:
    """[N, rows, columns] grey values, 0-1 → [N, 3, rows, columns], normalised as the model's input."""
    mean = torch.tensor(INPUT["mean"])[:, None, None]
    std = torch.tensor(INPUT["std"])[:, None, None]
    return ((image[:, None] - mean) / std).contiguous(memory_format=torch.channels_last)


def predict(
    network: nn.Module, images: np.ndarray, maps_too: bool = False, side: int = INPUT["rows"]
) -> tuple[np.ndarray, ...]:
    """[N, rows, columns] grey values, 0-1 → logits [N, classes] and features [N, F].

    With `maps_too` the maps [N, classes, cells down, cells across] as well. `side`: px that the images are scaled to.
    """
    network.eval().to(DEVICE, memory_format=torch.channels_last)
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), 64):
            image = torch.tensor(images[start : start + 64])
            if side != image.shape[-1]:
                image = F.interpolate(image[:, None], (side, side), mode="bilinear", antialias=True)[:, 0]
            logits, maps, features = (part.cpu() for part in network(as_input(image).to(DEVICE)))
            parts.append(
                [logits.double().numpy(), features.numpy(), maps.numpy() if maps_too else np.zeros(len(logits))]
            )
    logits, features, maps = (np.concatenate(arrays) for arrays in zip(*parts))
    return (logits, features, maps) if maps_too else (logits, features)


def view_slices(network: nn.Module, images: np.ndarray) -> dict[str, Any]:
    """Viewed slices: the mean of each slice's two views, as it is and mirrored, as the server computes it.

    `images`: [N, rows, columns], 0-1. Returns {"logits": [N, classes], "features": [N, F] of each view, "presence":
    [N, cells down, cells across] log odds of any tumour, "maps": [N, classes, cells down, cells across] of the slice as
    it is, "once": {"logits", "presence"} of the slice as it is}.
    """
    logits, features, maps = predict(network, images, maps_too=True)
    mirrored = predict(network, np.ascontiguousarray(images[:, :, ::-1]), maps_too=True)
    once = {"logits": logits, "presence": presences(maps)}
    presence = (once["presence"] + presences(mirrored[2])[:, :, ::-1]) / 2
    return {
        "logits": (logits + mirrored[0]) / 2,
        "features": (features, mirrored[1]),
        "presence": presence,
        "maps": maps,
        "once": once,
    }


def view_series(network: nn.Module, series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The series, each with what `view_slices` returns of its slices."""
    return [{**one_series, **view_slices(network, one_series["images"])} for one_series in series]


def presences(maps: np.ndarray) -> np.ndarray:
    """[N, classes, rows, columns] evidence → [N, rows, columns] log odds of any tumour."""
    kinds = np.delete(maps, NORMAL, axis=1).astype(np.float64)
    return np.logaddexp.reduce(kinds, axis=1) - maps[:, NORMAL]


def check(network: nn.Module, checks: dict[str, dict[str, Any]], side: int) -> dict[str, float]:
    """What is watched during training: figures of val, and what the network answers to counterfactuals.

    `checks`: see `pool.validation_pools`. `side`: px of the input.
    """
    val = checks["val"]
    logits, _ = predict(network, val["images"], side=side)
    probabilities = measure.softmax(logits)
    of_val = measure.figures(probabilities, val["labels"], LABELS, 0)
    answers = {
        name: predict(network, part["images"], side=side)[0].argmax(1) for name, part in checks.items() if name != "val"
    }
    erased = answers["val erased"] != NORMAL
    moved = answers["val transplanted"] == checks["val transplanted"]["labels"]
    return {
        "valMacroF1": of_val["macroF1"],
        "valEce": of_val["ece"],
        "valWrongAbove95": of_val["wrongAbove95"],
        "valNegativeLogLikelihood": of_val["negativeLogLikelihood"],
        "erasedCalledTumour": round(float(erased.mean()), 4),
        "transplantedRight": round(float(moved.mean()), 4),
    }
