"""What the reference models predicted for the test clips: references.csv of a result."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus
from fusion.errors import FusionError, telling_damage
from fusion.evaluation.decisions import decide, join_labels, split_labels
from fusion.evaluation.label_task import LabelTask
from fusion.result.checksums import refuse_changed, write_checksums
from fusion.result.folder import ResultFolder
from fusion.runtime.tables import read_table

_COLUMNS = ["clip", "reference", "seed", "repeat", "settings", "predicted"]

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ReferencePrediction = tuple[str, str, tuple[float, ...]]
"""Of a clip: the model's settings as JSON, labels joined by ``;``, and scores where metrics depend on their ranking."""

ReferenceKey = tuple[str, int, int]
"""Name and seed of a reference model, and repeat of cross-validation."""

ReferencePredictions = dict[ReferenceKey, dict[str, ReferencePrediction]]
"""By reference model, then by clip."""


def to_reference_predictions(
    dataset: Corpus, scores: Floats, threshold: float | None, settings: dict[str, float]
) -> list[ReferencePrediction]:
    """Return what a reference model predicts for each clip from its scores, ``(clips, classes)``."""
    chosen = json.dumps(settings)
    return [
        (chosen, join_labels(dataset.classes, decision), tuple(values) if dataset.label_task.ranked else ())
        for decision, values in zip(decide(scores, threshold), scores.tolist(), strict=True)
    ]


def to_scores(
    task: LabelTask, classes: tuple[str, ...], predictions: list[ReferencePrediction]
) -> tuple[Floats, Bools]:
    """Return scores and decisions of a reference model, ``(clips, classes)`` each; without scores, decisions twice."""
    decisions = split_labels(classes, (labels for _, labels, _ in predictions))
    scores = np.array([values for *_, values in predictions])
    return scores if task.ranked else decisions.astype(float), decisions


def commonest_settings(predictions: list[ReferencePrediction]) -> dict[str, float]:
    """Return the settings that most predictions come from: they may differ between folds, and between seeds."""
    ((settings, _),) = Counter(settings for settings, *_ in predictions).most_common(1)
    chosen: dict[str, float] = json.loads(settings or "{}")
    return chosen


def read_reference_predictions(folder: Path) -> ReferencePredictions:
    """Read references.csv of a result; empty where there is none. Those of an older fusion have empty settings.

    Raises
    ------
    FusionError
        If the file is damaged, or not as it was written.
    """
    path = folder / "references.csv"
    if not path.exists():
        return {}
    refuse_changed(folder, path.name)
    with telling_damage(path):
        return _parsed(read_table(path))


def reference_names(result: ResultFolder) -> set[str]:
    """Return the names of the reference models that a result has, finished or not; what is damaged counts for none."""
    try:
        stored = read_reference_predictions(result.folder)
    except FusionError:
        stored = {}
    return {*(name for name, *_ in stored), *(result.believed_metrics() or {}).get("references", ())}


def _parsed(table: pd.DataFrame) -> ReferencePredictions:
    stored: ReferencePredictions = {}
    table = table.assign(**{name: value for name, value in (("repeat", 0), ("settings", "")) if name not in table})
    scores = [name for name in table if name not in _COLUMNS]
    for clip, name, seed, repeat, settings, labels, *values in table[[*_COLUMNS, *scores]].itertuples(False, None):
        json.loads(settings or "{}")
        stored.setdefault((name, int(seed), int(repeat)), {})[clip] = settings, labels, tuple(map(float, values))
    return stored


def write_reference_predictions(result: ResultFolder, dataset: Corpus, predictions: ReferencePredictions) -> None:
    """Write references.csv of a result."""
    rows = [
        (clip, *key, settings, labels, *(f"{score:.7g}" for score in scores))
        for key, by_clip in sorted(predictions.items())
        for clip, (settings, labels, scores) in by_clip.items()
    ]
    columns = dataset.classes if dataset.label_task.ranked else ()
    result.write_table("references.csv", [*_COLUMNS, *columns], rows)
    write_checksums(result.folder)
