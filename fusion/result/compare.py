"""Two results on the same clips: how far apart they are, and whether chance would do that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fusion.evaluation.coverage import coverage_warnings
from fusion.evaluation.effects import LEVEL, p_text, paired_difference
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
        ``macro_f1`` (each as `fusion.evaluation.effects.paired_difference` gives it), and
        ``changed``: the clips that one is right about more often over its seeds, with how right each is (the share of
        seeds; with several labels the mean F1 of a clip's labels), and ``warnings``.

    Raises
    ------
    FusionError
        If the test clips differ; the message says how.
    """
    refuse_other_clips(first, second)
    classes = tuple(sorted({*first.classes, *second.classes}))  # a class that one never trained on
    # scores are of a result's own classes, and what is compared here are decisions
    first, second = (replace(result, classes=classes, scores=None) for result in (first, second))
    right = [first.right(), second.right()]
    metrics = {
        metric.name: paired_difference(first.estimate(metric), second.estimate(metric))
        for metric in first.task.shown("headline", "table")
    }
    changed = [
        {"clip": clip, "group": group, "true": label, "first": float(one), "second": float(other)}
        for (clip, (group, label)), one, other in zip(first.clips.items(), *right, strict=True)
        if one != other
    ]
    names = {"first": first.name, "second": second.name}
    groups = len(first.truth.strata)
    sizes = {"clips": len(first.clips), "groups": groups}
    warnings = coverage_warnings(groups)
    if first.seeds != second.seeds:
        seeds = (f"{result.name} has the seeds {', '.join(map(str, result.seeds))}" for result in (first, second))
        warnings.append(f"other-seeds: {', '.join(seeds)}")
    return {**names, **sizes, **metrics, "changed": changed, "warnings": warnings}


def sentence(comparison: dict[str, Any]) -> str:
    """Return in words what a comparison shows, and what it does not."""
    metric = recorded_task(comparison).headline
    row = comparison[metric.name]
    points = f"{100 * row['difference']:+.1f} points of {metric.label}"
    names = f"{comparison['first']} minus {comparison['second']}"
    if row["p"] is None:
        return f"{names}: {points}; whether that is chance cannot be told ({row['why']})"
    interval = f"95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f}, {p_text(row['p'])}"
    shown = "more than chance" if row["p"] < LEVEL else "not shown to differ"
    return f"{names}: {points} ({interval}): {shown}, with {comparison['groups']} groups to tell by"
