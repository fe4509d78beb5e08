"""From scores of clips to what every figure is a function of, one label a clip or several."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.cautions import FEW_GROUPS
from fusion.datasets.table import Dataset
from fusion.evaluation import multi_label as multilabel
from fusion.evaluation import single_label as evaluate
from fusion.results.folder import Line

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

CONSTANT = "constant"


class Scorer:
    """Turns predictions for some clips into what figures are functions of, by group and seed.

    Parameters
    ----------
    dataset : Dataset
    clips : (clips,) int
        Rows of the table.
    whole : bool
        Take all clips as one group, where no interval is wanted.
    """

    def __init__(self, dataset: Dataset, clips: Ints, whole: bool = False) -> None:
        self.classes = dataset.classes
        self.several = dataset.several
        self.targets = dataset.targets[clips]
        every = dataset.groups[clips]
        self.groups: Ints = np.zeros(len(clips), dtype=np.int64) if whole else _renumbered(every)
        self.true = self.targets.argmax(axis=1)
        strata = [np.unique(self.true[self.groups == group]) for group in range(int(self.groups.max()) + 1)]
        alike = not self.several and all(len(found) == 1 for found in strata)
        self.strata = np.array([found[0] for found in strata]) if alike else None

    def counts(self, seeds: list[tuple[Floats, Bools]]) -> NDArray[Any]:
        """Return ``(groups, seeds, ...)`` from scores and decisions, ``(clips, classes)`` each."""
        if self.several:
            return np.stack([multilabel.count(self.targets, *said, self.groups) for said in seeds], axis=1)
        size = len(self.classes)
        numbers = [chosen.argmax(axis=1).astype(np.int64) for _, chosen in seeds]
        return np.stack([evaluate.confusions(self.true, said, self.groups, size) for said in numbers], axis=1)

    def said(self, lines: list[Line]) -> tuple[Floats, Bools]:
        """Return scores and decisions of a reference line."""
        chosen = np.array([[label in said.split(";") for label in self.classes] for said, _ in lines])
        return np.array([scores for _, scores in lines]) if self.several else chosen.astype(float), chosen

    def summarise(self, counts: NDArray[Any]) -> dict[str, Any]:
        """Return every figure over seeds, with an interval over groups."""
        return evaluate.summarise(counts, self.strata, multilabel.FIGURES if self.several else evaluate.FIGURES)

    def per_class(self, counts: NDArray[Any]) -> dict[str, Any]:
        """Return each class' scores."""
        of = multilabel.class_scores if self.several else evaluate.class_scores
        return evaluate.per_class(counts, self.strata, self.classes, FEW_GROUPS, of)

    def constant(self, lines: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return a line for always saying the test's own largest class, where no other line says that."""
        if self.several:
            return {}
        largest = int(self.targets.sum(axis=0).argmax())
        chosen = np.zeros(self.targets.shape, dtype=bool)
        chosen[:, largest] = True
        line = self.summarise(self.counts([(chosen.astype(float), chosen)]))
        if line["accuracy"]["mean"] <= lines["majority"]["accuracy"]["mean"]:
            return {}
        return {CONSTANT: {**line, "class": self.classes[largest], "train_clips": 0}}


def _renumbered(groups: Ints) -> Ints:
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)
