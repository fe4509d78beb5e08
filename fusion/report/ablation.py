"""Figures and sentences of an ablation: what each arm reaches, and what can be said of each feature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.evaluation.metric import metric_label
from fusion.report.plots import BLUE, GREY, ORANGE, new_figure, save
from fusion.report.wording import LEVEL, p_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TINY = 0.05  # points: less is 0.0 when rounded
_WIDTH = 46  # characters of an arm's label in a line


def write(folder: Path, ablation: Mapping[str, Any]) -> None:
    """Write ``ablation.png``, ``shapley.png`` and ``per_class.png``; remove those that this ablation has not.

    Parameters
    ----------
    folder : Path
    ablation : dict
        The content of ablation.json.
    """
    save(arms_figure(ablation), folder / "ablation.png")
    if ablation["shapley"]:
        save(shapley_figure(ablation), folder / "shapley.png")
    else:
        (folder / "shapley.png").unlink(missing_ok=True)  # of another mode
    if ablation["per_class"]:
        save(per_class_figure(ablation["per_class"]), folder / "per_class.png")
    else:
        (folder / "per_class.png").unlink(missing_ok=True)


def arms_figure(ablation: Mapping[str, Any]) -> Figure:
    """Return what each arm reaches with its 95 % interval, the best on top, that of all features marked."""
    arms = sorted(ablation["arms"], key=lambda arm: arm["mean"])
    every = max((arm["features"] for arm in arms), key=len)
    labels = [fill(_label(ablation["mode"], arm["features"], every), _WIDTH, break_on_hyphens=False) for arm in arms]
    lines = np.array([1 + label.count("\n") for label in labels])
    steps = 0.55 + 0.45 * lines  # labels of several lines need room
    places = np.cumsum(steps) - steps / 2
    figure, axes = new_figure(8.6, 1.5 + 0.27 * steps.sum())
    found = [value for arm in arms for value in (*arm["per_seed"], arm["low"], arm["high"]) if value is not None]
    least, most = min(found), max(found)
    room = max(most - least, 0.02)
    for place, arm in zip(places, arms, strict=True):
        colour = ORANGE if len(arm["features"]) == len(every) else BLUE
        if arm["low"] is not None:
            axes.plot([arm["low"], arm["high"]], [place, place], color=colour, lw=2, solid_capstyle="butt")
        beside = np.full(len(arm["per_seed"]), place - 0.27)  # on the line they would not be seen
        axes.plot(arm["per_seed"], beside, ".", color=GREY, ms=5, alpha=0.8, mew=0)
        axes.plot(arm["mean"], place, "o", color=colour, ms=6, zorder=3)
    name, chance = _metric(ablation), ablation["chance"]
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
    axes.set_xlabel(f"{name}: mean of seeds, 95 % interval over {ablation['groups']} test groups{note}", fontsize=9)
    axes.grid(axis="x", alpha=0.25)
    figure.legend(frameon=False, fontsize=8, loc="outside upper center", ncols=3)
    return figure


def _label(mode: str, features: Sequence[str], every: Sequence[str]) -> str:
    missing = [name for name in every if name not in features]
    if not missing:
        return "all features"
    if len(missing) == 1 and mode in ("leave-one-out", "mask"):
        return f"{missing[0]} masked" if mode == "mask" else f"without {missing[0]}"
    return " + ".join(features)


def shapley_figure(ablation: Mapping[str, Any]) -> Figure:
    """Return bars of each feature's share of what all reach above chance, in points, the largest on top."""
    found = sorted(ablation["shapley"].items(), key=lambda item: item[1]["value"])
    figure, axes = new_figure(7.0, 1.3 + 0.36 * len(found))
    for place, (_, row) in enumerate(found):
        axes.barh(place, 100 * row["value"], color=BLUE, height=0.6)
        if row["low"] is not None:
            axes.plot([100 * row["low"], 100 * row["high"]], [place, place], color="black", lw=1.2)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_yticks(range(len(found)), [name for name, _ in found])
    axes.set_xlabel(f"points of {_metric(ablation)}; line: 95 % interval over {ablation['groups']} test groups")
    whole = 100 * sum(row["value"] for _, row in found)
    axes.set_title(f"Shares of {_number(whole)} points above chance (Shapley values)", fontsize=10)
    axes.grid(axis="x", alpha=0.25)
    return figure


def per_class_figure(rows: Mapping[str, Mapping[str, float]]) -> Figure:
    """Return how many points of each class' recall are lost without a feature, classes in rows.

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
    image = axes.imshow(points, cmap="RdBu", norm=Normalize(-end, end), aspect="auto")
    for (row, column), value in np.ndenumerate(points):
        colour = "white" if abs(value) > 0.6 * end else "black"
        axes.text(column, row, _number(value), ha="center", va="center", fontsize=8, color=colour)
    axes.set_xticks(range(len(rows)), list(rows), rotation=40, ha="right")
    axes.set_yticks(range(len(classes)), classes)
    axes.set_xlabel("left out or masked")
    axes.set_title("Points of recall lost", fontsize=10)
    figure.colorbar(image, ax=axes, label="lost (blue) or gained (red)")
    return figure


def sentences(ablation: Mapping[str, Any]) -> list[str]:
    """Say in plain words what the tests and the Shapley values tell.

    Parameters
    ----------
    ablation : dict
        The content of ablation.json.

    Returns
    -------
    list of str
        One for each test, the largest loss first, and one of the Shapley values.
    """
    alone = ablation["mode"] == "only-one"  # the strongest first, there and here
    tests = sorted(ablation["tests"], key=lambda test: test["difference"], reverse=not alone)
    tell = _alone if ablation["mode"] == "only-one" else _without
    said = [tell(ablation, test) for test in tests]
    return [*said, _shares(ablation)] if ablation["shapley"] else said


def _without(ablation: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    names, points = _listed(test["without"]), 100 * test["difference"]
    metric = _metric(ablation)
    doing = "Masking" if ablation["mode"] == "mask" else "Leaving out"
    if _nothing(points):
        change = f"changes {metric} by less than 0.1 points" if test["difference"] else f"leaves {metric} as it is"
    else:
        change = f"{'costs' if points > 0 else 'gains'} {_points(abs(points))} of {metric}"
    evidence = _evidence(test, len(ablation["tests"]), reverse=points < 0 and not _nothing(points))
    if test["p_holm"] >= LEVEL:
        verdict = "not shown to matter"
    elif _nothing(points):  # a test is about clips: their answers may change where the figure does not
        verdict = f"what is said of the clips of these {ablation['groups']} test groups is shown to change"
    else:
        verdict = f"shown to matter on these {ablation['groups']} test groups"
    return f"{doing} {names} {change} ({evidence}): {verdict}."


def _alone(ablation: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    arm = next(arm for arm in ablation["arms"] if arm["features"] == test["features"])
    points = 100 * test["difference"]
    count = len(test["features"]) + len(test["without"])
    every = "both features" if count == 2 else f"all {count} features"
    if _nothing(points):
        change = f"less than 0.1 points from {every}" if test["difference"] else f"the same as {every}"
    else:
        change = f"{_points(abs(points))} {'less' if points > 0 else 'more'} than {every}"
    evidence = _evidence(test, len(ablation["tests"]), reverse=points < 0 and not _nothing(points))
    where = f" on these {ablation['groups']} test groups"
    if test["p_holm"] >= LEVEL:
        verdict = "not shown to differ"
    elif _nothing(points):
        verdict = f"what is said of the clips of these {ablation['groups']} test groups is shown to differ"
    else:
        verdict = f"shown to differ{where}"
    names, metric = _listed(test["features"]), _metric(ablation)
    article = "an" if metric == "accuracy" else "a"
    reached = f"{names} alone reaches {article} {metric} of {_number(100 * arm['mean'])} %"
    return f"{reached}, {change} ({evidence}): {verdict}."


def _shares(ablation: Mapping[str, Any]) -> str:
    rows = sorted(ablation["shapley"].items(), key=lambda item: -item[1]["value"])
    parts = []
    for number, (name, row) in enumerate(rows):
        interval = "no interval" if row["low"] is None else _interval(row["low"], row["high"])
        named = f"95 % interval {interval}" if not number and row["low"] is not None else interval
        verb = " brings" if not number else ""
        parts.append(f"{name}{verb} {_number(100 * row['value'])} ({named})")
    whole = 100 * sum(row["value"] for _, row in rows)
    metric, shares = _metric(ablation), _listed(parts)
    if whole > 0 and not _nothing(whole):
        return f"Of the {_points(whole)} of {metric} above chance, {shares}."
    apart = "less than 0.1 points from chance" if _nothing(whole) else f"{_points(-whole)} less than chance"
    return f"The {metric} of all features is {apart}; of these {_number(whole)}, {shares}."


def _evidence(test: Mapping[str, Any], tests: int, reverse: bool) -> str:
    """Return the interval, of the gain if `reverse`, and p."""
    if test["low"] is None:
        interval = "no interval"
    else:
        ends = (-test["high"], -test["low"]) if reverse else (test["low"], test["high"])
        interval = f"95 % interval {_interval(*ends)}"
    return f"{interval}, {p_text(test['p_holm'])}{' after Holm' if tests > 1 else ''}"


def _nothing(points: float) -> bool:
    return abs(points) < _TINY


def _number(points: float) -> str:
    return f"{points:.1f}" if round(points, 1) else "0.0"  # no -0.0


def _points(points: float) -> str:
    text = _number(points)
    return f"{text} point{'' if text == '1.0' else 's'}"


def _interval(low: float, high: float) -> str:
    return f"{_number(100 * low)} to {_number(100 * high)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _metric(ablation: Mapping[str, Any]) -> str:
    return metric_label(ablation["metric"])
