"""Draws the model card's pictures.

Pictures that show slices of the data stay in the folder of the run and are not published.
"""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from pool import NORMAL  # noqa: E402
from slices import LABELS  # noqa: E402

INK, ACCENT, WARM, FAINT = "#1d2733", "#1f6f8b", "#c8553d", "#c9d3da"
COLOURS = dict(zip(LABELS, ("#c8553d", "#8d6a9f", "#1f6f8b", "#d9a441")))
SHOWN = {label: label.replace("_", " ") for label in LABELS}
BINS = 15
plt.rcParams.update({
    "figure.dpi": 110, "font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "font.family": "DejaVu Sans",
})  # fmt: skip


def draw(
    folder: Path,
    scored: dict[str, dict[str, Any]],
    parts: dict[str, dict[str, Any]],
    series: list[dict[str, Any]],
    histories: dict[str, list[dict[str, Any]]],
    known: dict[str, Any],
) -> None:
    """Draws all pictures but that of the mistakes into `folder`.

    `scored`, `parts`: what `release.score` returned, and the slices, by split. `histories`: of each stage of training.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = "test" if "test" in scored else "val"
    draw_curves(folder / "training.png", histories)
    draw_confusion(folder / "confusion.png", scored[shown]["figures"]["confusion"], shown)
    draw_reliability(folder / "reliability.png", scored, parts)
    draw_coverage(folder / "coverage.png", scored, parts)
    draw_series(folder / "series.png", [one_series for one_series in series if one_series["stratum"] != "ood"], known)


def save(figure: plt.Figure, path: Path) -> None:
    """Writes a figure as PNG, without the library's version, so that the same figure gives the same bytes."""
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def draw_curves(path: Path, histories: dict[str, list[dict[str, Any]]]) -> None:
    """Losses, and what is watched on val, along the epochs of training."""
    stages = ["base", "final", "final/again"]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    offset = 0
    for stage in stages:
        if offset:
            for axis in axes:
                axis.axvline(offset + 0.5, color=FAINT, lw=1)
        epochs = np.array([entry["epoch"] for entry in histories[stage]]) + offset
        for axis, key, colour, name in (
            (axes[0], "trainLoss", ACCENT, "slices"),
            (axes[0], "denseLoss", WARM, "cells"),
            (axes[1], "valMacroF1", ACCENT, "macro-F1"),
            (axes[1], "transplantedRight", "#8d6a9f", "transplanted, right"),
            (axes[1], "erasedCalledTumour", WARM, "erased, called tumour"),
        ):
            values = [entry[key] for entry in histories[stage]]
            axis.plot(epochs, values, "o-", ms=3, color=colour, label=name if offset == 0 else None)
        offset = epochs[-1]
    for axis, title in zip(axes, ("Training loss", "Val (averaged weights)")):
        axis.set_title(title)
        axis.set_xlabel("epoch; between the lines with DICOM studies, 160 px")
        axis.legend(frameon=False)
    axes[0].set_ylim(bottom=0)
    axes[1].set_ylim(0, 1)
    save(figure, path)


def draw_confusion(path: Path, confusion: list[list[int]], name: str) -> None:
    """The confusion matrix [truth][answer] of slices, of the split `name`."""
    confusion = np.array(confusion)
    shares = confusion / confusion.sum(1, keepdims=True)
    figure, axis = plt.subplots(figsize=(4.6, 4.2))
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(LABELS)):
        for column in range(len(LABELS)):
            axis.text(
                column,
                row,
                confusion[row, column],
                ha="center",
                va="center",
                color="white" if shares[row, column] > 0.5 else INK,
            )
    axis.set_xticks(range(len(LABELS)), SHOWN.values(), rotation=20)
    axis.set_yticks(range(len(LABELS)), SHOWN.values())
    axis.set(xlabel="answer", ylabel="truth", title=f"Confusion, {name}")
    axis.spines[:].set_visible(False)
    save(figure, path)


def draw_reliability(path: Path, scored: dict[str, dict[str, Any]], parts: dict[str, dict[str, Any]]) -> None:
    """The share that is right against confidence, for each split."""
    figure, axes = plt.subplots(1, len(scored), figsize=(3.3 * len(scored), 3.5), squeeze=False)
    for axis, (name, scores) in zip(axes[0], scored.items()):
        confidence, right = scores["probabilities"].max(1), scores["probabilities"].argmax(1) == parts[name]["labels"]
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        used = sorted(set(bins))
        counts = np.array([(bins == b).sum() for b in used])
        axis.plot([0, 1], [0, 1], color=FAINT)
        axis.scatter([confidence[bins == b].mean() for b in used], [right[bins == b].mean() for b in used],
                     s=8 + 220 * counts / counts.max(), color=ACCENT, alpha=0.8, edgecolor="white")  # fmt: skip
        axis.set(
            xlim=(0.25, 1.02), ylim=(0, 1.05), xlabel="confidence", title=f"{name}: ECE {scores['figures']['ece']:.3f}"
        )
    axes[0][0].set_ylabel("share that is right; area: slices")
    save(figure, path)


def draw_coverage(path: Path, scored: dict[str, dict[str, Any]], parts: dict[str, dict[str, Any]]) -> None:
    """The share of wrong answers against the share of slices that are answered, for each split."""
    figure, axis = plt.subplots(figsize=(5.6, 3.6))
    for (name, scores), colour in zip(scored.items(), (FAINT, WARM, ACCENT)):
        right = scores["probabilities"].argmax(1) == parts[name]["labels"]
        order = np.argsort(-scores["probabilities"].max(1), kind="stable")
        covered = np.arange(1, len(order) + 1) / len(order)
        axis.plot(covered, np.cumsum(~right[order]) / np.arange(1, len(order) + 1), color=colour, label=name)
    axis.axvline(0.9, color=INK, lw=0.6, ls=":")
    axis.set(
        xlabel="share of slices answered, surest first",
        ylabel="share of these that is wrong",
        title="Coverage and risk",
        xlim=(0.3, 1),
    )
    axis.legend(frameon=False)
    save(figure, path)


def draw_series(path: Path, series: list[dict[str, Any]], known: dict[str, Any]) -> None:
    """Along every series the probability of a tumour, whether the model abstains, and where there is a tumour."""
    columns = 3
    rows = -(-len(series) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 1.9 * rows), squeeze=False, sharey=True)
    for axis in axes.flat[len(series) :]:
        axis.set_visible(False)
    for axis, one_series in zip(axes.flat, series):
        tumour = 1 - one_series["probabilities"][:, NORMAL]
        places = np.arange(len(tumour))
        with np.errstate(invalid="ignore"):
            axis.fill_between(places, 0, 1, where=one_series["areas"] > 0, color=WARM, alpha=0.2, lw=0, step="mid")
        axis.plot(places, tumour, color=FAINT, lw=0.8)
        answered = one_series["answered"]
        axis.scatter(places[answered], tumour[answered], s=7, color=ACCENT)
        axis.scatter(places[~answered], tumour[~answered], s=7, facecolor="none", edgecolor=INK, lw=0.6)
        axis.set(ylim=(-0.03, 1.03), yticks=(0, 0.5, 1))
        axis.set_title(f"{one_series['case']}\n{one_series['series']}", fontsize=7)
    figure.suptitle(
        "Probability of a tumour along series whose case was kept out of training\n"
        "shaded: tumour by the masks; full: answered; open: abstained",
        fontsize=9,
        x=0.02,
        ha="left",
    )
    save(figure, path)


def draw_mistakes(
    folder: Path,
    private: Path,
    parts: dict[str, dict[str, Any]],
    scored: dict[str, dict[str, Any]],
    count: int = 12,
) -> None:
    """The most confident mistakes: their maps alone in `folder`, for the card; over the slices in `private`."""
    name = "test" if "test" in scored else "val"
    scores, part = scored[name], parts[name]
    confidence, answer = scores["probabilities"].max(1), scores["probabilities"].argmax(1)
    wrong = np.flatnonzero(answer != part["labels"])
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:count]
    if len(worst) == 0:
        return
    for target, with_slices in ((folder / "mistakes.png", False), (private / "mistakes.png", True)):
        figure, axes = plt.subplots(-(-len(worst) // 4), 4, figsize=(9, 2.6 * -(-len(worst) // 4)), squeeze=False)
        for axis in axes.flat:
            axis.axis("off")
        for axis, index in zip(axes.flat, worst):
            side = part["images"].shape[1]
            heat = scores["cams"][index]
            if with_slices:
                axis.imshow(part["images"][index], cmap="gray", vmin=0, vmax=1)
            axis.imshow(
                heat,
                cmap="viridis",
                extent=(0, side, side, 0),
                alpha=0.45 if with_slices else 1,
                vmin=0,
                interpolation="bilinear",
            )
            if part["masks"][index].max() >= 0.5:
                axis.contour(part["masks"][index].astype(float), [0.5], colors="white", linewidths=1)
            name_of = part["rows"][index]["file"].split("/")[-1]
            truth = SHOWN[LABELS[part["labels"][index]]]
            axis.set_title(
                f"{name_of}\n{truth}, called {SHOWN[LABELS[answer[index]]]} {confidence[index]:.2f}", fontsize=7
            )
        figure.suptitle(
            "The most confident mistakes: Grad-CAM of the answer (last layer), outline of the tumour in white",
            fontsize=9,
        )
        save(figure, target)
