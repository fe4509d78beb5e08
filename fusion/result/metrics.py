"""From finished trainings to metrics.json: the tables over all seeds and the metrics that they give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.cautions import FEW_GROUPS
from fusion.datasets.duplicates import Duplicates
from fusion.datasets.overview import overview
from fusion.datasets.table import SPLITS, Dataset
from fusion.evaluation.effects import adjusted, paired_difference
from fusion.evaluation.estimate import Estimate, aligned, of_arm
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.reference import MAJORITY, REFERENCES
from fusion.extraction.prepare import Prepared
from fusion.result.calibration import score_metrics
from fusion.result.folder import ResultFolder
from fusion.result.reference_predictions import ReferencePredictions, to_scores
from fusion.result.trainings import Trainings
from fusion.result.warnings import below, oracle, unconverged
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]

_Tested = tuple[Ints, GroundTruth, NDArray[Any]]

CONSTANT = "constant"


def evaluate_trainings(
    experiment: Experiment, prepared: Prepared, result: ResultFolder, references: ReferencePredictions, sample: bool
) -> dict[str, Any]:
    """Write predictions.csv and history.csv over all seeds, and return the content of metrics.json.

    Parameters
    ----------
    experiment : Experiment
        All its seeds are trained.
    prepared : Prepared
    result : ResultFolder
    references : dict
        What each reference model predicts for each test clip, by name and seed.
    sample : bool

    Returns
    -------
    dict
        ``confusion`` has true classes in rows; it is the mean over seeds, so a row adds up to its class' clips. Where
        clips have several labels, there is none.

    Raises
    ------
    FusionError
        If a seed's predictions are for other clips.
    """
    dataset = prepared.data.dataset
    trainings = Trainings(result, dataset, experiment.seeds)
    predictions = trainings.test_predictions()
    trainings.write_predictions(predictions)
    trainings.write_history()
    truth = _ground_truth(dataset, trainings.tested)
    counts = truth.counts(predictions)
    of_scores, calibration = score_metrics(truth, trainings, [scores for scores, _ in predictions])
    scores = {**truth.over_seeds(counts), **of_scores}
    own = truth.estimate(counts, dataset.label_task.headline.function)
    reference_scores = _reference_scores(truth, trainings, references, own)
    trained = _training_counts(trainings)
    summaries = trainings.summaries
    data, data_warnings = _data(trainings, prepared.data.duplicates)
    return {
        "experiment": experiment.name,
        "digest": result.folder.name,
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "sample": sample,
        "classes": list(dataset.classes),
        "features": list(experiment.features),
        "seeds": list(experiment.seeds),
        **data,
        "warnings": [
            *unconverged(trainings, experiment.model.activation),
            *below(reference_scores, dataset.label_task.headline),
            *oracle(experiment),
            *data_warnings,
        ],
        "seconds": {
            "extract": prepared.seconds,
            **{step: sum(summary["seconds"][step] for summary in summaries) for step in ("train", "evaluate")},
        },
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": trained[1].over_seeds(trained[2]),
        "gap": _gap(dataset, trained, (trainings.tested, truth, counts)),
        "test": {**scores, "per_class": truth.by_class(counts, dataset.classes, FEW_GROUPS)},
        **dataset.label_task.decision_record(counts, [summary.get("threshold") for summary in summaries]),
        "calibration": calibration,
        "references": reference_scores,
    }


def _ground_truth(dataset: Dataset, clips: Ints) -> GroundTruth:
    """Return labels and groups of some rows of the table."""
    groups = np.unique(dataset.groups[clips], return_inverse=True)[1].astype(np.int64)
    return GroundTruth(dataset.label_task, dataset.targets[clips], groups, dataset.repeats)


def _data(trainings: Trainings, duplicates: Duplicates) -> tuple[dict[str, Any], list[str]]:
    """Return what metrics.json says of the data, and warnings."""
    dataset, folds = trainings.dataset, trainings.folds
    parts = {split: dataset.table.loc[np.concatenate([fold.clips(split) for fold in folds])] for split in SPLITS}
    facts = overview(dataset, duplicates)
    counts = {
        "clips": {split: int(part["id"].nunique()) for split, part in parts.items()},
        "groups": {split: int(part["group"].nunique()) for split, part in parts.items()},
        "class_clips": facts["classes"],
        **{key: facts[key] for key in ("class_groups", "shared_groups", "duplicates")},
    }
    return counts, facts["warnings"]


def _reference_scores(
    truth: GroundTruth, trainings: Trainings, references: ReferencePredictions, own: Estimate
) -> dict[str, dict[str, Any]]:
    """Return the metrics of each reference model, how far the network is above it, and those of the test's own best.

    That is always naming the test's largest class, where it is better than the training's.
    """
    dataset, headline = trainings.dataset, trainings.dataset.label_task.headline
    clips = list(dataset.table["id"].to_numpy()[trainings.tested])
    training_clips = max(len(fold.train) for fold in trainings.folds)
    table: dict[str, dict[str, Any]] = {}

    def scores(counts: NDArray[Any], seeded: bool) -> dict[str, Any]:
        against = paired_difference(own, truth.estimate(counts, headline.function, seeded))
        return {**truth.over_seeds(counts, seeded), "network_minus": against}

    for name in dict.fromkeys(name for name, _ in references):
        seeds = [
            to_scores(dataset, [by_clip[clip] for clip in clips])
            for (reference, _), by_clip in references.items()
            if reference == name
        ]
        table[name] = scores(truth.counts(seeds), REFERENCES[name].seeded)
        table[name]["train_clips"] = min(training_clips, REFERENCES[name].most or training_clips)
    if MAJORITY.name in table:
        decisions = dataset.label_task.constant_decisions(truth.targets)[0]
        constant = scores(truth.counts([(decisions, decisions)] * dataset.repeats), seeded=False)
        if constant[headline.name]["mean"] > table[MAJORITY.name][headline.name]["mean"]:
            largest = dataset.classes[int(truth.targets.sum(axis=0).argmax())]
            table[CONSTANT] = {**constant, "class": largest, "train_clips": 0}
    tests = adjusted([row["network_minus"] for row in table.values()])
    return {name: {**row, "network_minus": test} for (name, row), test in zip(table.items(), tests, strict=True)}


def _training_counts(trainings: Trainings) -> _Tested:
    """Return rows, labels and counts of the clips that were trained on, counts of folds added up."""
    dataset = trainings.dataset
    rows = np.unique(np.concatenate([fold.train for fold in trainings.folds]))
    truth = _ground_truth(dataset, rows)
    group_of = np.zeros(len(dataset.table), dtype=np.int64)
    group_of[rows] = truth.groups
    totals = np.zeros(0)
    for number, fold in enumerate(trainings.folds):
        fold_truth = GroundTruth(dataset.label_task, dataset.targets[fold.train], group_of[fold.train])
        counts = fold_truth.counts(trainings.train_predictions(number))
        if not number:
            totals = np.zeros((len(truth.strata), len(trainings.seeds), dataset.repeats, *counts.shape[2:]))
        totals[: len(counts), :, fold.repeat] += counts
    return rows, truth, totals.reshape(len(totals), -1, *totals.shape[3:])


def _gap(dataset: Dataset, trained: _Tested, tested: _Tested) -> dict[str, Any]:
    """Return how far the headline metric of training is above that of the test: the same networks, other clips.

    Parameters
    ----------
    dataset : Dataset
    trained, tested : tuple
        Rows of the table, their labels and groups, and counts.
    """
    metric = dataset.label_task.headline.function
    (values, by_group), (test_values, test_by_group) = (
        truth.linearised(counts, metric) for _, truth, counts in (trained, tested)
    )
    names = np.unique(dataset.groups[trained[0]]), np.unique(dataset.groups[tested[0]])
    first, second, strata = aligned(by_group, test_by_group, names, (trained[1].strata, tested[1].strata))
    gap = of_arm(values - test_values, first - second, strata)
    return {"difference": gap.value, **gap.spread()}
