"""Preprocesses a slice to the model's input: src/inference/preprocess.ts in numpy, number for number.

The server uses the TypeScript, training uses this file, and tests/inference/preprocess.test.ts compares them.

A box is (top, left, bottom, right) in px. A frame is {"top", "left", "height", "width"} in px of the slice. A frame may
reach beyond the slice.
"""

import json
import math
import sys
from typing import Any

import numpy as np

BACKGROUND_PERCENTILE = 1
BRIGHT_PERCENTILE = 99.8  # of the whole field of view
WHITE_PERCENTILE = 99.5  # of the head alone
CONTENT_THRESHOLD = 0.1  # of the way from background to bright
ENOUGH = 128  # rows and columns that suffice to find the head; of larger slices every second, third ... is used
CONTENT_SHARE = 0.1  # of the fullest row's or column's bright pixels; a row or column with fewer is air


def preprocess(
    pixels: np.ndarray,
    spec: dict[str, Any],
    geometry: dict[str, str] | None = None,
    spacing: list[float] | tuple[float, float] | None = None,
    window: dict[str, Any] | None = None,
) -> tuple[np.ndarray, dict[str, float]]:
    """[rows, columns] modality values → the model's input, float32 [1, channels, rows, columns], and its frame.

    `spec` and `geometry` are the manifest's `input` and `geometry`. `spacing`: mm between rows, between columns.
    `window`: {"center", "width", "function"}, the VOI window.
    """
    geometry = geometry or {}
    pixels = np.asarray(pixels, np.float32)
    pixels = np.where(np.isfinite(pixels), pixels, np.float32(0)).astype(np.float64)
    whole = (0, 0, pixels.shape[0], pixels.shape[1])
    # The head is searched twice, so that the width of the empty border does not change the result. The level of air
    # comes from the first search.
    rough = find_content(pixels, whole)
    content = find_content(pixels, rough["box"], rough["background"])
    box = content["box"] if geometry.get("crop") == "content" else whole
    frame = padded_frame(box, spacing, spec) if geometry.get("pad") == "square" else frame_of(box)
    top, left, bottom, right = box
    scaled = scale(pixels, content, spec.get("intensity", "percentile"), window)
    down = resize_weights(frame["top"], frame["height"], spec["rows"], top, bottom)
    across = resize_weights(frame["left"], frame["width"], spec["columns"], left, right)
    plane = down @ (scaled[top:bottom, left:right] @ across.T)
    channels = [(plane - mean) / std for mean, std in zip(spec["mean"], spec["std"])]
    return np.stack(channels[: spec["channels"]])[None].astype(np.float32), frame


def find_content(pixels: np.ndarray, within: tuple[int, int, int, int], air: float | None = None) -> dict[str, Any]:
    """Finds the head in the box `within`. `pixels`: [rows, columns]. `air`: level of the background, if it is known.

    Returns {"box": of the head, "values": that were searched, "background" and "threshold": levels}.
    """
    top, left, bottom, right = within
    step = max(1, min(bottom - top, right - left) // ENOUGH)
    values = pixels[top:bottom:step, left:right:step]
    background = percentile(values, BACKGROUND_PERCENTILE) if air is None else air
    threshold = background + CONTENT_THRESHOLD * (percentile(values, BRIGHT_PERCENTILE) - background)
    found = {"box": within, "values": values, "background": background, "threshold": threshold}
    vertical, horizontal = extent((values > threshold).sum(1)), extent((values > threshold).sum(0))
    if vertical is None or horizontal is None:
        return found
    box = (
        top + vertical[0] * step,
        left + horizontal[0] * step,
        min(bottom, top + vertical[1] * step),
        min(right, left + horizontal[1] * step),
    )
    return {**found, "box": box}


def extent(counts: np.ndarray) -> tuple[int, int] | None:
    """First row, or column, that holds the head, and the one after the last. `counts`: bright pixels in each."""
    full = np.flatnonzero(counts > CONTENT_SHARE * counts.max())
    return None if full.size == 0 else (int(full[0]), int(full[-1]) + 1)


def percentile(values: np.ndarray, percent: float) -> float:
    """Nearest rank: the smallest value that at least `percent` % of the values do not exceed; 0 of no values."""
    values = np.ravel(values)
    if values.size == 0:
        return 0.0
    rank = max(1, math.ceil((percent * values.size) / 100))
    return float(np.partition(values, rank - 1)[rank - 1])


def scale(pixels: np.ndarray, content: dict[str, Any], intensity: str, window: dict[str, Any] | None) -> np.ndarray:
    """[rows, columns] modality values → the same shape, 0-1. `intensity`: "percentile", "window" or "byte"."""
    if intensity == "byte":
        return np.clip(pixels / 255, 0, 1)
    if intensity == "window" and window:
        return windowed(pixels, **window)
    values, background = content["values"], content["background"]
    span = percentile(values[values > content["threshold"]], WHITE_PERCENTILE) - background
    return np.clip((pixels - background) / span, 0, 1) if span > 0 else np.zeros_like(pixels)


def windowed(pixels: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """Applies the VOI window of PS3.3 C.11.2.1.2.1 and C.11.2.1.3, with the output range 0-1; the shape remains."""
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (pixels - center) / width))
    if function == "LINEAR_EXACT":
        return np.clip((pixels - center) / width + 0.5, 0, 1)
    if width <= 1:
        return (pixels > center - 0.5).astype(np.float64)
    return np.clip((pixels - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def frame_of(box: tuple[int, int, int, int]) -> dict[str, float]:
    """The box as a frame."""
    top, left, bottom, right = box
    return {"top": top, "left": left, "height": bottom - top, "width": right - left}


def padded_frame(
    box: tuple[int, int, int, int], spacing: list[float] | tuple[float, float] | None, spec: dict[str, Any]
) -> dict[str, float]:
    """The smallest frame around the box, centred on it, whose shape in mm is that of the model's input."""
    with np.errstate(all="ignore"):
        ratio = float(np.float64(spacing[0]) / np.float64(spacing[1])) if spacing is not None else 1.0
    row_height = ratio if ratio > 0 and math.isfinite(ratio) else 1.0  # in widths of a column
    whole = frame_of(box)
    step = max((whole["height"] * row_height) / spec["rows"], whole["width"] / spec["columns"])
    height, width = (step * spec["rows"]) / row_height, step * spec["columns"]
    return {
        "top": whole["top"] - (height - whole["height"]) / 2,
        "left": whole["left"] - (width - whole["width"]) / 2,
        "height": height,
        "width": width,
    }


def resize_weights(start: float, length: float, size: int, box_start: int, box_end: int) -> np.ndarray:
    """Triangle filter as a matrix [size, box_end - box_start]: pixels of the box → samples of the frame.

    `start`, `length`: of the frame along this axis, px. `size`: number of samples.
    """
    step = length / size
    reach = max(1.0, step)
    centres = start + (np.arange(size) + 0.5) * step - 0.5  # in pixel centres
    indices = np.arange(math.ceil(start - 0.5), math.ceil(start + length - 0.5))
    weights = np.maximum(0, 1 - np.abs(indices[None] - centres[:, None]) / reach)
    total = weights.sum(1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    # Pixels of the frame outside the box are padding. They took part in the sum with the value 0.
    inside = np.zeros((size, box_end - box_start))
    keep = (indices >= box_start) & (indices < box_end)
    inside[:, indices[keep] - box_start] = weights[:, keep]
    return inside


def main() -> None:
    """Preprocesses JSON lines of cases from stdin to a JSON line each on stdout.

    Pixels travel as flat lists, in which null is NaN.
    """
    for line in sys.stdin:
        case = json.loads(line)
        values = [math.nan if value is None else value for value in case["pixels"]]
        pixels = np.array(values, np.float32).reshape(case["rows"], case["columns"])
        spec = case["spec"]
        result, frame = preprocess(pixels, spec, case.get("geometry"), case.get("pixelSpacing"), case.get("window"))
        print(json.dumps({"input": [round(float(v), 6) for v in result.ravel()], "frame": frame}))


if __name__ == "__main__":
    main()
