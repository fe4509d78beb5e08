"""Two results on the same clips: how far apart they are, and whether chance would do that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fusion.evaluation.effects import coverage_warnings, paired_difference
from fusion.evaluation.label_task import recorded_task
from fusion.result.predictions import Predictions, refuse_other_clips


def compare_predictions(first: Predictions, second: Predictions) -> dict[str, Any]:
    """Return how two results differ: the first minus the second.

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
    more_right = np.bincount(first.truth.groups, right[0] - right[1])
    counts = second.counts(), first.counts()
    metrics = {}
    for metric in first.task.shown("headline", "table"):
        tested = more_right if metric == first.task.headline else None
        row = paired_difference(*counts, metric.function, first.truth.strata, tested)
        metrics[metric.name] = {**row, "first": row["second"], "second": row["first"]}
    changed = [
        {"clip": clip, "group": group, "true": label, "first": float(one), "second": float(other)}
        for (clip, (group, label)), one, other in zip(first.clips.items(), *right, strict=True)
        if one != other
    ]
    names = {"first": first.name, "second": second.name}
    groups = int(first.truth.groups.max()) + 1
    sizes = {"clips": len(first.clips), "groups": groups}
    return {**names, **sizes, **metrics, "changed": changed, "warnings": coverage_warnings(groups)}


def sentence(comparison: dict[str, Any], level: float = 0.05) -> str:
    """Return in words what a comparison shows, and what it does not."""
    metric = recorded_task(comparison).headline
    row = comparison[metric.name]
    interval = "" if row["low"] is None else f", 95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f}"
    verdict = (
        "more than chance"
        if row["p"] < level
        else f"not shown to differ, with {comparison['groups']} groups to tell by"
    )
    return (
        f"{comparison['first']} minus {comparison['second']}: {100 * row['difference']:+.1f} points of {metric.label}"
        f"{interval} (sign-flip test over groups, p = {row['p']:.3f}): {verdict}"
    )
