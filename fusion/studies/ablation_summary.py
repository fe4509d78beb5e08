"""What the arms of an ablation say: metrics, Shapley values, tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.coverage import coverage_warnings
from fusion.evaluation.effects import adjusted, shapley
from fusion.evaluation.estimate import Estimate, constant, of_arm
from fusion.evaluation.ground_truth import bounded
from fusion.result.folder import ResultFolder
from fusion.result.predictions import Predictions, refuse_other_clips
from fusion.settings.experiment import FeatureGroups

_OF_DATA = ("sample:", "shared-groups:", "missing-class:", "duplicates:", "damaged:")  # of the arm of all features
_OF_TRAINING = "did-not-converge:"  # of every arm

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AblationArm:
    """One way of doing it.

    Attributes
    ----------
    features : tuple of str
        That its networks use.
    folder : Path or None
        Its result; None where a feature of the full arm is masked.
    predictions : Predictions
    draws : int
        Predictions of each seed that differ by what a masked feature is replaced with; those of a seed stand together.
    """

    features: tuple[str, ...]
    folder: Path | None
    predictions: Predictions
    draws: int = 1

    @cached_property
    def counts(self) -> NDArray[Any]:
        """What metrics are functions of, ``(groups, seeds, ...)``."""
        return self.predictions.counts()

    @cached_property
    def linearised(self) -> tuple[Floats, Floats]:
        """The headline metric of each seed, ``(seeds,)``, and what each group contributes, ``(groups, seeds)``."""
        headline = self.predictions.task.headline
        return self.predictions.truth.linearised(self.counts, headline.function, self.draws)

    @cached_property
    def estimate(self) -> Estimate:
        """The headline metric's mean over seeds."""
        return of_arm(*self.linearised, self.predictions.truth.strata)

    def less(self, other: AblationArm) -> Estimate:
        """Return how far this arm is above another; a masked one has the same networks, so seeds are paired, too."""
        if other.folder is not None:
            return self.estimate - other.estimate
        values, by_group = (mine - theirs for mine, theirs in zip(self.linearised, other.linearised, strict=True))
        return of_arm(values, by_group, self.predictions.truth.strata)

    @property
    def recall(self) -> Floats:
        """Recall of each class, mean over seeds, ``(classes,)``."""
        scores = self.predictions.task.class_scores(self.counts.sum(axis=0))
        return np.asarray(scores["recall"].mean(axis=0))


def summarise_ablation(mode: str, groups: FeatureGroups, arms: Mapping[tuple[str, ...], AblationArm]) -> dict[str, Any]:
    """Return the content of ablation.json.

    Parameters
    ----------
    mode : str
    groups : dict of str to tuple of str
        The features that stand and fall together, by name; a feature by itself is a group, too.
    arms : dict
        By their features, that of all features among them; all on the same clips.

    Returns
    -------
    dict
        ``mode, metric, chance, groups, seeds, feature_groups, arms [{features, mean, std, per_seed, digest, low, high,
        se_groups, se_seeds, df}], shapley {feature: {value, low, high, ...}}, tests [{features, without, difference, p,
        p_holm, low, high, ...}], per_class {feature: {class: difference}}, warnings``. What is left out (``without``),
        has a share or is in ``per_class`` goes by the name of its feature group. A test's difference is the arm of all
        features minus the other; a Shapley value is a group's share of the whole above chance; ``per_class`` is of each
        class' recall.

    Raises
    ------
    FusionError
        If arms are on other clips.
    """
    whole = arms[max(arms, key=len)]
    truth, task = whole.predictions.truth, whole.predictions.task
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for features, arm in arms.items():
        refuse_other_clips(whole.predictions, arm.predictions)
        rows.append(_row(arm))
        without = [name for name in whole.features if name not in features]
        if mode != "sets":
            without = [name for name, own in groups.items() if not set(own) & set(features)]
        if arm is whole or (mode == "all" and len(without) > 1):
            continue
        difference = whole.less(arm)
        test = {"features": list(features), "without": without, "difference": difference.value}
        tests.append({**test, **difference.spread()})
    chance = truth.chance()
    shares: dict[str, Any] = {}
    if mode == "all":
        subsets = {
            frozenset(name for name, own in groups.items() if set(own) <= set(features)): arm.estimate
            for features, arm in arms.items()
        }
        subsets[frozenset()] = constant(chance, truth.strata)
        estimates = shapley(subsets, list(groups))
        shares = {name: {"value": share.value, **share.spread()} for name, share in estimates.items()}
    return {
        "mode": mode,
        "metric": task.headline.name,
        "chance": chance,
        "groups": len(truth.strata),
        "seeds": list(whole.predictions.seeds),
        "feature_groups": {name: list(features) for name, features in groups.items()},
        "arms": rows,
        "shapley": shares,
        "tests": adjusted(tests),
        "per_class": {
            test["without"][0]: _per_class(whole, arms[tuple(test["features"])])
            for test in tests
            if len(test["without"]) == 1
        },
        "warnings": coverage_warnings(len(truth.strata)),
    }


def arm_warnings(arms: Mapping[tuple[str, ...], AblationArm]) -> list[str]:
    """Return what a reader must know of the arms' results: of the data, and of trainings that learnt nothing."""
    found = {features: ResultFolder(arm.folder).finished()["warnings"] for features, arm in arms.items() if arm.folder}
    texts = [text for text in found[max(found, key=len)] if text.startswith(_OF_DATA)]
    for features, own in found.items():
        if count := sum(text.startswith(_OF_TRAINING) for text in own):
            noun = "training" if count == 1 else "trainings"
            texts.append(f"{_OF_TRAINING} {count} {noun} with {', '.join(features)}; the page of that arm says why")
    return texts


def _row(arm: AblationArm) -> dict[str, Any]:
    columns = arm.predictions.task.headline.function(arm.counts.sum(axis=0))
    per_seed = columns.reshape(-1, arm.predictions.repeats * arm.draws).mean(axis=1)
    return {
        "features": list(arm.features),
        "mean": arm.estimate.value,
        "std": float(per_seed.std(ddof=1)) if len(per_seed) > 1 else None,
        "per_seed": per_seed.tolist(),
        "digest": arm.folder.name if arm.folder else None,
        **bounded(arm.estimate),
    }


def _per_class(whole: AblationArm, arm: AblationArm) -> dict[str, float]:
    """Return how much each class' recall falls, in an arm against the whole; mean over seeds."""
    occurs = np.asarray(whole.predictions.truth.targets.any(axis=0))
    lost = whole.recall - arm.recall
    return {label: float(lost[number]) for number, label in enumerate(whole.predictions.classes) if occurs[number]}
