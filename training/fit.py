"""The training loop: draws slices from the pool, minimises, averages the weights, checkpoints after every epoch."""
import json
import time

import numpy as np
import torch
from torch.nn import functional as F

import figures as measure
from augment import augment
from pool import NORMAL
from slices import INPUT, LABELS

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
AVERAGE = 0.998  # of the weights' exponential moving average, a step
SMOOTHING = 0.05  # of the labels
NEW_RATE = 3  # learning rate of what does not come from ImageNet, to that of what does
GLIOMA = LABELS.index("glioma")
FULLY, BARELY = 0.6, 0.05  # share of a cell that is tumour: at least, at most


def fit(network, pool, checks, options, run):
    """Trains `network` in place and returns its history, one entry an epoch; goes on after the last whole epoch of `run`.

    `options`: side (px of the slices shown), epochs, batch, rate, mix {origin: slices an epoch}, hold_out [cases], dense,
    attention and outside (weights of the losses), oedema (nothing is asked of what lies around a glioma: its outline may be
    that of the part with contrast agent alone), strength (of the augmentation), stripped (share shown without skull), seed.
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
        state = {"network": own, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "average": average}
        torch.save({**state, "random": torch.get_rng_state(), "history": history}, run / "writing.pt")
        (run / "writing.pt").rename(latest)
    network.load_state_dict(average)
    return history


def optimiser(network, options, steps):
    new = {id(p) for p in network.new_parameters()} if hasattr(network, "new_parameters") else set()
    groups = []
    for is_new in (False, True):
        for is_matrix in (False, True):
            members = [p for p in network.parameters() if (id(p) in new) == is_new and (p.ndim > 1) == is_matrix]
            rate = options["rate"] * (NEW_RATE if is_new else 1)
            groups += [{"params": members, "weight_decay": 0.02 * is_matrix, "lr": rate}] * bool(members)
    optimizer = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [group["lr"] for group in groups], total_steps=steps * options["epochs"] + 1, pct_start=0.05, div_factor=10, final_div_factor=100
    )
    return optimizer, schedule


def batches(pool, options, epoch):
    """Indices of an epoch's slices: of each origin as many as the mix says, none of a case that is held out."""
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


def step_loss(network, pool, chosen, options):
    def plane(key):
        return torch.tensor(pool[key][chosen].astype(np.float32) / (1 if key == "brains" else 255))

    may_strip = torch.full((len(chosen),), options["stripped"])
    image, mask = augment(plane("images"), plane("masks"), plane("brains"), may_strip, options["side"], options["strength"])
    label, dense = torch.tensor(pool["labels"][chosen]), torch.tensor(pool["dense"][chosen])
    mask, label, dense = mask.to(DEVICE), label.to(DEVICE), dense.to(DEVICE)
    logits, maps, _ = network(as_input(image).to(DEVICE))
    slice_loss = F.cross_entropy(logits, label, label_smoothing=SMOOTHING)
    cells = F.adaptive_avg_pool2d(mask[:, None], maps.shape[2:])[:, 0]
    around = near(cells)
    unsure = around & (label == GLIOMA)[:, None, None] & options["oedema"]
    cell_loss = dense_loss(maps, cells, label, dense, unsure) if options["dense"] else maps.sum() * 0
    where_loss = attention_loss(maps, cells, label) if options["attention"] else maps.sum() * 0
    beside_loss = outside_loss(network, maps, cells, around, label, dense & ~unsure.flatten(1).any(1)) if options["outside"] else maps.sum() * 0
    loss = slice_loss + options["dense"] * cell_loss + options["attention"] * where_loss + options["outside"] * beside_loss
    return loss, [float(slice_loss), float(cell_loss), float(where_loss), float(beside_loss)]


def near(cells):
    """Where there is tumour within two cells."""
    return F.max_pool2d(cells[:, None], 5, stride=1, padding=2)[:, 0] > BARELY


def dense_loss(maps, cells, label, dense, unsure):
    """Cross-entropy of the cells' labels, those with a tumour and those without weighing the same; not of those without one
    that are `unsure`."""
    cells, label, unsure = cells[dense], label[dense], unsure[dense]
    losses = -F.log_softmax(maps[dense], 1)
    inside = (cells >= FULLY) & (label != NORMAL)[:, None, None]
    outside = (cells <= BARELY) & ~unsure
    own = losses.gather(1, label[:, None, None, None].expand(-1, 1, *cells.shape[1:]))[:, 0]
    of_tumour = own[inside].mean() if inside.any() else maps.sum() * 0
    return (of_tumour + losses[:, NORMAL][outside].mean()) / 2


def outside_loss(network, maps, cells, around, label, dense):
    """Cross-entropy of what lies beside a tumour, pooled as a slice of its own, whose answer is the normal label: the
    tumour-free part of a head with contrast agent. The cells next to the tumour are left out, for oedema."""
    known = dense & (label != NORMAL) & (cells.flatten(1).amax(1) > 0)
    if not known.any():
        return maps.sum() * 0
    logits = network.presence(maps[known], ~around[known])
    return F.cross_entropy(logits, torch.full((len(logits),), NORMAL, device=logits.device))


def attention_loss(maps, cells, label):
    """Cross-entropy between where the tumour is and the softmax of the true label's map, over the slices with a mask.

    A softmax, because the share of the map's positive part that lies in the tumour has no gradient where the map is
    negative: trained with that, maps died.
    """
    masked = (cells.flatten(1).amax(1) > 0.3) & (label != NORMAL)
    if not masked.any():
        return maps.sum() * 0
    wanted = cells[masked].flatten(1)
    own = maps[masked, label[masked]].flatten(1)
    return -(wanted / wanted.sum(1, keepdim=True) * F.log_softmax(own, 1)).sum(1).mean()


def blend_into(average, network, kept):
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].lerp_(value, 1 - kept)
            else:
                average[name].copy_(value)


def as_input(image):
    """0-1 [N, rows, columns] -> the model's input."""
    mean = torch.tensor(INPUT["mean"])[:, None, None]
    std = torch.tensor(INPUT["std"])[:, None, None]
    return ((image[:, None] - mean) / std).contiguous(memory_format=torch.channels_last)


def predict(network, images, maps_too=False, side=INPUT["rows"]):
    """Logits [N, classes], features [N, F], and with `maps_too` the maps [N, classes, rows, columns] of 0-1 images."""
    network.eval().to(DEVICE, memory_format=torch.channels_last)
    parts = []
    with torch.no_grad():
        for start in range(0, len(images), 64):
            image = torch.tensor(images[start : start + 64])
            if side != image.shape[-1]:
                image = F.interpolate(image[:, None], (side, side), mode="bilinear", antialias=True)[:, 0]
            logits, maps, features = (part.cpu() for part in network(as_input(image).to(DEVICE)))
            parts.append([logits.double().numpy(), features.numpy(), maps.numpy() if maps_too else np.zeros(len(logits))])
    logits, features, maps = (np.concatenate(arrays) for arrays in zip(*parts))
    return (logits, features, maps) if maps_too else (logits, features)


def look(network, images):
    """Each slice as it is and left for right, as the server looks at it: {"logits": the mean of both, "features": of both,
    "presence" [N, rows, columns]: the mean log odds in each cell of any tumour, "maps": as it is, "once": {"logits",
    "presence"} as it is}."""
    logits, features, maps = predict(network, images, maps_too=True)
    other = predict(network, np.ascontiguousarray(images[:, :, ::-1]), maps_too=True)
    once = {"logits": logits, "presence": presences(maps)}
    presence = (once["presence"] + presences(other[2])[:, :, ::-1]) / 2
    return {"logits": (logits + other[0]) / 2, "features": (features, other[1]), "presence": presence, "maps": maps, "once": once}


def look_along(network, series):
    """Each of these series with what `look` gives of its slices."""
    return [{**one, **look(network, one["images"])} for one in series]


def presences(maps):
    kinds = np.delete(maps, NORMAL, axis=1).astype(np.float64)
    return np.logaddexp.reduce(kinds, axis=1) - maps[:, NORMAL]


def check(network, checks, side):
    """What one looks at while networks are compared: val's figures, and whether counterfactuals are believed."""
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
