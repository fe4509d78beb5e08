"""Plots of a study: training against test, learning curves, effect of each step, confusion before and after."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.report.plots import BLUE, GREY, INK, ORANGE, SERIES, new_figure, shortened
from fusion.report.result_plots import draw_cells, read_history
from fusion.report.study_sentences import unconverged
from fusion.report.wording import headline, significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_gaps(study: dict[str, Any]) -> Figure:
    """Plot training and test score of each arm, in the order of the story."""
    arms = study["arms"]
    figure, axes = new_figure(8.5, 1.1 + 0.36 * len(arms))
    for place, arm in enumerate(arms):
        metric = headline(arm)
        train, test = arm["train"][metric]["mean"], arm["test"][metric]
        colour = ORANGE if unconverged(arm) else BLUE
        axes.plot([train, test["mean"]], [place, place], color=GREY, lw=0.8, zorder=1)
        if test["low"] is not None:
            axes.plot([test["low"], test["high"]], [place, place], color=colour, lw=2.6, alpha=0.6, zorder=2)
        axes.scatter([train], [place], s=36, facecolors="white", edgecolors=colour, zorder=3)
        axes.scatter([test["mean"]], [place], s=36, color=colour, zorder=3)
    axes.set_yticks(
        range(len(arms)), [f"{arm['name']}  ({arm['dataset']}, {arm['protocol']})" for arm in arms], fontsize=8
    )
    axes.set_ylim(len(arms) - 0.4, -0.6)
    axes.set_xlim(0, 1.03)
    tests = {metric_label(headline(arm)): f"{arm['dataset']}, {arm['protocol']}" for arm in reversed(arms)}
    name, *others = sorted(tests)
    exceptions = "".join(f" ({tests[other]}: {other})" for other in others)
    axes.set_xlabel(f"{name}{exceptions}; hollow: training, filled: test with 95 % interval", fontsize=9)
    axes.grid(axis="x", alpha=0.25)
    if any(map(unconverged, arms)):
        axes.scatter([], [], color=ORANGE, label="did not converge")
        figure.legend(frameon=False, fontsize=8, loc="outside upper right")
    return figure


def plot_training(study: dict[str, Any], histories: dict[str, Path]) -> Figure:
    """Plot training accuracy by epoch: arms that did not converge, and those with most features beside them.

    Parameters
    ----------
    study : dict
        The content of study.json.
    histories : dict of str to Path
        The history.csv of each arm.
    """
    arms = study["arms"]
    most = max(len(arm["features"]) for arm in arms)
    chosen = [arm for arm in arms if unconverged(arm) or arm["model"] == "course" or len(arm["features"]) == most]
    figure, axes = new_figure(8.5, 3.8)
    colours = cycle(colour for colour in SERIES if colour != ORANGE)
    styles = cycle(["-", "--", ":", "-."])
    for arm in chosen:
        curve = read_history(histories[arm["name"]]).groupby("epoch")["accuracy"].mean()  # over trainings
        colour, width = (ORANGE, 2.6) if unconverged(arm) else (next(colours), 1.3)
        style = next(styles) if unconverged(arm) else "-"
        label = f"{arm['name']}{' (did not converge)' if unconverged(arm) else ''}"
        axes.plot(curve.index, curve, style, color=colour, lw=width, label=label)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel("training accuracy (with dropout, mixtures)")
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.25)
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def plot_steps(study: dict[str, Any]) -> Figure | None:
    """Plot the difference of each test, in points, with its interval; None without tests."""
    tests = study["tests"]
    if not tests:
        return None
    figure, axes = new_figure(8.5, 1.1 + 0.36 * len(tests))
    for place, test in enumerate(tests):
        colour = BLUE if significant(test) else GREY
        if test["low"] is not None:
            axes.plot([100 * test["low"], 100 * test["high"]], [place, place], color=colour, lw=2)
        axes.scatter([100 * test["difference"]], [place], color=colour, s=36, zorder=3)
    axes.axvline(0, color=INK, lw=0.8)
    labels = [f"{test['arm']} against {test['before']}  ({p_text(test['p_holm'])})" for test in tests]
    axes.set_yticks(range(len(tests)), labels, fontsize=8)
    axes.set_ylim(len(tests) - 0.4, -0.6)
    axes.set_xlabel("points on the test, 95 % interval\nblue: p < .05 after Holm", fontsize=9)
    axes.grid(axis="x", alpha=0.25)
    return figure


def _percentage(count: float, share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else ""


def plot_confusion_pair(study: dict[str, Any]) -> Figure | None:
    """Plot the confusion of the first and the last of the arms that share their test; None without a pair.

    Of several tests, the one with the most arms is shown.
    """
    by_test: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for arm in study["arms"]:
        if arm["confusion"] is not None:
            by_test.setdefault((arm["dataset"], arm["protocol"]), []).append(arm)
    pair = max(by_test.values(), key=len, default=[])
    if len(pair) < 2:
        return None
    chosen = (pair[0], pair[-1])
    size = 1.6 + 0.4 * len(chosen[0]["classes"])
    figure, both = new_figure(2 * size, size, columns=2)
    for axes, arm in zip(both, chosen, strict=True):
        draw_cells(axes, np.array(arm["confusion"]), _percentage, fontsize=7, aspect="equal")
        ticks = range(len(arm["classes"]))
        names = [shortened(name) for name in arm["classes"]]
        axes.set_xticks(ticks, names, rotation=45, ha="right", fontsize=8)
        axes.set_yticks(ticks, names, fontsize=8)
        axes.set_title(f"{arm['name']}: {arm['test'][headline(arm)]['mean']:.3f}", fontsize=9)
        axes.set_xlabel("predicted")
    both[0].set_ylabel("true (%)")
    return figure
