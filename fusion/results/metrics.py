"""From finished trainings to metrics.json: the tables over all seeds and the figures that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.overview import overview
from fusion.datasets.table import SPLITS, Dataset, Fold
from fusion.evaluation.decisions import decide, headline
from fusion.extraction.prepare import Prepared
from fusion.learning.references import MOST
from fusion.results.folder import Line, Result
from fusion.results.scorer import Scorer
from fusion.results.tables import read_scores, training_scores, write_history, write_predictions
from fusion.results.warnings import below, oracle, unconverged
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
References = dict[tuple[str, int], dict[str, Line]]


def assemble(
    experiment: Experiment,
    prepared: Prepared,
    result: Result,
    seeds: list[int],
    references: References,
    sample: bool,
) -> dict[str, Any]:
    """Write predictions.csv and history.csv over all seeds, and return the content of metrics.json.

    Parameters
    ----------
    experiment : Experiment
    prepared : Prepared
    result : Result
        All `seeds` are trained.
    seeds : list of int
    references : dict
        What each says of each test clip, by reference and seed.
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
    folds = dataset.each_fold()
    folders = {seed: result.trainings(seed) for seed in seeds}
    summaries = [summary for seed in seeds for summary in result.summaries(seed)]
    of_seed = {seed: result.summaries(seed) for seed in seeds}
    tested = np.concatenate([of.test for of in folds])
    scorer = Scorer(dataset, tested)
    test: list[tuple[Floats, Bools]] = []
    for seed, places in folders.items():
        said = [read_scores(folder, dataset, of.test) for folder, of in zip(places, folds, strict=True)]
        chosen = [decide(of, summary.get("threshold")) for of, summary in zip(said, of_seed[seed], strict=True)]
        test.append((np.concatenate(said), np.concatenate(chosen)))
    write_predictions(result, dataset, folds, seeds, test)
    write_history(result, folders)
    counts = scorer.counts(test)
    lines: dict[str, dict[str, Any]] = {}
    ids = list(dataset.table["id"].to_numpy()[tested])
    training_clips = max(len(of.train) for of in folds)
    for name in dict.fromkeys(name for name, _ in references):
        every = [scorer.said([line[clip] for clip in ids]) for (known, _), line in references.items() if known == name]
        lines[name] = scorer.summarise(scorer.counts(every))
        lines[name]["train_clips"] = min(training_clips, MOST.get(name, training_clips))
    lines |= scorer.constant(lines)
    scores = scorer.summarise(counts)
    parts = {split: dataset.table.loc[np.concatenate([of.clips(split) for of in folds])] for split in SPLITS}
    found = overview(dataset, prepared.data.duplicates)
    metrics: dict[str, Any] = {
        "experiment": experiment.name,
        "digest": result.folder.name,
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "sample": sample,
        "classes": list(dataset.classes),
        "features": list(experiment.features),
        "seeds": seeds,
        "clips": {split: int(part["id"].nunique()) for split, part in parts.items()},
        "groups": {split: int(part["group"].nunique()) for split, part in parts.items()},
        "class_clips": found["classes"],
        "class_groups": found["class_groups"],
        "shared_groups": found["shared_groups"],
        "duplicates": found["duplicates"],
        "warnings": [
            *unconverged(summaries, dataset, folds, experiment.model.activation),
            *below(scores, lines, headline(dataset.several)),
            *oracle(experiment),
            *found["warnings"],
        ],
        "seconds": {
            "extract": prepared.seconds,
            "train": sum(summary["seconds"]["train"] for summary in summaries),
            "evaluate": sum(summary["seconds"]["evaluate"] for summary in summaries),
        },
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": _train(dataset, folds, folders, of_seed),
        "test": {**scores, "per_class": scorer.per_class(counts)},
    }
    if dataset.several:
        metrics["thresholds"] = [summary["threshold"] for summary in summaries]
    else:
        metrics["confusion"] = counts.sum(axis=0).mean(axis=0).tolist()
    return {**metrics, "references": lines}


def _train(
    dataset: Dataset,
    folds: list[Fold],
    folders: dict[int, list[Path]],
    summaries: dict[int, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Return the figures on the clips that were trained on; of folds all added up, without intervals."""
    counts: NDArray[Any] | int = 0
    for number, of in enumerate(folds):
        scorer = Scorer(dataset, of.train, whole=len(folds) > 1)
        said = [
            training_scores(places[number] / "train.npy", summaries[seed][number].get("threshold"))
            for seed, places in folders.items()
        ]
        counts = counts + scorer.counts(said)
    return scorer.summarise(np.asarray(counts))
