"""From finished trainings to metrics.json: the tables over all seeds and the metrics that they give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.cautions import FEW_GROUPS
from fusion.datasets.corpus import SPLITS, Corpus
from fusion.datasets.duplicates import Duplicates
from fusion.datasets.overview import overview
from fusion.evaluation.estimate import Estimate, aligned, of_arm
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.reference import REFERENCES
from fusion.extraction.prepare import Prepared
from fusion.result.calibration import score_metrics
from fusion.result.folder import ResultFolder
from fusion.result.reference_predictions import ReferencePredictions
from fusion.result.reference_scores import best_reference, reference_scores
from fusion.result.trained_on import start_warnings
from fusion.result.trainings import Trainings
from fusion.result.warnings import below, oracle, unconverged
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]

_Tested = tuple[Ints, GroundTruth, NDArray[Any]]


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
    compared = _reference_scores(truth, trainings, prepared, references, own)
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
        "group_noun": dataset.group_noun,
        "rendered": bool(dataset.part("test")["origin"].str.contains(", rendered ", regex=False).any()),
        "trained_on": ["train"] if dataset.validates else ["train", "validation"],
        "warnings": [
            *unconverged(trainings, experiment.model.activation),
            *below(compared),
            *oracle(experiment),
            *start_warnings(dataset, experiment.training.pretrain),
            *data_warnings,
        ],
        "seconds": {"extract": prepared.seconds, **trainings.seconds()},
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": trained[1].over_seeds(trained[2]),
        "gap": _gap(dataset, trained, (trainings.tested, truth, counts)),
        "test": {**scores, "per_class": truth.by_class(counts, dataset.classes, FEW_GROUPS)},
        **dataset.label_task.decision_record(counts, [summary.get("threshold") for summary in summaries]),
        "calibration": calibration,
        "references": compared,
        "best_reference": best_reference(compared, dataset.label_task.headline),
    }


def _ground_truth(dataset: Corpus, clips: Ints) -> GroundTruth:
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
    truth: GroundTruth, trainings: Trainings, prepared: Prepared, references: ReferencePredictions, own: Estimate
) -> dict[str, dict[str, Any]]:
    """Return what each reference model reaches, with the number of clips that it was fitted on."""
    dataset, folds = trainings.dataset, trainings.folds
    clips = list(dataset.table["id"].to_numpy()[trainings.tested])
    table = reference_scores(truth, dataset.classes, clips, references, own)
    training_clips = max(len(fold.train) for fold in folds)
    windows = max(int(np.isin(prepared.clips, fold.train).sum()) for fold in folds)
    for name, row in table.items():
        most = (REFERENCES[name].most or windows) if name in REFERENCES else 0
        row["train_clips"] = min(training_clips, most)
        if 0 < most < windows:
            row["note"] = f"fitted on {most:,} of {windows:,} training windows"
    return table


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


def _gap(dataset: Corpus, trained: _Tested, tested: _Tested) -> dict[str, Any]:
    """Return how far the headline metric of training is above that of the test: the same networks, other clips.

    Parameters
    ----------
    dataset : Corpus
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
