"""The statistics of a finished result anew, from its tables: for results whose intervals are of an older method."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.evaluation.coverage import coverage_warnings
from fusion.result.folder import ResultFolder, of_older_method
from fusion.result.predictions import read_predictions
from fusion.result.reference_predictions import ReferencePredictions, read_reference_predictions
from fusion.result.reference_scores import CONSTANT, best_reference, reference_scores
from fusion.result.warnings import below

_KEPT = ("train_clips", "note", "settings")


def recomputed(folder: Path, enough: int) -> dict[str, Any]:
    """Return metrics.json of a result with all metrics of decisions anew, from predictions.csv and references.csv.

    Parameters
    ----------
    folder : Path
    enough : int
        Groups that a class needs for an interval of its own.

    Returns
    -------
    dict
        Metrics of training keep their interval, but one of an older method has none: the tables do not have what was
        said of training clips.

    Raises
    ------
    FusionError
        If the folder is no finished result, or its tables are damaged or for other clips.
    """
    metrics = ResultFolder(folder).finished()
    predictions = read_predictions(folder)
    references = read_reference_predictions(folder)
    if any(set(by_clip) != set(predictions.clips) for by_clip in references.values()):
        raise FusionError(f"{folder}: references.csv is for other clips than predictions.csv; run it again")
    _refuse_gaps(folder, references, predictions.repeats)
    truth, counts = predictions.truth, predictions.counts()
    headline = predictions.task.headline
    own = truth.estimate(counts, headline.function)
    compared = reference_scores(truth, predictions.classes, list(predictions.clips), references, own)
    if lost := sorted(set(metrics["references"]) - set(compared) - {CONSTANT}):
        raise FusionError(f"{folder}: references.csv lacks {', '.join(lost)}; run the experiment again")
    for name, row in compared.items():
        before = metrics["references"].get(name, {})
        row |= {key: before[key] for key in _KEPT if key in before}
    test = truth.over_seeds(counts)
    warnings, training = [_renewed(text) for text in metrics["warnings"]], metrics["train"]
    if of_older_method(metrics):
        warnings = [*warnings, *coverage_warnings(len(truth.strata))]
        training = {name: _without_interval(summary) for name, summary in training.items()}
    failed = [text for text in warnings if text.startswith("did-not-converge:")]
    others = [text for text in warnings if not text.startswith(("did-not-converge:", "below-reference:"))]
    of_scores = {name: value for name, value in metrics["test"].items() if name not in (*test, "per_class")}
    return {
        **metrics,
        "train": training,
        "test": {**test, **of_scores, "per_class": truth.by_class(counts, predictions.classes, enough)},
        "references": compared,
        "best_reference": best_reference(compared, headline),
        "warnings": [*failed, *below(compared), *others],
    }


def _refuse_gaps(folder: Path, references: ReferencePredictions, repeats: int) -> None:
    """Raise a FusionError unless each reference model has a prediction of every repeat."""
    for name, seed in {(name, seed) for name, seed, _ in references}:
        if {key[2] for key in references if key[:2] == (name, seed)} != set(range(repeats)):
            raise FusionError(f"{folder}: references.csv lacks repeats of {name}; run the experiment again")


def _renewed(warning: str) -> str:
    """Return a warning of few groups in the words of today."""
    said = re.fullmatch(r"few-groups: (\d+) (test \w+); .* miss the truth(.*)", warning)
    return warning if said is None else "".join(coverage_warnings(int(said[1]), said[2])) + said[3]


def _without_interval(summary: Any) -> Any:
    if not isinstance(summary, dict) or "per_seed" not in summary:
        return summary
    return {**{key: summary[key] for key in ("mean", "std", "per_seed")}, "low": None, "high": None}
