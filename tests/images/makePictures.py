"""Writes small pictures of every kind to the folder argv[1], and prints what Pillow reads from each as JSON lines."""
import json
import sys

import numpy as np
from PIL import Image

folder = sys.argv[1]
rng = np.random.default_rng(7)
y, x = np.mgrid[0:37, 0:53]
smooth = (127 + 100 * np.sin(x / 9) * np.cos(y / 7)).astype(np.uint8)
grey = np.clip(smooth + rng.integers(0, 20, smooth.shape), 0, 255).astype(np.uint8)
rgb = np.stack([smooth, 255 - smooth, grey], 2)


def report(name: str, image: Image.Image, pixels: np.ndarray | None = None) -> None:
    """Prints the grey values [rows, columns], 0-255, of a picture: `pixels`, or else what Pillow makes of it."""
    values = np.asarray(image.convert("L") if pixels is None else pixels, dtype=float)
    print(json.dumps({
        "name": name, "rows": values.shape[0], "columns": values.shape[1], "pixels": values.flatten().tolist(),
    }))


def save(name: str, image: Image.Image, pixels: np.ndarray | None = None, **options: int) -> None:
    """Writes a picture, with `options` of Pillow's encoder, and prints its grey values."""
    image.save(f"{folder}/{name}", **options)
    report(name, Image.open(f"{folder}/{name}"), pixels)


save("grey8.png", Image.fromarray(grey))
save("grey1.png", Image.fromarray(grey).convert("1"))
deep = grey.astype(np.uint16) * 257 + 40
save("grey16.png", Image.fromarray(deep), pixels=deep / 257)
save("rgb.png", Image.fromarray(rgb))
save("palette.png", Image.fromarray(rgb).quantize(200))
save("palette4.png", Image.fromarray(rgb).quantize(12), bits=4)
save("grey.jpg", Image.fromarray(grey), quality=92)
save("rgb.jpg", Image.fromarray(rgb), quality=92, subsampling=0)
