"""What a stress test says in numbers: figures by level, what is lost, and which of two results breaks first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.breaking_point import HALF, TENTH, breaking_point
from fusion.evaluation.coverage import coverage_warnings
from fusion.evaluation.effects import adjusted, paired_difference
from fusion.evaluation.estimate import Estimate, of_arm
from fusion.evaluation.ground_truth import GroundTruth
from fusion.result.predictions import Predictions
from fusion.result.trained import TrainedResult
from fusion.sound.grade import Grade
from fusion.sound.graded import GRADED
from fusion.studies.grades import trained_with

Bools = NDArray[np.bool_]

_SHARES = {"tenth": TENTH, "half": HALF}

_OF_DATA = ("sample:", "shared-groups:", "missing-class:")  # warnings of a result that hold here, too


@dataclass(frozen=True)
class Graded:
    """What the networks of a result say of its test clips at one grade.

    Attributes
    ----------
    grade : Grade or None
        None: as they are.
    heard : (clips,) bool
        Those that anything is left of.
    scores : (seeds, clips, classes)
        Of each seed in turn, and within it of each repeat; NaN for clips that nothing is left of.
    decisions : (seeds, clips, classes) bool
    shift : dict of str to float or None
        How far each feature shifts, in standard deviations of the clips as they are.
    """

    grade: Grade | None
    heard: Bools
    scores: NDArray[np.float64]
    decisions: Bools
    shift: dict[str, float | None]

    def counts(self, truth: GroundTruth, clips: Bools) -> NDArray[Any]:
        """Return what metrics are functions of, for some clips that are heard."""
        return truth.counts([(values[clips], decided[clips]) for values, decided in self._each()])

    def _each(self) -> list[tuple[Any, Any]]:
        return list(zip(self.scores, self.decisions, strict=True))


def summarise_stress(saved: TrainedResult, predictions: Predictions, outcomes: Sequence[Graded]) -> dict[str, Any]:
    """Return the content of stress.json.

    Parameters
    ----------
    saved : TrainedResult
    predictions : Predictions
        Of the test clips as they are: their labels and groups.
    outcomes : sequence of Graded
        As they are, then at each grade.

    Returns
    -------
    dict
        ``experiment, digest, dataset, protocol, sample, seeds, plugins, features, metric, clips, groups, chance, clean
        {mean, std, per_seed, low, high, ..}, distortions [{name, label, unit, trained, tenth {level, position,
        earliest, latest}, half {..}, levels [{level, clips, silent, mean, .., change {difference, low, high, p, p_holm,
        ..}, lost, shift}]}], warnings``. A change is less the same clips as they are; ``lost`` is its share of the
        advantage over chance. ``earliest`` and ``latest`` are the ends of a 95 % interval, ``{level, position}`` each,
        None where it is not known. Where no clip is left, there is no mean, change or lost.
    """
    clean, graded = outcomes[0], outcomes[1:]
    headline = predictions.task.headline
    truth = predictions.truth
    chance = truth.chance()
    figure = truth.over_seeds(clean.counts(truth, clean.heard))[headline.name]
    advantage = figure["mean"] - chance
    rows = [_level(predictions, clean, each, advantage) for each in graded]
    tested = iter(adjusted([row["change"] for row in rows if row["change"]]))
    rows = [{**row, "change": next(tested) if row["change"] else None} for row in rows]
    kinds = list(dict.fromkeys(each.grade.kind for each in graded if each.grade))
    metrics = saved.metrics
    kept = [text for text in metrics["warnings"] if text.startswith(_OF_DATA)]
    if advantage <= 0:
        kept.append(f"no-advantage: {headline.label} of {figure['mean']:.3f} is not above chance, {chance:.3f}")
    if silent := [f"{each.grade} ({(~each.heard).sum()} clips)" for each in graded if not each.heard.all()]:
        kept.append(f"silent: nothing is left of some clips, which are left out there: {', '.join(silent)}")
    return {
        **{key: metrics[key] for key in ("experiment", "digest", "dataset", "protocol", "sample")},
        "seeds": list(saved.seeds),
        "plugins": saved.experiment.plugin_folders(),
        "features": list(saved.experiment.features),
        "metric": headline.name,
        "clips": len(predictions.clips),
        "groups": len(truth.strata),
        "chance": chance,
        "clean": figure,
        "distortions": [
            {
                **_head(kind, trained_with(saved.experiment.training, kind)),
                **_breaking(kind, [row for row in rows if row["kind"] == kind]),
            }
            for kind in kinds
        ],
        "warnings": [*kept, *coverage_warnings(len(truth.strata))],
    }


def _head(kind: str, trained: bool) -> dict[str, Any]:
    return {"name": kind, "label": GRADED[kind].label, "unit": GRADED[kind].unit, "trained": trained}


def _level(predictions: Predictions, clean: Graded, graded: Graded, advantage: float) -> dict[str, Any]:
    """Return what stress.json says of one level."""
    assert graded.grade is not None
    heard = graded.heard
    row = {
        "kind": graded.grade.kind,
        "level": graded.grade.level,
        "clips": int(heard.sum()),
        "silent": int((~heard).sum()),
        "shift": graded.shift,
    }
    if not heard.any():
        unknown = dict.fromkeys(("mean", "std", "low", "high", "df", "change", "lost", "reach"))
        return {**row, **unknown, "per_seed": []}
    truth = _only(predictions.truth, heard)
    headline = predictions.task.headline
    counts, before = (each.counts(truth, heard) for each in (graded, clean))
    (values, by_group), (first, first_by_group) = (truth.linearised(c, headline.function) for c in (counts, before))
    change = of_arm(values - first, by_group - first_by_group, truth.strata)  # the same networks: seed by seed
    lost = -change.value / advantage if advantage > 0 else None
    row |= truth.over_seeds(counts)[headline.name]
    reach = {}
    for name, share in _SHARES.items():  # of what is left less what is left when just that share is lost
        kept = 1 - share
        margin = of_arm(values - kept * first, by_group - kept * first_by_group, truth.strata)
        low = margin.spread()["low"]
        reach[name] = None if low is None or lost is None else (margin.value - low) / advantage
    return {**row, "change": {"difference": change.value, **change.spread()}, "lost": lost, "reach": reach}


def _only(truth: GroundTruth, clips: Bools) -> GroundTruth:
    groups = np.unique(truth.groups[clips], return_inverse=True)[1].ravel().astype(np.int64)
    return GroundTruth(truth.task, truth.targets[clips], groups, truth.repeats)


def _breaking(kind: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return at which level a tenth and a half of the advantage is lost, and the levels.

    An end of the interval is where the share is lost if every level loses as much more, or less, as its own interval
    allows: the levels that a test of "just this share is lost here" does not reject, which is how Fieller inverts a
    test.

    References
    ----------
    E. Fieller: "Some problems in interval estimation", Journal of the Royal Statistical Society B 16(2), 1954, 175-185,
    https://doi.org/10.1111/j.2517-6161.1954.tb00159.x
    """
    known = [row for row in rows if row["lost"] is not None]
    levels, lost = [row["level"] for row in known], [row["lost"] for row in known]
    how = {"log": GRADED[kind].log, "around_0": GRADED[kind].around_0}
    points: dict[str, dict[str, Any]] = {}
    for name, share in _SHARES.items():
        reach = [row["reach"][name] for row in known]
        points[name] = _point(breaking_point(levels, lost, share, **how))
        for end, sign in (("earliest", 1), ("latest", -1)):
            bound = [value + sign * own for value, own in zip(lost, reach, strict=True) if own is not None]
            sure = known and len(bound) == len(known)
            points[name][end] = _point(breaking_point(levels, bound, share, **how)) if sure else None
    return {**points, "levels": [{key: row[key] for key in row if key not in ("kind", "reach")} for row in rows]}


def _point(found: tuple[float | None, float | None]) -> dict[str, Any]:
    return dict(zip(("level", "position"), found, strict=True))


Outcome = tuple[Predictions, Sequence[Graded], dict[str, Any]]


def compare_stress(first: Outcome, second: Outcome) -> dict[str, Any]:
    """Return how two results on the same test clips differ at each grade, the first minus the second.

    Parameters
    ----------
    first, second : tuple
        Predictions, what the networks say at each grade, and what stress.json says.

    Returns
    -------
    dict
        ``results`` (both contents), ``metric``, ``tests [{name, level, first, second, difference, low, high, p,
        p_holm, ..}]`` (``name`` is None for clips as they are) and ``breaks [{name, half [first, second], tenth [..],
        first}]``: ``first`` is the digest of the one that is shown to lose a half of its advantage at a milder level,
        or else a tenth: its interval ends before the other's begins. None: it is not shown, or one has no advantage.
    """
    tests = []
    for one, other in zip(first[1], second[1], strict=True):
        both = one.heard & other.heard
        if both.any():
            arms = [_estimate(outcome[0], graded, both) for outcome, graded in ((first, one), (second, other))]
            where = {"name": one.grade and one.grade.kind, "level": one.grade and one.grade.level}
            tests.append({**where, **paired_difference(*arms)})
    digests = [first[2]["digest"], second[2]["digest"]]
    pairs = zip(first[2]["distortions"], second[2]["distortions"], strict=True)
    return {
        "results": [first[2], second[2]],
        "metric": first[2]["metric"],
        "tests": adjusted(tests),
        "breaks": [_breaks(pair, digests) for pair in pairs],
        "warnings": list(dict.fromkeys([*first[2]["warnings"], *second[2]["warnings"]])),
    }


def _estimate(predictions: Predictions, graded: Graded, clips: Bools) -> Estimate:
    truth = _only(predictions.truth, clips)
    return truth.estimate(graded.counts(truth, clips), predictions.task.headline.function)


def _breaks(pair: tuple[dict[str, Any], dict[str, Any]], digests: list[str]) -> dict[str, Any]:
    points = {share: [kind[share]["position"] for kind in pair] for share in ("half", "tenth")}
    shown = (
        digest
        for share in points
        for digest, one, other in zip(digests, pair, pair[::-1], strict=True)
        if _is_before(one[share], other[share])
    )
    return {"name": pair[0]["name"], **points, "first": next(shown, None)}


def _is_before(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Say whether all of the interval of one breaking point lies at milder levels than all of another's."""
    if not one["latest"] or not other["earliest"]:
        return False  # not known
    end, begin = one["latest"]["position"], other["earliest"]["position"]
    return end is not None and (begin is None or end < begin)
