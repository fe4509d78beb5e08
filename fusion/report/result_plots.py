"""The plots of one result: confusion, the scores of each class, reliability, learning curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from fusion.report.plots import BLUE, DARK, GREY, INK, ORANGE, new_figure, shortened

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
    longest = max(len(shortened(name)) for name in classes)
    more = 0.09 * max(0, longest - 12)  # inches for letters beyond those that have room anyway
    figure, axes = new_figure(max(4.8, 1.6 + 0.72 * len(classes)) + more, 1.2 + 0.62 * len(classes) + 0.7 * more)
    draw_confusion(axes, confusion, classes)
    return figure


def draw_confusion(axes: Axes, confusion: np.ndarray[Any, Any], classes: list[str]) -> None:
    """Draw the same on axes that are there."""
    decimals = 0 if np.all(confusion == np.round(confusion)) else 1

    def text(count: float, share: float) -> str:
        return f"{count:.{decimals}f}\n{100 * share:.0f} %" if count > 0 else ""

    draw_cells(axes, confusion, text, fontsize=8, aspect="auto")
    names = [shortened(name) for name in classes]
    axes.set_xticks(range(len(classes)), names, rotation=40, ha="right")
    totals = confusion.sum(axis=1)
    axes.set_yticks(range(len(classes)), [f"{name} ({total:.0f})" for name, total in zip(names, totals, strict=True)])
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (clips)")
    axes.set_title("Confusion: clips (mean of seeds) and share of the row", fontsize=10)


def draw_cells(
    axes: Axes,
    confusion: np.ndarray[Any, Any],
    text: Callable[[float, float], str],
    fontsize: int,
    aspect: Literal["equal", "auto"],
) -> None:
    """Draw the cells of a confusion matrix, coloured by share of the row, with `text` of their count and share."""
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1e-12)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect=aspect)
    for row, column in np.ndindex(*shares.shape):
        share = shares.item(row, column)
        if written := text(confusion.item(row, column), share):
            colour = "white" if share > 0.55 else DARK
            axes.text(column, row, written, ha="center", va="center", fontsize=fontsize, color=colour)


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
            axes.plot([row["low"], row["high"]], [place, place], color=INK, lw=1.2, zorder=3)
    for metric, marker, colour in (("precision", "|", ORANGE), ("recall", "x", GREY)):
        values = [rows[name][metric] for name in names]
        axes.scatter(values, places, marker=marker, s=60, color=colour, zorder=4, label=metric)
    axes.set_yticks(places, [f"{name} ({rows[name]['support']} in {rows[name]['groups']})" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("mean over seeds; line: 95 % interval of F1")
    axes.set_ylabel("class (clips in groups)")
    axes.grid(axis="x", alpha=0.25)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def plot_reliability(calibration: dict[str, Any], several: bool) -> Figure:
    """Plot how often each bin of confidence is right, and how much lies in it, before and after temperature.

    Parameters
    ----------
    calibration : dict
        Of metrics.json, with ``bins``; ``bins_after`` where temperatures were fitted.
    several : bool
        Whether clips may have several labels.
    """
    figure, (axes, counts) = new_figure(9.5, 3.6, columns=2)
    axes.plot([0, 1], [0, 1], color=GREY, lw=1, ls="--", label="perfect calibration")
    for key, colour, label in (("bins", BLUE, "as it is"), ("bins_after", ORANGE, "after temperature")):
        if key in calibration:
            filled = [row for row in calibration[key] if row["count"]]
            points = ([row[value] for row in filled] for value in ("confidence", "accuracy"))
            axes.plot(*points, color=colour, marker="o", ms=4, lw=1.2, label=label)
            edges = [*(row["low"] for row in calibration[key]), 1.0]
            counts.stairs([row["count"] for row in calibration[key]], edges, color=colour, lw=1.4, label=label)
    noun = "classes of clips" if several else "clips"
    axes.set_ylabel(f"share of {noun} that are {'heard' if several else 'right'}")
    counts.set_ylabel(f"{noun} (mean of seeds)")
    for panel in (axes, counts):
        panel.set_xlim(0, 1)
        panel.set_xlabel("score of a class" if several else "score of the top class")
        panel.grid(alpha=0.25)
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.suptitle("Reliability: test, in bins of equal width", fontsize=10)
    return figure


def read_history(path: Path) -> pd.DataFrame:
    """Return a history.csv: one row an epoch of a training, with its seed, and its fold where there are folds."""
    return pd.read_csv(path)


def plot_curves(history: Path, taken: Sequence[int] = ()) -> Figure:
    """Plot loss and accuracy by epoch, one line a training, from a history.csv; it may lack validation.

    Parameters
    ----------
    history : Path
    taken : sequence of int
        The epoch whose weights each training kept, in the order of the file.
    """
    rows = read_history(history)
    validated = "val_loss" in rows
    which = [name for name in ("seed", "repeat", "fold") if name in rows]
    figure, axes = new_figure(9.5, 3.6, columns=2)
    for panel, name in zip(axes, ("loss", "accuracy"), strict=True):
        for number, (_, training) in enumerate(rows.groupby(which)):
            panel.plot(training["epoch"], training[name], color=BLUE, alpha=0.7, lw=1.2)
            last = f"val_{name}" if validated else name
            if validated:
                panel.plot(training["epoch"], training[last], color=ORANGE, alpha=0.7, lw=1.2)
            kept = training[training["epoch"].isin(taken[number : number + 1])]
            panel.plot(kept["epoch"], kept[last], "o", color=ORANGE if validated else BLUE, ms=4)
        panel.set_xlabel("epoch")
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set_ylabel("loss (nats)" if name == "loss" else name)
        panel.set_ylim(bottom=0, top=1.02 if name == "accuracy" else None)
        panel.grid(alpha=0.25)
    axes[0].plot([], [], color=BLUE, label="training (with dropout)")
    if validated:
        axes[0].plot([], [], color=ORANGE, label="validation")
    if taken:
        axes[0].plot([], [], "o", color=ORANGE if validated else BLUE, ms=4, label="the epoch taken")
    axes[0].legend(frameon=False, fontsize=8, loc="upper right")
    figure.suptitle("Learning curves, one line a training", fontsize=10)
    return figure
