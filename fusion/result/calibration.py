"""How well the networks of a result are calibrated, as they are and with temperatures fitted on validation clips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.calibration import reliability
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.probabilities import tempered
from fusion.result.trainings import Trainings

Floats = NDArray[np.float64]

_DIVERGED = "a training diverged: its scores are not numbers"
_OLDER = "a network was trained by an older fusion, which fitted no temperature; run again with --force to have one"
_NONE_HELD_OUT = "the networks were trained on all clips but the test's, so none are left to fit a temperature on"


def score_metrics(truth: GroundTruth, trainings: Trainings, scores: Sequence[Floats]) -> tuple[dict[str, Any], ...]:
    """Return the metrics of scores, and what metrics.json says of calibration.

    Parameters
    ----------
    truth : GroundTruth
        Of the test clips.
    trainings : Trainings
    scores : sequence of (clips, classes)
        Of the test clips, for each seed and repeat.

    Returns
    -------
    metrics : dict
        Metric to its summary; empty where a training diverged.
    calibration : dict
        ``temperature`` of each training; ``bins`` of the reliability diagram; with the temperatures ``bins_after`` and
        ``nll_after`` and the like, or ``why`` there are none.
    """
    several = truth.task.several
    summaries = trainings.summaries
    temperatures = [summary.get("temperature") for summary in summaries]
    record: dict[str, Any] = {"temperature": temperatures}
    if not all(np.isfinite(seed).all() for seed in scores):
        return {}, {**record, "why": _DIVERGED}
    metrics = truth.of_scores(scores)
    record["bins"] = reliability(truth.targets, scores, several)
    if None in temperatures:
        older = not all("temperature" in summary for summary in summaries)
        return metrics, {**record, "why": _OLDER if older else _NONE_HELD_OUT}
    after = [tempered(seed, own, several) for seed, own in zip(scores, trainings.temperatures(), strict=True)]
    record["bins_after"] = reliability(truth.targets, after, several)
    changed = truth.of_scores(after, probabilistic=True)
    return metrics, {**record, **{f"{name}_after": summary for name, summary in changed.items()}}
