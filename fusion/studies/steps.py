"""How the arms of a study differ: each from the one before it, and known groups from unknown ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fusion.evaluation.effects import adjusted
from fusion.evaluation.estimate import aligned, of_arm
from fusion.result.predictions import Predictions, refuse_other_clips


def tested_steps(predictions: dict[str, Predictions], steps: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return how far each arm is above the one before it, adjusted for the number of steps.

    Parameters
    ----------
    predictions : dict of str to Predictions
        By arm.
    steps : list of two str
        An arm and the one before it, on the same test clips.
    """
    tests = []
    for arm, before in steps:
        refuse_other_clips(predictions[arm], predictions[before])
        metric = predictions[arm].task.headline
        effect = predictions[arm].estimate(metric) - predictions[before].estimate(metric)
        names = {"arm": arm, "before": before, "metric": metric.name}
        tests.append({**names, "difference": effect.value, **effect.spread()})
    return adjusted(tests)


def known_gaps(arms: Sequence[Mapping[str, Any]], predictions: Mapping[str, Predictions]) -> list[dict[str, Any]]:
    """Return how far tests on groups that training knows are above tests of the same model on unknown ones.

    Parameters
    ----------
    arms : sequence of dict
        As study.json has them. A pair has the same data set, features, network and training: only the protocol, and
        which clips there are, may differ.
    predictions : dict of str to Predictions
        By arm.

    Returns
    -------
    list of dict
        ``known``, ``unknown`` (arms), ``metric``, ``difference`` and what `Estimate.spread` gives; a group that both
        tests have is paired with itself.
    """
    alike: dict[Any, list[Mapping[str, Any]]] = {}
    for arm in arms:
        trained_by = arm.get("trained_by")  # an older fusion did not note it
        alike.setdefault((arm["dataset"], tuple(arm["features"]), arm["model"], trained_by), []).append(arm)
    gaps = []
    for own in alike.values():
        known = [arm["name"] for arm in own if _shared(arm)]
        unknown = [arm["name"] for arm in own if not _shared(arm)]
        if not (known and unknown) or predictions[known[0]].task != predictions[unknown[0]].task:
            continue
        pair = [predictions[known[0]], predictions[unknown[0]]]
        metric = pair[0].task.headline
        (values, by_group), (others, by_other) = (
            each.truth.linearised(each.counts(), metric.function) for each in pair
        )
        first, second = (np.unique([group for group, _ in each.clips.values()]) for each in pair)
        one, other, strata = aligned(by_group, by_other, (first, second), (pair[0].truth.strata, pair[1].truth.strata))
        gap = of_arm(values, one, strata) - of_arm(others, other, strata)
        names = {"known": known[0], "unknown": unknown[0], "metric": metric.name}
        gaps.append({**names, "difference": gap.value, **gap.spread()})
    return adjusted(gaps)


def _shared(arm: Mapping[str, Any]) -> bool:
    return any(text.startswith("shared-groups:") and "are also in train" in text for text in arm["warnings"])
