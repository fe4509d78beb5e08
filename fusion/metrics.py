"""From finished trainings to metrics.json: the tables over all seeds and the figures that they give."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion import evaluate
from fusion.datasets.table import FEW_GROUPS, SPLITS, Dataset
from fusion.errors import FusionError
from fusion.prepare import Prepared
from fusion.references import MOST, REFERENCES
from fusion.result import Result
from fusion.spec import Experiment

Ints = NDArray[np.int64]
References = dict[tuple[str, int], dict[str, str]]


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
        Class of each test clip, by reference and seed.
    sample : bool

    Returns
    -------
    dict
        ``confusion`` has true classes in rows; it is the mean over seeds, so a row adds up to its class' clips.

    Raises
    ------
    FusionError
        If a seed's predictions are for other clips.
    """
    dataset = prepared.data.dataset
    scorer = _Scorer(dataset, "test")
    probabilities = {seed: _read_probabilities(result.seed_folder(seed), dataset) for seed in seeds}
    _write_predictions(result, dataset, probabilities)
    _write_history(result, seeds)
    test = scorer.counts([values.argmax(axis=1) for values in probabilities.values()])
    trainer = _Scorer(dataset, "train")
    train = trainer.counts([np.load(result.seed_folder(seed) / "train.npy", allow_pickle=False) for seed in seeds])
    summaries = [result.summary(seed) for seed in seeds]
    lines: dict[str, dict[str, Any]] = {
        name: evaluate.summarise(
            scorer.counts([scorer.numbers(of) for (known, _), of in references.items() if known == name]),
            scorer.strata,
        )
        for name in REFERENCES
    }
    clips = len(dataset.part("train"))
    for name, line in lines.items():
        line["train_clips"] = min(clips, MOST.get(name, clips))
    scores = evaluate.summarise(test, scorer.strata)
    count = dataset.table.groupby("split")["group"].agg(["size", "nunique"])
    return {
        "experiment": experiment.name,
        "digest": result.folder.name,
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "sample": sample,
        "classes": list(dataset.classes),
        "features": list(experiment.features),
        "seeds": seeds,
        "clips": {split: int(count.loc[split, "size"]) for split in SPLITS},
        "groups": {split: int(count.loc[split, "nunique"]) for split in SPLITS},
        "duplicates": prepared.data.duplicates.counts(),
        "warnings": [
            *_unconverged(summaries, dataset.labels("train")),
            *_below(scores, lines),
            *prepared.data.warnings,
        ],
        "seconds": {
            "extract": prepared.seconds,
            "train": sum(summary["seconds"]["train"] for summary in summaries),
            "evaluate": sum(summary["seconds"]["evaluate"] for summary in summaries),
        },
        "parameters": summaries[0]["parameters"],
        "epochs": [summary["epochs"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "train": evaluate.summarise(train, trainer.strata),
        "test": {**scores, "per_class": evaluate.per_class(test, scorer.strata, dataset.classes, FEW_GROUPS)},
        "confusion": test.sum(axis=0).mean(axis=0).tolist(),
        "references": lines,
    }


class _Scorer:
    """Turns predictions for one split into confusion matrices by group and seed."""

    def __init__(self, dataset: Dataset, split: str) -> None:
        part = dataset.part(split)
        self.ids = list(part["id"])
        self.classes = list(dataset.classes)
        self.true = dataset.labels(split)
        names, groups = np.unique(part["group"].to_numpy(dtype=str), return_inverse=True)
        self.groups: Ints = groups.astype(np.int64)
        first = np.array([np.argmax(self.groups == number) for number in range(len(names))])
        self.strata: Ints = self.true[first]

    def counts(self, predictions: list[Ints]) -> Ints:
        """Return ``(groups, seeds, classes, classes)``."""
        matrices = [
            evaluate.confusions(self.true, np.asarray(predicted, dtype=np.int64), self.groups, len(self.classes))
            for predicted in predictions
        ]
        return np.stack(matrices, axis=1)

    def numbers(self, predicted: dict[str, str]) -> Ints:
        """Return class numbers in the order of the clips."""
        return np.array([self.classes.index(predicted[clip]) for clip in self.ids], dtype=np.int64)


def _unconverged(summaries: list[dict[str, Any]], train: Ints) -> list[str]:
    warnings = []
    for summary in summaries:
        loss = summary["train"]["loss"]  # null: not a number
        why = evaluate.why_not_converged(float("inf") if loss is None else loss, summary["train"]["accuracy"], train)
        if why:
            warnings.append(f"did-not-converge: seed {summary['seed']}: {why}; {summary['cause']}")
    return warnings


def _below(scores: dict[str, Any], lines: dict[str, dict[str, Any]]) -> list[str]:
    own = scores["accuracy"]["mean"]
    return [
        f"below-reference: the network's accuracy of {own:.3f} is not above {line['accuracy']['mean']:.3f}, that of "
        f"{name} on the same clips and features"
        for name, line in lines.items()
        if own <= line["accuracy"]["mean"]
    ]


def _read_probabilities(folder: Path, dataset: Dataset) -> NDArray[np.float64]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if header[1:] != list(dataset.classes) or [row[0] for row in rows] != list(dataset.part("test")["id"]):
        raise FusionError(f"{folder}: its predictions are for other clips; run again with --force")
    return np.array([row[1:] for row in rows], dtype=np.float64)


def _write_predictions(result: Result, dataset: Dataset, probabilities: dict[int, NDArray[np.float64]]) -> None:
    test = dataset.part("test")
    rows = (
        (clip, group, seed, true, dataset.classes[row.argmax()], *(f"{value:.7g}" for value in row))
        for seed, values in probabilities.items()
        for clip, group, true, row in zip(test["id"], test["group"], test["labels"], values, strict=True)
    )
    result.write_table("predictions.csv", ["clip", "group", "seed", "true", "predicted", *dataset.classes], rows)


def _write_history(result: Result, seeds: list[int]) -> None:
    header: list[str] = []
    rows: list[list[Any]] = []
    for seed in seeds:
        with (result.seed_folder(seed) / "history.csv").open(encoding="utf-8", newline="") as file:
            header, *epochs = csv.reader(file)
        rows += [[seed, *epoch] for epoch in epochs]
    result.write_table("history.csv", ["seed", *header], rows)
