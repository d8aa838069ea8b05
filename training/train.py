"""Data to model in one command: trains, chooses on val, evaluates test once, writes model.onnx, manifest and card."""
import argparse
import base64
import hashlib
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import figures as measure
from card import write_card
from export import export_onnx
from mobilenet import MobileNet
from slices import GEOMETRY, HERE, INPUT, LABELS, load_phantoms, load_slices

ROOT = HERE.parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="../shared/data", help="folder with slices/ and pretrained/")
    parser.add_argument("--out", default="models/brain-mri/1.0.0", help="folder named <name>/<version>")
    parser.add_argument("--run", help="folder of checkpoints, resumed; default training/runs/<name>-<version>")
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=7e-4, help="highest learning rate (AdamW, warm-up, cosine)")
    parser.add_argument("--attention", type=float, default=0.5, help="weight of the loss on where the model looks")
    parser.add_argument("--phantoms", type=int, default=30, help="synthetic heads added to training")
    parser.add_argument("--risk", type=float, default=0.01, help="share of wrong answers on val that abstention allows")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-test", action="store_true", help="for experiments: leaves the test split untouched")
    return parser.parse_args()


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    out = (ROOT / options.out).resolve()
    run = Path(options.run or HERE / "runs" / f"{out.parent.name}-{out.name}")
    run.mkdir(parents=True, exist_ok=True)
    data = Path(options.data)
    slices = load_slices(data)
    split = {name: subset(slices, name) for name in ("train", "val", "test")}
    phantoms = load_phantoms(make_phantoms(options.phantoms)) if options.phantoms else None
    model = MobileNet(len(LABELS)).to(memory_format=torch.channels_last)
    history = train(model, data, split, phantoms, options, run)

    logits, _ = predict(model, split["val"])
    temperature, reason = measure.choose_temperature(logits, split["val"]["labels"])
    probabilities = measure.softmax(logits, temperature)
    threshold = measure.choose_threshold(probabilities, split["val"]["labels"], options.risk)
    card = {
        "training": {
            "slices": len(split["train"]["labels"]),
            "slicesByLabel": count(split["train"]["labels"]),
            "phantomSlices": 0 if phantoms is None else len(phantoms["labels"]),
            "phantomSlicesByLabel": {} if phantoms is None else count(phantoms["labels"]),
            "sources": sources(split["train"]["rows"]),
            "options": {key: getattr(options, key) for key in ("batch", "rate", "attention", "phantoms", "seed")},
            "threads": options.threads,
            "epochs": len(history),
            "epochChosenOnVal": best(history)["epoch"],
            "seconds": round(sum(epoch["seconds"] for epoch in history)),
            "history": history,
        },
        "val": evaluate(model, split["val"], temperature, threshold),
    }
    if not options.without_test:
        strict = np.array([row["near_boundary"] == "0" for row in split["test"]["rows"]])
        card["test"] = evaluate(model, split["test"], temperature, threshold)
        card["testStrict"] = evaluate(model, select(split["test"], strict), temperature, threshold)
        card["testRaw"] = {
            key: value
            for key, value in evaluate(model, split["test"], 1.0, threshold).items()
            if key in ("ece", "wrongAbove95", "negativeLogLikelihood")
        }
    write_model(model, out, temperature, reason, threshold, options.risk, card)
    if phantoms is not None:
        write_fixture(model, phantoms, ROOT / "tests" / "fixtures" / "models" / f"{out.parent.name}-{out.name}.json")


def subset(slices, name):
    """Slices of a split whose label can be trusted, as the manifest of the data marks them."""
    keep = np.array([row["split"] == name and row["label_trust"] != "low" for row in slices["rows"]])
    rows = [row for row, kept in zip(slices["rows"], keep) if kept]
    labels = np.array([LABELS.index(row["label"].replace("notumor", "no_tumor")) for row in rows])
    return {"rows": rows, "labels": labels, "images": slices["images"][keep], "masks": slices["masks"][keep]}


def select(part, keep):
    rows = [row for row, kept in zip(part["rows"], keep) if kept]
    return {"rows": rows, **{key: part[key][keep] for key in ("labels", "images", "masks")}}


def make_phantoms(volumes):
    folder = HERE / "cache" / f"phantoms-{volumes}"
    if not (folder / "phantoms.json").exists():
        subprocess.run(["node", "scripts/build.mjs"], cwd=ROOT, check=True)
        dump = ["node", "dist/sample/dumpPhantoms.js", str(folder), "--count", str(volumes), "--every", "3"]
        subprocess.run(dump, cwd=ROOT, check=True)
    return folder


def train(model, data, split, phantoms, options, run):
    images, masks, labels = (split["train"][key] for key in ("images", "masks", "labels"))
    if phantoms is not None:
        images, masks, labels = (
            np.concatenate([ours, theirs])
            for ours, theirs in zip((images, masks, labels), (phantoms[key] for key in ("images", "masks", "labels")))
        )
    model.load_tensorflow(data / "pretrained" / "mobilenet_v1_1.0_224.npz")
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0}])
    steps = len(labels) // options.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.rate, total_steps=steps * options.epochs, pct_start=0.05, div_factor=10, final_div_factor=100
    )
    history = []
    latest = run / "latest.pt"
    if latest.exists():
        state = torch.load(latest)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        history = state["history"]
    for epoch in range(len(history) + 1, options.epochs + 1):
        started = time.time()
        model.train()
        losses = []
        order = torch.randperm(len(labels)).numpy()
        for step in range(steps):
            chosen = order[step * options.batch : (step + 1) * options.batch]
            image, mask = augment(torch.tensor(images[chosen]), torch.tensor(masks[chosen].astype(np.float32)))
            label = torch.tensor(labels[chosen])
            logits, maps = model(as_input(image))
            classification = F.cross_entropy(logits, label)
            attention = attention_loss(maps, mask, label)
            optimizer.zero_grad()
            (classification + options.attention * attention).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            losses.append([float(classification), float(attention)])
        logits, _ = predict(model, split["val"])
        val = measure.figures(measure.softmax(logits), split["val"]["labels"], LABELS, 0)
        classification, attention = np.mean(losses, 0)
        history.append({
            "epoch": epoch,
            "trainLoss": round(float(classification), 4),
            "attentionLoss": round(float(attention), 4),
            "valMacroF1": val["macroF1"],
            "valNegativeLogLikelihood": val["negativeLogLikelihood"],
            "seconds": round(time.time() - started, 1),
        })  # fmt: skip
        print(json.dumps(history[-1]), flush=True)
        if best(history)["epoch"] == epoch:
            torch.save(model.state_dict(), run / "best.pt")
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        torch.save({**state, "random": torch.get_rng_state(), "history": history}, run / "writing.pt")
        (run / "writing.pt").rename(latest)
    model.load_state_dict(torch.load(run / "best.pt"))
    return history


def best(history):
    return max(history, key=lambda epoch: (epoch["valMacroF1"], -epoch["valNegativeLogLikelihood"]))


def as_input(image):
    """0-1 [N, rows, columns] -> the model's input."""
    mean = torch.tensor(INPUT["mean"])[:, None, None]
    std = torch.tensor(INPUT["std"])[:, None, None]
    return ((image[:, None] - mean) / std).contiguous(memory_format=torch.channels_last)


def augment(image, mask):
    """Mirrored, turned by up to 15 degrees, scaled and moved by up to 12 %, another contrast, some noise."""
    n = len(image)

    def between(low, high):
        return torch.empty(n).uniform_(low, high)

    angle = between(-15, 15) * np.pi / 180
    zoom, mirror = between(0.88, 1.12), torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    cosine, sine, stretch = torch.cos(angle) * zoom, torch.sin(angle) * zoom, between(0.93, 1.07)
    across = torch.stack([cosine * mirror, -sine, between(-0.12, 0.12)], 1)
    down = torch.stack([sine * mirror * stretch, cosine * stretch, between(-0.12, 0.12)], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [n, 2, *image.shape[1:]], align_corners=False)
    moved = F.grid_sample(torch.stack([image, mask], 1), grid, align_corners=False)
    image, mask = moved[:, 0], moved[:, 1]
    image = image.clamp(0, 1) ** torch.exp(between(-0.45, 0.45))[:, None, None]
    image = image * between(0.8, 1.15)[:, None, None]
    image = image + torch.randn_like(image) * between(0, 0.03)[:, None, None]
    return image.clamp(0, 1), mask


def attention_loss(maps, mask, label):
    """Cross-entropy between where the tumour is and the softmax of the true class's map, over the slices with a mask.

    A softmax, because the share of the map's positive part that lies in the tumour has no gradient where the map is
    negative: trained with that, maps died.
    """
    masked = mask.flatten(1).max(1)[0] >= 0.5
    if not masked.any():
        return maps.sum() * 0
    cells = F.adaptive_avg_pool2d(mask[masked, None], maps.shape[2:]).flatten(1)
    own = maps[masked, label[masked]].flatten(1)
    return -(cells / cells.sum(1, keepdim=True) * F.log_softmax(own, 1)).sum(1).mean()


def predict(model, part):
    """Logits [N, classes] and class activation maps of the true class [N, rows, columns]."""
    model.eval()
    logits, maps = [], []
    with torch.no_grad():
        for start in range(0, len(part["labels"]), 64):
            output, cells = model(as_input(torch.tensor(part["images"][start : start + 64])))
            labels = torch.tensor(part["labels"][start : start + 64])
            own = cells[torch.arange(len(labels)), labels]
            size = part["images"].shape[1:]
            maps.append(F.interpolate(own[:, None], size, mode="bilinear", align_corners=False)[:, 0].numpy())
            logits.append(output.double().numpy())
    return np.concatenate(logits), np.concatenate(maps)


def evaluate(model, part, temperature, threshold):
    logits, maps = predict(model, part)
    probabilities = measure.softmax(logits, temperature)
    overall, by_class = measure.pointing(maps, part["masks"], part["labels"], probabilities)
    pointing = {**overall, "peakInTumourByLabel": {LABELS[index]: value for index, value in by_class.items()}}
    return {**measure.figures(probabilities, part["labels"], LABELS, threshold), "pointing": pointing}


def count(labels):
    return {label: int((labels == index).sum()) for index, label in enumerate(LABELS)}


def sources(rows):
    """How many training slices each source's files hold a copy of; a slice may be in several."""
    names = sorted({name for row in rows for name in row["source"].split("+")})
    return {name: sum(name in row["source"].split("+") for row in rows) for name in names}


def write_model(model, out, temperature, reason, threshold, risk, card):
    out.mkdir(parents=True, exist_ok=True)
    file = out / "model.onnx"
    layers = export_onnx(model, LABELS, INPUT["rows"], INPUT["columns"], file)
    manifest = {
        "name": out.parent.name,
        "version": out.name,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "intendedUse": "Research use only – not for diagnostic use",
        "license": "Apache-2.0",
        "labels": LABELS,
        "normalLabel": "no_tumor",
        "codes": json.loads((HERE / "codes.json").read_text()),
        "input": INPUT,
        "geometry": GEOMETRY,
        "calibration": {"method": "temperature", "temperature": temperature, "chosenOn": "val", "reason": reason},
        "abstention": {"confidence": threshold, "risk": risk, "chosenOn": "val"},
        "layers": layers,
        "card": card,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    write_card(manifest, out / "CARD.md")
    print(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB), manifest.json and CARD.md")


def write_fixture(model, phantoms, path):
    """A synthetic slice as bytes, and the logits that PyTorch gives it: what ONNX Runtime must give it, too."""
    chosen = int(np.argmax(phantoms["masks"].reshape(len(phantoms["masks"]), -1).sum(1)))
    plane = np.round(phantoms["images"][chosen] * 255).astype(np.uint8)
    model.eval()
    with torch.no_grad():
        logits, _ = model(as_input(torch.tensor(plane[None] / 255, dtype=torch.float32)))
    path.parent.mkdir(parents=True, exist_ok=True)
    fixture = {
        "bytes": base64.b64encode(plane.tobytes()).decode(),
        "logits": [round(float(value), 6) for value in logits[0]],
    }
    path.write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
