"""What the arms of an ablation say: metrics, Shapley values, tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.effects import coverage_warnings, holm, paired_difference, shapley_intervals, variance_parts
from fusion.evaluation.intervals import bootstrap_interval
from fusion.result.predictions import Predictions, read_predictions, refuse_other_clips


@dataclass(frozen=True)
class AblationArm:
    """One way of doing it.

    Attributes
    ----------
    features : tuple of str
        That its networks use.
    folder : Path or None
        Its result; None where a feature of the full arm is masked.
    counts : (groups, seeds, ...)
        What metrics are functions of.
    right : (clips,)
        How right each clip's prediction is.
    """

    features: tuple[str, ...]
    folder: Path | None
    counts: NDArray[Any]
    right: NDArray[np.float64]


def summarise_ablation(
    mode: str, all_features: tuple[str, ...], arms: dict[tuple[str, ...], AblationArm], clips: Predictions
) -> dict[str, Any]:
    """Return the content of ablation.json.

    Parameters
    ----------
    mode : str
    all_features : tuple of str
    arms : dict
        By their features, that of all features among them; all on the same clips.
    clips : Predictions
        Of the arm of all features.

    Returns
    -------
    dict
        ``mode, metric, chance, groups, arms [{features, mean, std, low, high, per_seed, groups_std, digest}], shapley
        {feature: {value, low, high}}, tests [{features, without, difference, low, high, p, p_holm}], per_class
        {feature:
        {class: difference}}, warnings``. A test's difference is the arm of all features minus the other; a Shapley
        value is a feature's share of the whole above chance; ``per_class`` is of each class' recall.
    """
    for arm in arms.values():
        if arm.folder is not None:
            refuse_other_clips(clips, read_predictions(arm.folder))
    truth = clips.truth
    metric, strata, groups = truth.task.headline.function, truth.strata, truth.groups
    whole = arms[all_features]
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for features, arm in arms.items():
        per_seed = metric(arm.counts.sum(axis=0))
        low, high = bootstrap_interval(arm.counts, lambda sums: metric(sums).mean(axis=-1), strata) or (None, None)
        parts = variance_parts(arm.counts, metric, strata)
        row = {
            "features": list(features),
            "mean": float(per_seed.mean()),
            "std": parts["seeds"],
            "low": low,
            "high": high,
        }
        digest = arm.folder.name if arm.folder else None
        rows.append({**row, "groups_std": parts["groups"], "per_seed": per_seed.tolist(), "digest": digest})
        if features == all_features or (mode == "all" and len(features) < len(all_features) - 1):
            continue
        more = np.bincount(groups, whole.right - arm.right)
        test = paired_difference(arm.counts, whole.counts, metric, strata, more)
        without = [name for name in all_features if name not in features]
        kept = {key: test[key] for key in ("difference", "low", "high", "p")}
        tests.append({"features": list(features), "without": without, **kept})
    for test, p in zip(tests, holm(np.array([test["p"] for test in tests])) if tests else [], strict=True):
        test["p_holm"] = float(p)
    chance = truth.chance()
    shares: dict[str, Any] = {}
    if mode == "all":
        counts = {frozenset(features): arm.counts for features, arm in arms.items()}
        shares = shapley_intervals(counts, all_features, metric, strata, chance=chance)
    count = int(groups.max()) + 1
    return {
        "mode": mode,
        "metric": truth.task.headline.name,
        "chance": chance,
        "groups": count,
        "arms": rows,
        "shapley": shares,
        "tests": tests,
        "per_class": {
            test["without"][0]: _per_class(clips, whole, arms[tuple(test["features"])])
            for test in tests
            if len(test["without"]) == 1
        },
        "warnings": coverage_warnings(count),
    }


def _per_class(clips: Predictions, whole: AblationArm, arm: AblationArm) -> dict[str, float]:
    """Return how much each class' recall falls, in an arm against the whole; mean over seeds."""
    recall = [_recall(clips, each.counts) for each in (whole, arm)]
    occurs = np.asarray(clips.truth.targets.any(axis=0))
    return {
        label: float(recall[0][number] - recall[1][number])
        for number, label in enumerate(clips.classes)
        if occurs[number]
    }


def _recall(clips: Predictions, counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(clips.task.class_scores(counts.sum(axis=0))["recall"].mean(axis=0))
