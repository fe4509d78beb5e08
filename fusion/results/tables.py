"""The tables of a result over all seeds: predictions and learning curves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.table import Dataset, Fold
from fusion.errors import FusionError
from fusion.evaluation.decisions import decide, joined
from fusion.results.folder import Result

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def read_scores(folder: Path, dataset: Dataset, clips: Ints) -> Floats:
    """Return a training's scores of the test clips, ``(clips, classes)``."""
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    wanted = list(dataset.table["id"].to_numpy()[clips])
    if header[1:] != list(dataset.classes) or [row[0] for row in rows] != wanted:
        raise FusionError(f"{folder}: its predictions are for other clips; run again with --force")
    return np.array([row[1:] for row in rows], dtype=np.float64)


def training_scores(path: Path, threshold: float | None) -> tuple[Floats, Bools]:
    """Return scores and decisions of the training clips."""
    scores = np.load(path, allow_pickle=False).astype(np.float64)
    if scores.ndim == 1:
        raise FusionError(f"{path}: written by an older fusion; run again with --force")
    return scores, decide(scores, threshold)


def write_predictions(
    result: Result, dataset: Dataset, folds: list[Fold], seeds: list[int], test: list[tuple[Floats, Bools]]
) -> None:
    """Write predictions.csv over all seeds."""
    fold_column = [] if dataset.folds is None else ["fold"]
    rows = []
    for seed, (scores, chosen) in zip(seeds, test, strict=True):
        first = 0
        for of in folds:
            clips = dataset.table.loc[of.test]
            for place, (clip, group, true) in enumerate(
                zip(clips["id"], clips["group"], clips["labels"], strict=True), start=first
            ):
                said = joined(dataset.classes, chosen[place])
                values = (f"{value:.7g}" for value in scores[place])
                rows.append((clip, group, seed, *([of.fold] if fold_column else []), true, said, *values))
            first += len(clips)
    result.write_table(
        "predictions.csv", ["clip", "group", "seed", *fold_column, "true", "predicted", *dataset.classes], rows
    )


def write_history(result: Result, folders: dict[int, list[Path]]) -> None:
    """Write history.csv over all seeds."""
    header: list[str] = []
    rows: list[list[Any]] = []
    for seed, places in folders.items():
        for number, folder in enumerate(places):
            with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
                header, *epochs = csv.reader(file)
            rows += [[seed, *([number] if len(places) > 1 else []), *epoch] for epoch in epochs]
    folds = ["fold"] if any(len(places) > 1 for places in folders.values()) else []
    result.write_table("history.csv", ["seed", *folds, *header], rows)
