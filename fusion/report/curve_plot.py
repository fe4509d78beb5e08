"""The plot of a learning curve: the metric over the number of training groups, with the line through the points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.evaluation.metric import metric_label
from fusion.report.plots import GREY, SERIES, new_figure
from fusion.report.study_sentences import signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKS = "osD^vP*X"


def plot_curve(curve: Mapping[str, Any]) -> Figure:
    """Plot each arm's points with their 95 % intervals and seeds, its line, and dashed what lies beyond the points.

    Parameters
    ----------
    curve : dict
        The content of curve.json.
    """
    arms, fits = curve["arms"], {fit["arm"]: fit for fit in curve["fits"]}
    figure, axes = new_figure(7.6, 4.2 + 0.2 * len(arms))
    ticks: set[int] = set()
    for number, arm in enumerate(arms):
        colour, mark = SERIES[number % len(SERIES)], _MARKS[number % len(_MARKS)]
        aside = 2 ** (0.05 * (number - (len(arms) - 1) / 2))  # so that arms do not hide one another
        points, fit = arm["points"], fits.get(arm["name"])
        for point in points:
            place = point["groups"] * aside
            if point["low"] is not None:
                axes.plot([place] * 2, [point["low"], point["high"]], color=colour, lw=1.8, solid_capstyle="butt")
            seeds = [place * 2**0.035] * len(point["per_seed"])
            axes.plot(seeds, point["per_seed"], ".", color=GREY, ms=4, alpha=0.7, mew=0)
        label = arm["name"]
        if fit:
            label += f": {signed(fit['slope'])} points a doubling"
            ends = np.array([points[0]["groups"], points[-1]["groups"], fit["ahead"]["groups"]])
            line = fit["ahead"]["value"] + fit["slope"] * np.log2(ends / ends[-1])
            axes.plot(ends[:2], line[:2], color=colour, lw=1)
            axes.plot(ends[1:], line[1:], "--", color=colour, lw=1)
            if fit["ahead"]["low"] is not None:
                axes.plot(
                    [ends[-1] * aside] * 2, [fit["ahead"]["low"], fit["ahead"]["high"]], ":", color=colour, lw=1.5
                )
            ticks.add(int(ends[-1]))
        groups = [point["groups"] for point in points]
        means = [point["mean"] for point in points]
        axes.plot(np.array(groups) * aside, means, mark, color=colour, ms=6, zorder=3, label=label)
        ticks |= set(groups)
    axes.plot([], [], ".", color=GREY, label="one seed")
    if fits:
        axes.plot([], [], "--", color=GREY, lw=1, label="beyond what was measured")
    axes.set_xscale("log", base=2)
    axes.set_xticks(_apart(ticks), [str(tick) for tick in _apart(ticks)])
    axes.minorticks_off()
    metric, tested = (
        " or ".join(dict.fromkeys(texts))
        for texts in zip(*((metric_label(arm["metric"]), str(arm["test_groups"])) for arm in arms), strict=True)
    )
    axes.set_xlabel(f"training groups; mean of seeds and 95 % interval on {tested} test groups")
    axes.set_ylabel(metric)
    axes.grid(alpha=0.25)
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=1)
    return figure


def _apart(ticks: set[int]) -> list[int]:
    """Return the ticks that can be labelled without touching each other."""
    kept: list[int] = []
    for tick in sorted(ticks):
        if not kept or tick / kept[-1] > 1.12:
            kept.append(tick)
    return kept
