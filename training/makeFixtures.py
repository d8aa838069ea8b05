"""Writes tests/fixtures/preprocess/cases.json: synthetic slices, and what training/preprocess.py makes of them.

With it, a machine without Python can check that the server preprocesses slices as training does.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from preprocess import preprocess
from slices import HERE

INPUT = {"rows": 16, "columns": 16, "channels": 1, "mean": [0.5], "std": [0.25], "intensity": "percentile"}
HEAD = {"crop": "content", "pad": "square"}


def head(
    rows: int,
    columns: int,
    height: float,
    width: float,
    top: float = 0.0,
    left: float = 0.0,
    bright: float = 1200.0,
    noise: float = 0.0,
    seed: int = 0,
) -> np.ndarray:
    """[rows, columns] modality values of an ellipse with a rim and a pattern inside.

    `height`, `width`: half axes, px. `top`, `left`: shift off the middle, px. `bright`, `noise`: modality values.
    """
    y, x = np.mgrid[:rows, :columns]
    v, u = (y - rows / 2 + 0.5 - top) / height, (x - columns / 2 + 0.5 - left) / width
    radius = np.hypot(u, v)
    inside = 0.45 + 0.2 * np.sin(7 * u + 2) * np.cos(5 * v) + (radius > 0.85) * 0.4
    image = np.where(radius < 1, inside, 0) * bright
    random = np.random.default_rng(seed)
    real, imaginary = noise * random.standard_normal((2, rows, columns))
    return np.round(np.hypot(image + real, imaginary))


def cases() -> Iterator[tuple[str, np.ndarray, dict[str, Any]]]:
    """Each case's name, modality values [rows, columns] and options ("geometry", "spec", "pixelSpacing", "window")."""
    plain = head(60, 48, 24, 17, top=-3, left=4)
    damaged = head(40, 40, 15, 15)
    damaged[3, 5], damaged[20, 20], damaged[21, 20] = np.nan, np.inf, -np.inf
    yield "a head, off the middle", plain, {"geometry": HEAD}
    yield "a head in noise", head(64, 64, 25, 20, bright=900, noise=30, seed=3), {"geometry": HEAD}
    large = head(300, 270, 110, 90) // 60 * 60
    yield "a large slice, of which every second row and column is searched", large, {"geometry": HEAD}
    yield "rows twice as far apart as columns", head(30, 60, 12, 20), {"geometry": HEAD, "pixelSpacing": [1.0, 0.5]}
    yield "columns twice as far apart as rows", head(60, 30, 22, 12), {"geometry": HEAD, "pixelSpacing": [0.5, 1.0]}
    yield "a spacing of zero", plain, {"geometry": HEAD, "pixelSpacing": [0.0, 0.0]}
    yield "negative modality values", plain - 1024, {"geometry": HEAD}
    yield "small fractions", plain * 1e-7, {"geometry": HEAD}
    yield "values that are no numbers", damaged, {"geometry": HEAD}
    yield "one value everywhere", np.full((9, 7), 55.0), {"geometry": HEAD}
    yield "three by two pixels", np.array([[0, 9], [40, 300], [7, 1]], float), {"geometry": HEAD}
    yield "one pixel", np.array([[8.0]]), {"geometry": HEAD}
    yield "one bright pixel", np.eye(20)[:1].T @ np.eye(20)[:1] * 50, {"geometry": HEAD}
    yield "no geometry: stretched", plain, {}
    yield "squared without a crop", plain, {"geometry": {"pad": "square"}}
    yield "cropped without padding", plain, {"geometry": {"crop": "content"}}
    yield "an input that is not square", plain, {"geometry": HEAD, "spec": {**INPUT, "rows": 12, "columns": 20}}
    colour = {**INPUT, "channels": 3, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
    yield "three channels", plain, {"geometry": HEAD, "spec": colour}
    yield "bytes", np.clip(plain / 4, 0, 255).round(), {"spec": {**INPUT, "intensity": "byte"}}
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        window = {"center": 500, "width": 700, "function": function}
        yield f"a {function} window", plain, {"spec": {**INPUT, "intensity": "window"}, "window": window}
    yield (
        "a window one value wide",
        plain,
        {
            "spec": {**INPUT, "intensity": "window"},
            "window": {"center": 500, "width": 1, "function": "LINEAR"},
        },
    )
    yield "a window asked for and not given", plain, {"spec": {**INPUT, "intensity": "window"}}


def packed(array: np.ndarray) -> str:
    """The array as float32, little endian, compressed by zlib, in base64."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array, "<f4").tobytes(), 9)).decode()


def main() -> None:
    """Writes the file and prints how many cases it has."""
    written = []
    for name, pixels, options in cases():
        pixels = pixels.astype(np.float32)
        case = {"name": name, "rows": pixels.shape[0], "columns": pixels.shape[1], "spec": INPUT, **options}
        result, frame = preprocess(
            pixels, case["spec"], case.get("geometry"), case.get("pixelSpacing"), case.get("window")
        )
        written.append({**case, "pixels": packed(pixels), "input": packed(result), "frame": frame})
    path = HERE.parent / "tests" / "fixtures" / "preprocess" / "cases.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(written, indent=1) + "\n")
    print(f"{len(written)} cases, {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
