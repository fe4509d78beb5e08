"""The plots of one result: confusion, the scores of each class, learning curves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.report.plots import BLUE, GREY, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_confusion(confusion: np.ndarray[Any, Any], classes: list[str]) -> Figure:
    """Plot the confusion matrix with counts and row percentages.

    Parameters
    ----------
    confusion : (classes, classes) float
        True classes in rows; the mean over seeds.
    classes : list of str
    """
    figure, axes = new_figure(1.6 + 0.72 * len(classes), 1.2 + 0.62 * len(classes))
    draw_confusion(axes, confusion, classes)
    return figure


def draw_confusion(axes: Axes, confusion: np.ndarray[Any, Any], classes: list[str]) -> None:
    """Draw the same on axes that are there."""
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1e-12)
    decimals = 0 if np.all(confusion == np.round(confusion)) else 1
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*confusion.shape):
        count, part = confusion[row, column], share[row, column]
        if count > 0:
            axes.text(
                column,
                row,
                f"{count:.{decimals}f}\n{100 * part:.0f} %",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if part > 0.55 else "black",
            )
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    totals = confusion.sum(axis=1)
    axes.set_yticks(range(len(classes)), [f"{name} ({total:.0f})" for name, total in zip(classes, totals, strict=True)])
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (clips)")
    axes.set_title("Confusion: clips (mean of seeds) and share of the row", fontsize=10)


def plot_classes(rows: dict[str, dict[str, Any]]) -> Figure:
    """Plot precision, recall and F1 of each class; an interval of F1 where there are enough groups for one.

    Parameters
    ----------
    rows : dict
        ``per_class`` of metrics.json.
    """
    names = sorted(rows, key=lambda name: -rows[name]["f1"])
    figure, axes = new_figure(7.5, 1.2 + 0.36 * len(names))
    places = np.arange(len(names))
    axes.barh(places, [rows[name]["f1"] for name in names], color=BLUE, height=0.62, label="F1")
    for place, name in zip(places, names, strict=True):
        row = rows[name]
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color="black", lw=1.2, zorder=3)
    for metric, marker, colour in (("precision", "|", ORANGE), ("recall", "x", GREY)):
        values = [rows[name][metric] for name in names]
        axes.scatter(values, places, marker=marker, s=60, color=colour, zorder=4, label=metric)
    axes.set_yticks(places, [f"{name} ({rows[name]['support']} in {rows[name]['groups']})" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("mean over seeds; line: 95 % interval of F1 over groups")
    axes.set_ylabel("class (clips in groups)")
    axes.grid(axis="x", alpha=0.25)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def plot_curves(history: Path) -> Figure:
    """Plot loss and accuracy by epoch, one line a seed, from a history.csv."""
    with history.open(encoding="utf-8", newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    figure, axes = new_figure(9.5, 3.6, columns=2)
    for panel, name in zip(axes, ("loss", "accuracy"), strict=True):
        for training in sorted({(row["seed"], row.get("fold", 0.0)) for row in rows}):
            one_training = [row for row in rows if (row["seed"], row.get("fold", 0.0)) == training]
            epochs = [row["epoch"] for row in one_training]
            panel.plot(epochs, [row[name] for row in one_training], color=BLUE, alpha=0.7, lw=1.2)
            panel.plot(epochs, [row[f"val_{name}"] for row in one_training], color=ORANGE, alpha=0.7, lw=1.2)
        panel.set_xlabel("epoch")
        panel.set_ylabel("loss (nats)" if name == "loss" else name)
        panel.set_ylim(bottom=0, top=1.02 if name == "accuracy" else None)
        panel.grid(alpha=0.25)
    axes[0].plot([], [], color=BLUE, label="training (with dropout)")
    axes[0].plot([], [], color=ORANGE, label="validation")
    axes[0].legend(frameon=False, fontsize=8)
    figure.suptitle("Learning curves, one line a training", fontsize=10)
    return figure
