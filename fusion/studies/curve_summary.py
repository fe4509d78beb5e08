"""What the points of a learning curve say: the metric at each, steps between them, and the line through them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import Any

from fusion.evaluation.effects import adjusted, paired_difference
from fusion.evaluation.estimate import Estimate
from fusion.evaluation.ground_truth import bounded
from fusion.evaluation.learning_curve import ENOUGH_POINTS, Line, fit_line
from fusion.result.folder import ResultFolder
from fusion.result.looks import KEYS, most_looks
from fusion.result.predictions import Predictions, refuse_other_clips, same_clips

_OF_DATA = ("sample:", "shared-groups:", "missing-class:", "few-groups:")  # kept warnings: those of the last point
_OF_TRAINING = "did-not-converge:"  # and of every point


@dataclass(frozen=True)
class CurvePoint:
    """A result, and the number of groups that it was trained on.

    Attributes
    ----------
    groups : int
    folder : Path
    predictions : Predictions
    """

    groups: int
    folder: Path
    predictions: Predictions

    @cached_property
    def estimate(self) -> Estimate:
        """The headline metric's mean over seeds."""
        return self.predictions.estimate(self.predictions.task.headline)

    def row(self) -> dict[str, Any]:
        """Return the point as curve.json has it."""
        result = ResultFolder(self.folder)
        metrics, headline = result.finished(), self.predictions.task.headline.name
        return {
            "groups": self.groups,
            "clips": metrics["clips"]["train"],
            **self.predictions.truth.over_seeds(self.predictions.counts())[headline],
            "digest": self.folder.name,
            "warnings": metrics["warnings"],
            "shared_groups": metrics.get("shared_groups", {}).get("train", 0),  # an older result does not have it
            **{key: metrics[key] for key in KEYS if key in metrics},
        }


def summarise_curve(name: str, arms: Mapping[str, Sequence[CurvePoint]]) -> dict[str, Any]:
    """Return the content of curve.json.

    Parameters
    ----------
    name : str
        Of the experiment or study.
    arms : dict
        By name, the points of each with the fewest groups first; all of an arm on the same clips.

    Returns
    -------
    dict
        ``experiment, digest, arms [{name, metric, test_groups, points [{groups, clips, mean, std, per_seed, low, high,
        se_groups, se_seeds, df, digest, warnings, shared_groups}]}], steps [{arm, groups [before, after], difference,
        a_doubling, low, high, p, p_holm, ..}], fits [{arm, slope, low, high, p, p_holm, .., ahead {groups, value, low,
        high, ..}, bend {difference, low, high, p, ..}, residual}], tests [{arm, before, difference, low, high, p,
        p_holm, ..}],
        warnings, looks, looks_experiments``. A step's difference is after minus before; ``fits`` are as `fit_line`
        makes them; ``tests`` are of the slopes of two arms with the same test clips.

    Raises
    ------
    FusionError
        If points of an arm are on other clips.
    """
    steps: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    lines: dict[str, Line] = {}
    for arm, points in arms.items():
        for before, after in pairwise(points):
            refuse_other_clips(before.predictions, after.predictions)
            steps.append({"arm": arm, "groups": [before.groups, after.groups], **_step(before, after)})
        line = fit_line([point.groups for point in points], [point.estimate for point in points])
        if line is None:
            continue
        fits.append({"arm": arm, **_fit(line, 2 * points[-1].groups)})
        alike = [other for other in lines if same_clips(arms[other][-1].predictions, points[-1].predictions)]
        if alike:
            slopes = paired_difference(line.slope, lines[alike[-1]].slope)
            tests.append({"arm": arm, "before": alike[-1], **slopes})
        lines[arm] = line
    digests = json.dumps([[arm, [[p.groups, p.folder.name, p.predictions.seeds] for p in arms[arm]]] for arm in arms])
    rows = {arm: [point.row() for point in points] for arm, points in arms.items()}
    return {
        "experiment": name,
        "digest": hashlib.sha256(digests.encode()).hexdigest()[:12],
        "arms": [{**_head(arm, points[-1]), "points": rows[arm]} for arm, points in arms.items()],
        "steps": adjusted(steps),
        "fits": _with_bends(adjusted(fits)),
        "tests": adjusted(tests),
        "warnings": list(dict.fromkeys(text for arm in arms for text in _warnings(arm, rows[arm], arm in lines))),
        **most_looks(point for points in rows.values() for point in points),
    }


def _head(arm: str, point: CurvePoint) -> dict[str, Any]:
    predictions = point.predictions
    return {"name": arm, "metric": predictions.task.headline.name, "test_groups": len(predictions.truth.strata)}


def _step(before: CurvePoint, after: CurvePoint) -> dict[str, Any]:
    step = paired_difference(after.estimate, before.estimate)
    return {**step, "a_doubling": step["difference"] / log2(after.groups / before.groups)}


def _fit(line: Line, groups: int) -> dict[str, Any]:
    return {
        "slope": line.slope.value,
        **line.slope.spread(),
        "ahead": {"groups": groups, "value": line.ahead.value, **bounded(line.ahead)},
        "bend": {"difference": line.bend.value, **line.bend.spread()},
        "residual": line.residual,
    }


def _with_bends(fits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return fits whose bends are adjusted for one another, too."""
    bends = adjusted([fit["bend"] for fit in fits])
    return [{**fit, "bend": bend} for fit, bend in zip(fits, bends, strict=True)]


def _warnings(arm: str, points: Sequence[dict[str, Any]], fitted: bool) -> Iterator[str]:
    """Yield what a reader must know of an arm's points, each with its fixed word."""
    yield from (text for text in points[-1]["warnings"] if text.startswith(_OF_DATA))
    if len(set(known := [point["shared_groups"] for point in points])) > 1:
        yield (
            f"shared-groups: from point to point, training of {arm} knows {', '.join(map(str, known))} of its test "
            "groups: a larger point has an easier test, so the line does not say what more sound brings; with protocol "
            "official or cv no point knows its test"
        )
    for point in points:
        if count := sum(text.startswith(_OF_TRAINING) for text in point["warnings"]):
            where = f"{arm} with {point['groups']} training groups"
            yield f"{_OF_TRAINING} {count} trainings of {where}; the report of {point['digest']} says why"
    if not fitted:
        yield f"few-points: {arm} has {len(points)} points; a line through them needs {ENOUGH_POINTS} (--groups)"
