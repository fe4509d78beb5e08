"""The predictions of a result, read back from its table, and what figures are functions of."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError, listing
from fusion.evaluation import multi_label as multilabel
from fusion.evaluation import single_label as evaluate
from fusion.results.folder import Result

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Figure = Callable[[NDArray[Any]], Floats]


@dataclass(frozen=True)
class Predictions:
    """What the networks of a result said of its test clips.

    Attributes
    ----------
    name : str
        Experiment and digest.
    classes : tuple of str
    clips : dict of str to tuple of str
        Group and true labels (joined by ``;``) by clip, sorted.
    predicted : (seeds, clips) of str
        Labels, joined.
    several : bool
        Whether a clip may have several labels.
    seeds : tuple of int
    """

    name: str
    classes: tuple[str, ...]
    clips: dict[str, tuple[str, str]]
    predicted: NDArray[np.str_]
    several: bool
    seeds: tuple[int, ...]

    @property
    def headline(self) -> str:
        """The figure that results are compared by."""
        return "micro_f1" if self.several else "accuracy"

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures that tables of decisions give."""
        every = multilabel.FIGURES if self.several else evaluate.FIGURES
        return {name: every[name] for name in (self.headline, "macro_f1")}

    @property
    def groups(self) -> Ints:
        """Number of each clip's group, ``(clips,)``."""
        return np.unique([group for group, _ in self.clips.values()], return_inverse=True)[1].astype(np.int64)

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Which classes each clip has, ``(clips, classes)``."""
        return self._sets([labels for _, labels in self.clips.values()])

    @property
    def chosen(self) -> NDArray[np.bool_]:
        """Which classes each seed's network names, ``(seeds, clips, classes)``."""
        return np.array([self._sets(row) for row in self.predicted])

    def _sets(self, joined: Any) -> NDArray[np.bool_]:
        return np.array([[label in labels.split(";") for label in self.classes] for labels in joined], dtype=bool)

    def strata(self) -> Ints | None:
        """Return the class of each group, ``(groups,)``, or None where groups have clips of several."""
        true, groups = self.targets.argmax(axis=1), self.groups
        found = [np.unique(true[groups == group]) for group in range(int(groups.max()) + 1)]
        if self.several or any(len(classes) > 1 for classes in found):
            return None
        return np.array([classes[0] for classes in found])

    def counts(self, chosen: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return what figures are functions of, ``(groups, seeds, ...)``, of these decisions or others."""
        targets, groups = self.targets, self.groups
        said = self.chosen if chosen is None else chosen
        if self.several:
            return np.stack([multilabel.count(targets, row, row, groups) for row in said], axis=1)
        true, size = targets.argmax(axis=1), len(self.classes)
        return np.stack([evaluate.confusions(true, row.argmax(axis=1), groups, size) for row in said], axis=1)

    def class_scores(self, counts: NDArray[Any]) -> dict[str, Floats]:
        """Return precision, recall, F1 and support by class, ``(..., classes)``, of summed counts."""
        return multilabel.class_scores(counts) if self.several else evaluate.class_scores(counts)

    def right(self, chosen: NDArray[np.bool_] | None = None) -> Floats:
        """Return how right each clip's prediction is, mean over seeds, ``(clips,)``: 1 or 0, or its labels' F1."""
        said, targets = self.chosen if chosen is None else chosen, self.targets
        return np.asarray(2 * (said & targets).sum(axis=2) / (said.sum(axis=2) + targets.sum(axis=1))).mean(axis=0)


def read_predictions(folder: Path) -> Predictions:
    """Read predictions.csv of a result.

    Raises
    ------
    FusionError
        If the folder is no finished result, or the file is damaged.
    """
    metrics = Result(folder).metrics()
    path = folder / "predictions.csv"
    if metrics is None or not path.is_file():
        raise FusionError(f"{folder}: no result folder; name one that `fusion run` or `fusion evaluate` printed")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        clips = dict(sorted((row["clip"], (row["group"], row["true"])) for row in rows))
        seeds = sorted({int(row["seed"]) for row in rows})
        said = {(int(row["seed"]), row["clip"]): row["predicted"] for row in rows}
        predicted = np.array([[said[seed, clip] for clip in clips] for seed in seeds])
        several = "accuracy" not in metrics["test"]
        name = f"{metrics['experiment']} {metrics['digest']}"
        return Predictions(name, tuple(metrics["classes"]), clips, predicted, several, tuple(seeds))
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise FusionError(f"{path}: damaged ({type(error).__name__}: {error}); run the experiment again") from None


def refuse_other_clips(first: Predictions, second: Predictions) -> None:
    """Raise a FusionError unless two results are on the same test clips, saying how they differ."""
    if first.clips == second.clips and first.several == second.several:
        return
    only = [sorted(set(one.clips) - set(other.clips)) for one, other in ((first, second), (second, first))]
    said = [
        f"{len(names)} clips only in {of.name}:\n{listing(names, 3)}"
        for names, of in zip(only, (first, second), strict=True)
        if names
    ]
    other = sum(first.clips[clip] != second.clips[clip] for clip in set(first.clips) & set(second.clips))
    if other:
        said.append(f"{other} clips with another group or label")
    raise FusionError("the two results are not on the same test clips: " + "; ".join(said))
