"""Two results on the same clips: how far apart they are, and whether chance would do that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fusion.evaluation.effects import few_groups, paired_difference
from fusion.results.predictions import Predictions, refuse_other_clips


def compare(first: Predictions, second: Predictions) -> dict[str, Any]:
    """Return how the second result differs from the first.

    Parameters
    ----------
    first, second : Predictions
        Of the same clips.

    Returns
    -------
    dict
        ``first`` and ``second`` (names), ``clips``, ``groups``, ``accuracy`` (``micro_f1`` for several labels) and
        ``macro_f1`` (each ``first, second, difference, low, high``; the former with ``p``), and ``changed``: the clips
        that one is right about more often over its seeds, with how right each is (the share of seeds; with several
        labels the mean F1 of a clip's labels), and ``warnings``. Intervals are 95 % bootstrap intervals over groups,
        within class; p is from a sign-flip test over groups.

    Raises
    ------
    FusionError
        If the test clips differ; the message says how.
    """
    refuse_other_clips(first, second)
    classes = tuple(sorted({*first.classes, *second.classes}))  # a class that one never trained on
    first, second = (replace(result, classes=classes) for result in (first, second))
    right = [first.right(), second.right()]
    more = np.bincount(first.groups, right[1] - right[0])
    strata = first.strata()
    figures = {
        name: paired_difference(
            first.counts(), second.counts(), figure, strata, more if name == first.headline else None
        )
        for name, figure in first.figures.items()
    }
    changed = [
        {"clip": clip, "group": group, "true": label, "first": float(one), "second": float(other)}
        for (clip, (group, label)), one, other in zip(first.clips.items(), *right, strict=True)
        if one != other
    ]
    names = {"first": first.name, "second": second.name}
    groups = int(first.groups.max()) + 1
    counts = {"clips": len(first.clips), "groups": groups}
    return {**names, **counts, **figures, "changed": changed, "warnings": few_groups(groups)}


def sentence(comparison: dict[str, Any], level: float = 0.05) -> str:
    """Return in words what a comparison shows, and what it does not."""
    name = "accuracy" if "accuracy" in comparison else "micro_f1"
    found = comparison[name]
    interval = "" if found["low"] is None else f", 95 % interval {100 * found['low']:.1f} to {100 * found['high']:.1f}"
    shown = (
        "more than chance"
        if found["p"] < level
        else f"not shown to differ, with {comparison['groups']} groups to tell by"
    )
    figure = name.replace("_f1", " F1")
    return (
        f"{comparison['second']} minus {comparison['first']}: {100 * found['difference']:+.1f} points of {figure}"
        + (f"{interval} (sign-flip test over groups, p = {found['p']:.3f}): {shown}")
    )
