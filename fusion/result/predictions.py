"""The predictions of a result, read back from its table, and what metrics are functions of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.errors import FusionError, listing, telling_damage
from fusion.evaluation.decisions import split_labels
from fusion.evaluation.estimate import Estimate
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.label_task import LabelTask, recorded_task
from fusion.evaluation.metric import Metric
from fusion.result.checksums import refuse_changed
from fusion.result.folder import ResultFolder
from fusion.runtime.tables import read_table

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """What the networks of a result predicted for its test clips.

    Attributes
    ----------
    name : str
        Experiment and digest.
    classes : tuple of str
    clips : dict of str to tuple of str
        Group and true labels (joined by ``;``) by clip, sorted.
    predicted : (seeds, clips) of str
        Labels, joined; of each seed in turn, and within it of each repeat of cross-validation.
    task : LabelTask
    seeds : tuple of int
    repeats : int
    scores : (seeds, clips, classes) or None
        Where metrics depend on their ranking; None: decisions take their place, and such metrics say nothing.
    """

    name: str
    classes: tuple[str, ...]
    clips: dict[str, tuple[str, str]]
    predicted: NDArray[np.str_]
    task: LabelTask
    seeds: tuple[int, ...]
    repeats: int = 1
    scores: Floats | None = None

    @cached_property
    def truth(self) -> GroundTruth:
        """Labels and groups of the clips."""
        groups = np.unique([group for group, _ in self.clips.values()], return_inverse=True)[1].astype(np.int64)
        targets = split_labels(self.classes, (labels for _, labels in self.clips.values()))
        return GroundTruth(self.task, targets, groups, self.repeats)

    @cached_property
    def decisions(self) -> Bools:
        """Which classes each seed's network predicts, ``(seeds, clips, classes)``."""
        return np.array([split_labels(self.classes, labels) for labels in self.predicted])

    def counts(self) -> NDArray[Any]:
        """Return what metrics are functions of, ``(groups, seeds, ...)``."""
        scores = self.decisions if self.scores is None else self.scores
        return self.truth.counts(list(zip(scores, self.decisions, strict=True)))

    def estimate(self, metric: Metric) -> Estimate:
        """Return a metric's mean over seeds, with what is needed to say how sure it is."""
        return self.truth.estimate(self.counts(), metric.function)

    def of_seeds(self, seeds: Sequence[int]) -> Predictions:
        """Return the predictions of some seeds alone."""
        rows = [self.seeds.index(seed) * self.repeats + number for seed in seeds for number in range(self.repeats)]
        scores = None if self.scores is None else self.scores[rows]
        return replace(self, predicted=self.predicted[rows], seeds=tuple(seeds), scores=scores)

    def masked(self, predicted: NDArray[np.str_]) -> Predictions:
        """Return other predictions for the same clips, of labels alone."""
        return replace(self, predicted=predicted, scores=None)

    def right(self) -> Floats:
        """Return how right each clip's prediction is, mean over seeds, ``(clips,)``: 1 or 0, or its labels' F1."""
        predicted, targets = self.decisions, self.truth.targets
        f1 = 2 * (predicted & targets).sum(axis=2) / (predicted.sum(axis=2) + targets.sum(axis=1))
        return np.asarray(f1).mean(axis=0)


def read_predictions(folder: Path) -> Predictions:
    """Read predictions.csv of a result.

    Raises
    ------
    FusionError
        If the folder is no finished result, or the file is damaged or not as it was written.
    """
    metrics = ResultFolder(folder).finished()
    table, path = prediction_table(folder), folder / "predictions.csv"
    with telling_damage(path):
        index, classes, task = ["seed", "repeat"], tuple(metrics["classes"]), recorded_task(metrics["test"])
        table = table.assign(repeat=table.get("repeat", 0)).astype(dict.fromkeys(index, int))
        predicted = table.pivot(index=index, columns="clip", values="predicted")
        seeds, repeats = (level.tolist() for level in predicted.index.levels)
        if predicted.isna().any(axis=None):
            row, column = (int(places[0]) for places in np.nonzero(predicted.isna().to_numpy()))
            raise ValueError(f"no row of clip {predicted.columns[column]!r} for seed {predicted.index[row][0]}")
        if predicted.empty or len(predicted) != len(seeds) * len(repeats):
            raise ValueError("seeds or repeats are incomplete")
        scores = None
        if task.ranked:
            columns = [table.pivot(index=index, columns="clip", values=label).to_numpy(float) for label in classes]
            scores = np.stack(columns, axis=-1)
        truth = table.drop_duplicates("clip").set_index("clip").loc[predicted.columns]
        return Predictions(
            f"{metrics['experiment']} {metrics['digest']}",
            classes,
            dict(zip(truth.index, zip(truth["group"], truth["true"], strict=True), strict=True)),
            predicted.to_numpy(dtype=str),
            task,
            tuple(seeds),
            len(repeats),
            scores,
        )


def prediction_table(folder: Path) -> pd.DataFrame:
    """Return predictions.csv of a result as texts, each row checked.

    Raises
    ------
    FusionError
        As `read_predictions` does, but for rows that are not there.
    """
    metrics, path = ResultFolder(folder).finished(), folder / "predictions.csv"
    if not path.is_file():
        kept = ", its networks are kept" if any(folder.glob("seed-*")) else ""
        raise FusionError(f"{path}: missing; run the experiment again{kept}")
    try:
        table = read_table(path)
        mistake = _first_mistake(table, tuple(metrics["classes"]), recorded_task(metrics["test"]))
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        mistake = f"{type(error).__name__}: {error}"
    if mistake:
        raise FusionError(f"{path}: damaged ({mistake}); run the experiment again")
    refuse_changed(folder, path.name)
    return table


def _first_mistake(table: pd.DataFrame, classes: tuple[str, ...], task: LabelTask) -> str:
    """Return what is wrong with the first row that a result cannot have; empty if there is none."""
    if missing := [name for name in ("clip", "group", "seed", "true", "predicted", *classes) if name not in table]:
        return f"no column {missing[0]!r}"
    probabilities = table[list(classes)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    diverged = (table[list(classes)] == "nan").all(axis=1)  # what `did-not-converge` says of the training
    numbers = [table[name].str.fullmatch(r"-?[0-9]{1,18}") for name in ("seed", "repeat") if name in table]
    key = [name for name in ("clip", "seed", "repeat") if name in table]
    same = table.groupby("clip")[["group", "true"]].transform("first") == table[["group", "true"]]
    told = {labels: _is_label(labels, classes, task) for labels in {*table["true"], *table["predicted"]}}
    for wrong, what in (
        (
            ~(((probabilities >= 0) & (probabilities <= 1)).all(axis=1) | diverged),
            "a probability is not between 0 and 1",
        ),
        (~np.all(numbers, axis=0), "the seed or repeat is no whole number"),
        ((table["true"] == "") | ~table["true"].map(told).astype(bool), "the true label is no class"),
        (~table["predicted"].map(told).astype(bool), "the predicted label is no class"),
        (table.duplicated(key), "the clip is there twice for one seed"),
        (~same.all(axis=1), "another group or true label than in the clip's first row"),
    ):
        if np.any(wrong):
            row = int(np.argmax(wrong))
            return f"row {row + 1}, clip {table['clip'].iloc[row]!r}: {what}"
    return ""


def _is_label(joined: str, classes: tuple[str, ...], task: LabelTask) -> bool:
    """Say whether a result can have this cell of labels."""
    names = joined.split(";") if joined else []
    return set(names) <= set(classes) and len(set(names)) == len(names) and (task.several or len(names) == 1)


def refuse_other_clips(first: Predictions, second: Predictions) -> None:
    """Raise a FusionError unless two results are on the same test clips, saying how they differ."""
    if same_clips(first, second):
        return
    differences = []
    for one, other in ((first, second), (second, first)):
        if names := sorted(set(one.clips) - set(other.clips)):
            differences.append(f"{len(names)} clips only in {one.name}:\n{listing(names, 3)}")
    changed = sum(first.clips[clip] != second.clips[clip] for clip in set(first.clips) & set(second.clips))
    if changed:
        differences.append(f"{changed} clips with another group or label")
    raise FusionError("the two results are not on the same test clips: " + "; ".join(differences))


def same_clips(first: Predictions, second: Predictions) -> bool:
    """Say whether two results are on the same test clips with the same labels and groups."""
    return first.clips == second.clips and first.task.several == second.task.several
