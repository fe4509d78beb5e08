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

from fusion.errors import FusionError, listing
from fusion.evaluation.decisions import split_labels
from fusion.evaluation.estimate import Estimate
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.label_task import LabelTask, recorded_task
from fusion.evaluation.metric import Metric
from fusion.result.folder import ResultFolder

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
        If the folder is no finished result, or the file is damaged.
    """
    metrics = ResultFolder(folder).finished()
    path = folder / "predictions.csv"
    if not path.is_file():
        raise FusionError(f"{path}: missing; run the experiment again, its networks are kept")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False).astype({"seed": int})
        cut_short = (table.iloc[:, -1] == "").any()
        table = table.assign(repeat=table["repeat"].astype(int) if "repeat" in table else 0)
        index, classes, task = ["seed", "repeat"], tuple(metrics["classes"]), recorded_task(metrics["test"])
        predicted = table.pivot(index=index, columns="clip", values="predicted")
        seeds, repeats = (level.tolist() for level in predicted.index.levels)
        if cut_short or predicted.isna().any(axis=None):
            raise ValueError("a line is cut short, or a seed lacks clips")
        if predicted.empty or len(predicted) != len(seeds) * len(repeats):
            raise ValueError("seeds or repeats are incomplete")
        scores = None
        if task.ranked:
            columns = [table.pivot(index=index, columns="clip", values=label).to_numpy(float) for label in classes]
            scores = np.stack(columns, axis=-1)
        truth = table.drop_duplicates("clip").set_index("clip").loc[predicted.columns]
        if not split_labels(classes, truth["true"]).any(axis=1).all():
            raise ValueError("a true label is no class")
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
    except (KeyError, ValueError, TypeError) as error:
        raise FusionError(f"{path}: damaged ({type(error).__name__}: {error}); run the experiment again") from None


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
