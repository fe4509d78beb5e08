"""From finished trainings to metrics.json: the tables over all seeds and the metrics that they give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.cautions import FEW_GROUPS
from fusion.datasets.duplicates import Duplicates
from fusion.datasets.overview import overview
from fusion.datasets.table import SPLITS, Dataset
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.reference import MAJORITY, REFERENCES
from fusion.extraction.prepare import Prepared
from fusion.result.folder import ResultFolder
from fusion.result.reference_predictions import ReferencePredictions, to_scores
from fusion.result.trained_on import start_warnings
from fusion.result.trainings import Trainings
from fusion.result.warnings import below, oracle, unconverged
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]

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
    scores = truth.over_seeds(counts)
    reference_scores = _reference_scores(truth, trainings, references)
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
            *below(scores, reference_scores, dataset.label_task.headline),
            *oracle(experiment),
            *start_warnings(dataset, experiment.training.pretrain),
            *data_warnings,
        ],
        "seconds": {
            "extract": prepared.seconds,
            **{step: sum(summary["seconds"][step] for summary in summaries) for step in ("train", "evaluate")},
        },
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": _train_scores(trainings),
        "test": {**scores, "per_class": truth.by_class(counts, dataset.classes, FEW_GROUPS)},
        **dataset.label_task.decision_record(counts, [summary.get("threshold") for summary in summaries]),
        "references": reference_scores,
    }


def _ground_truth(dataset: Dataset, clips: Ints, one_group: bool = False) -> GroundTruth:
    """Return labels and groups of some rows of the table; all in one group where no interval is wanted."""
    groups = np.zeros(len(clips)) if one_group else dataset.groups[clips]
    numbers = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    return GroundTruth(dataset.label_task, dataset.targets[clips], numbers)


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
    truth: GroundTruth, trainings: Trainings, references: ReferencePredictions
) -> dict[str, dict[str, Any]]:
    """Return the metrics of each reference model, and of always naming the test's own largest class."""
    dataset = trainings.dataset
    clips = list(dataset.table["id"].to_numpy()[trainings.tested])
    training_clips = max(len(fold.train) for fold in trainings.folds)
    table: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(name for name, _ in references):
        seeds = [
            to_scores(dataset, [by_clip[clip] for clip in clips])
            for (reference, _), by_clip in references.items()
            if reference == name
        ]
        table[name] = truth.over_seeds(truth.counts(seeds))
        table[name]["train_clips"] = min(training_clips, REFERENCES[name].most or training_clips)
    if MAJORITY.name not in table:
        return table
    largest = dataset.classes[int(truth.targets.sum(axis=0).argmax())]
    decisions = dataset.label_task.constant_decisions(truth.targets)[0]
    constant = truth.over_seeds(truth.counts([(decisions, decisions)]))
    headline = dataset.label_task.headline.name
    if constant[headline]["mean"] > table[MAJORITY.name][headline]["mean"]:
        table[CONSTANT] = {**constant, "class": largest, "train_clips": 0}
    return table


def _train_scores(trainings: Trainings) -> dict[str, Any]:
    """Return the metrics on the clips that were trained on; of folds all added up, without intervals."""
    counts: NDArray[Any] | int = 0
    for number, fold in enumerate(trainings.folds):
        truth = _ground_truth(trainings.dataset, fold.train, one_group=len(trainings.folds) > 1)
        counts = counts + truth.counts(trainings.train_predictions(number))
    return truth.over_seeds(np.asarray(counts))
