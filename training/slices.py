"""The labelled slices as arrays, preprocessed once and kept in training/cache."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from preprocess import preprocess, resize_weights

HERE = Path(__file__).resolve().parent
LABELS = ["glioma", "meningioma", "no_tumor", "pituitary"]
INPUT = {
    "rows": 160,
    "columns": 160,
    "channels": 3,
    "mean": [0.5, 0.5, 0.5],  # MobileNet's ImageNet weights expect -1 to 1
    "std": [0.5, 0.5, 0.5],
    "intensity": "percentile",
}
GEOMETRY = {"crop": "content", "pad": "square"}
_ONE_CHANNEL = {**INPUT, "channels": 1, "mean": [0], "std": [1]}


def prepare(
    pixels: np.ndarray, mask: np.ndarray | None = None, spacing: list[float] | tuple[float, float] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """[rows, columns] modality values and tumour mask → both on the model's grid, 0-1.

    The mask becomes the share of each pixel that is tumour. `spacing`: mm between rows, between columns.
    """
    plane, frame = preprocess(pixels, _ONE_CHANNEL, GEOMETRY, spacing)
    if mask is None:
        return plane[0, 0], np.zeros_like(plane[0, 0])
    down = resize_weights(frame["top"], frame["height"], INPUT["rows"], 0, mask.shape[0])
    across = resize_weights(frame["left"], frame["width"], INPUT["columns"], 0, mask.shape[1])
    return plane[0, 0], (down @ (mask > 0) @ across.T).astype(np.float32)


def load_slices(data: Path) -> dict[str, Any]:
    """Every slice of manifest.csv, in its order.

    Returns {"rows": rows of the file, "images": float32 [N, rows, columns], "masks": float16 [N, rows, columns]}.
    """
    folder = Path(data) / "slices"
    with open(folder / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    made_from = [(HERE / "preprocess.py").read_bytes(), (folder / "manifest.csv").read_bytes(), repr(INPUT).encode()]
    cache = HERE / "cache" / f"slices-{hashlib.sha256(b''.join(made_from)).hexdigest()[:12]}.npz"
    if not cache.exists():
        images, masks = [], []
        for row in rows:
            mask = np.asarray(Image.open(folder / row["mask"]).convert("L")) if row["mask"] else None
            image, mask = prepare(np.asarray(Image.open(folder / row["file"]).convert("L"), np.float32), mask)
            images.append(image)
            masks.append(mask.astype(np.float16))
        cache.parent.mkdir(exist_ok=True)
        np.savez(cache, images=np.stack(images), masks=np.stack(masks))
    arrays = np.load(cache)
    return {"rows": rows, "images": arrays["images"], "masks": arrays["masks"]}


def load_phantoms(folder: Path) -> dict[str, np.ndarray]:
    """The slices that `node dist/sample/dumpPhantoms.js` wrote to `folder`.

    Returns {"labels": [N] indices, "images": float32, "masks": float16, both [N, rows, columns], 0-1}.
    """
    folder = Path(folder)
    index = json.loads((folder / "phantoms.json").read_text())
    shape = (len(index["slices"]), index["rows"], index["columns"])
    pixels = np.fromfile(folder / "pixels.u16", "<u2").reshape(shape)
    masks = np.fromfile(folder / "masks.u8", np.uint8).reshape(shape)
    pairs = [prepare(image.astype(np.float32), mask) for image, mask in zip(pixels, masks)]
    return {
        "labels": np.array([LABELS.index(entry["label"]) for entry in index["slices"]]),
        "images": np.stack([image for image, _ in pairs]),
        "masks": np.stack([mask for _, mask in pairs]).astype(np.float16),
    }
