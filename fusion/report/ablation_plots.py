"""Plots of an ablation: what each arm reaches, what each feature brings, and what each class loses without it."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.evaluation.metric import metric_label
from fusion.report.plots import BLUE, DARK, GREY, INK, ORANGE, new_figure
from fusion.report.wording import arm_label, points_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABEL_WIDTH = 46  # characters of an arm's label in a line


def plot_arms(ablation: Mapping[str, Any]) -> Figure:
    """Plot what each arm reaches with its 95 % interval, the best on top, that of all features marked."""
    arms = sorted(ablation["arms"], key=lambda arm: arm["mean"])
    all_features = max((arm["features"] for arm in arms), key=len)
    names = [arm_label(ablation, arm["features"]) for arm in arms]
    labels = [fill(name, _LABEL_WIDTH, break_on_hyphens=False) for name in names]
    heights = np.array([1 + label.count("\n") for label in labels])
    steps = 0.55 + 0.45 * heights  # labels of several lines need room
    places = np.cumsum(steps) - steps / 2
    figure, axes = new_figure(8.6, 1.5 + 0.27 * steps.sum())
    scores = [value for arm in arms for value in (*arm["per_seed"], arm["low"], arm["high"]) if value is not None]
    least, most = min(scores), max(scores)
    room = max(most - least, 0.02)
    for place, arm in zip(places, arms, strict=True):
        colour = ORANGE if len(arm["features"]) == len(all_features) else BLUE
        if arm["low"] is not None:
            axes.plot([arm["low"], arm["high"]], [place, place], color=colour, lw=2, solid_capstyle="butt")
        beside = np.full(len(arm["per_seed"]), place - 0.27)  # on the line they would not be seen
        axes.plot(arm["per_seed"], beside, ".", color=GREY, ms=5, alpha=0.8, mew=0)
        axes.plot(arm["mean"], place, "o", color=colour, ms=6, zorder=3)
    metric, chance = metric_label(ablation["metric"]), ablation["chance"]
    near = least - room < chance < most + room
    if near:
        axes.axvline(chance, color=GREY, ls="--", lw=1, zorder=0)
        axes.plot([], [], "--", color=GREY, lw=1, label=f"chance: the same answer for every clip, {chance:.3f}")
        least, most = min(least, chance), max(most, chance)
    axes.plot([], [], "o-", color=ORANGE, label="all features")
    axes.plot([], [], ".", color=GREY, label="one draw of a seed" if ablation["mode"] == "mask" else "one seed")
    axes.set_xlim(least - 0.04 * room, most + 0.04 * room)
    axes.set_ylim(0, steps.sum())
    axes.set_yticks(places, labels, fontsize=8)
    note = "" if near else f"; chance is {chance:.3f}, out of the picture"
    axes.set_xlabel(f"{metric}: mean of seeds, 95 % interval, {ablation['groups']} test groups{note}", fontsize=9)
    axes.grid(axis="x", alpha=0.25)
    figure.legend(frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    return figure


def plot_shapley(ablation: Mapping[str, Any]) -> Figure:
    """Plot bars of each feature's share of what all reach above chance, in points, the largest on top."""
    shares = sorted(ablation["shapley"].items(), key=lambda item: item[1]["value"])
    figure, axes = new_figure(7.0, 1.3 + 0.36 * len(shares))
    for place, (_, row) in enumerate(shares):
        axes.barh(place, 100 * row["value"], color=BLUE, height=0.6)
        if row["low"] is not None:
            axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color=INK, lw=1.2)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(shares)), [name for name, _ in shares])
    metric = metric_label(ablation["metric"])
    axes.set_xlabel(f"points of {metric}; line: 95 % interval, {ablation['groups']} test groups")
    whole = 100 * sum(row["value"] for _, row in shares)
    axes.set_title(f"Shares of {points_text(whole)} points above chance (Shapley values)", fontsize=10)
    axes.grid(axis="x", alpha=0.25)
    return figure


def plot_per_class(rows: Mapping[str, Mapping[str, float]]) -> Figure:
    """Plot how many points of each class' recall are lost without a feature, classes in rows.

    Parameters
    ----------
    rows : dict
        ``per_class`` of ablation.json: feature to class to difference.
    """
    from matplotlib.colors import Normalize

    classes = list(next(iter(rows.values())))
    points = 100 * np.array([[row[label] for row in rows.values()] for label in classes])
    longest = max(map(len, rows))
    figure, axes = new_figure(2.8 + 0.8 * len(rows), 1.5 + 0.055 * longest + 0.36 * len(classes))
    end = max(float(np.abs(points).max()), 1.0)
    cells = axes.imshow(points, cmap="RdBu", norm=Normalize(-end, end), aspect="auto")
    for (row, column), value in np.ndenumerate(points):
        colour = "white" if abs(value) > 0.6 * end else DARK
        axes.text(column, row, points_text(value), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(rows)), list(rows), rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("left out or masked")
    axes.set_title("Points of recall lost", fontsize=10)
    figure.colorbar(cells, ax=axes, label="lost (blue) or gained (red)")
    return figure
