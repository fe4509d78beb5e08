"""What the reference models predicted for the test clips: references.csv of a result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.table import Dataset
from fusion.evaluation.decisions import decide, join_labels, split_labels
from fusion.result.folder import ResultFolder

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ReferencePrediction = tuple[str, tuple[float, ...]]
"""Labels of a clip, joined by ``;``, and its scores where metrics depend on their ranking."""

ReferencePredictions = dict[tuple[str, int], dict[str, ReferencePrediction]]
"""By name and seed of the reference model, then by clip."""


def to_reference_predictions(dataset: Dataset, scores: Floats, threshold: float | None) -> list[ReferencePrediction]:
    """Return what a reference model predicts for each clip from its scores, ``(clips, classes)``."""
    return [
        (join_labels(dataset.classes, decision), tuple(values) if dataset.label_task.ranked else ())
        for decision, values in zip(decide(scores, threshold), scores.tolist(), strict=True)
    ]


def to_scores(dataset: Dataset, predictions: list[ReferencePrediction]) -> tuple[Floats, Bools]:
    """Return scores and decisions of a reference model, ``(clips, classes)`` each; without scores, decisions twice."""
    decisions = split_labels(dataset.classes, (labels for labels, _ in predictions))
    scores = np.array([values for _, values in predictions])
    return scores if dataset.label_task.ranked else decisions.astype(float), decisions


def read_reference_predictions(folder: Path) -> ReferencePredictions:
    """Read references.csv of a result; empty where there is none."""
    path = folder / "references.csv"
    stored: ReferencePredictions = {}
    if path.exists():
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        for clip, name, seed, labels, *scores in table.itertuples(index=False, name=None):
            stored.setdefault((name, int(seed)), {})[clip] = labels, tuple(map(float, scores))
    return stored


def write_reference_predictions(result: ResultFolder, dataset: Dataset, predictions: ReferencePredictions) -> None:
    """Write references.csv of a result."""
    rows = [
        (clip, name, seed, labels, *(f"{score:.7g}" for score in scores))
        for (name, seed), by_clip in sorted(predictions.items())
        for clip, (labels, scores) in by_clip.items()
    ]
    columns = dataset.classes if dataset.label_task.ranked else ()
    result.write_table("references.csv", ["clip", "reference", "seed", "predicted", *columns], rows)
