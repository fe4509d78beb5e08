"""Two tasks: each clip has one label, or may have several. What differs between them in evaluation stands here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation import multi_label, single_label
from fusion.evaluation.metric import (
    MULTI_LABEL_METRICS,
    MULTI_LABEL_SCORE_METRICS,
    SINGLE_LABEL_METRICS,
    SINGLE_LABEL_SCORE_METRICS,
    Metric,
    ScoreMetric,
)
from fusion.evaluation.reference import FITTED, MAJORITY, TOP_K

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class LabelTask(ABC):
    """How many labels a clip may have, and what follows from that.

    Attributes
    ----------
    several : bool
        Whether a clip may have several labels.
    metrics : tuple of Metric
        Of decisions, in the order of metrics.json.
    score_metrics : tuple of ScoreMetric
        Of the network's scores on the test.
    references : tuple of str
        Names of the reference models; the first is the trivial one, which does not listen.
    ranked : bool
        Whether some metrics depend on the ranking of scores beside the decisions, so that scores are kept.
    """

    several: ClassVar[bool]
    ranked: ClassVar[bool]
    metrics: ClassVar[tuple[Metric, ...]]
    score_metrics: ClassVar[tuple[ScoreMetric, ...]]
    references: ClassVar[tuple[str, ...]]

    @property
    def headline(self) -> Metric:
        """The metric that is shown first and compared."""
        return self.shown("headline")[0]

    def shown(self, *places: str) -> list[Metric]:
        """Return the metrics that are shown in some places."""
        return [metric for metric in self.metrics if metric.shown in places]

    @abstractmethod
    def counts(self, targets: Bools, scores: NDArray[Any], decisions: Bools, groups: Ints) -> NDArray[Any]:
        """Return what the metrics are functions of, ``(groups, ...)``, additive over groups.

        Parameters
        ----------
        targets : (clips, classes) bool
        scores : (clips, classes)
            For metrics of rankings.
        decisions : (clips, classes) bool
            Which classes are predicted.
        groups : (clips,) int
            Numbered from 0.
        """

    @abstractmethod
    def class_scores(self, counts: NDArray[Any]) -> dict[str, Floats]:
        """Return precision, recall, F1 and support of each class, ``(..., classes)``, of summed counts."""

    @abstractmethod
    def strata(self, targets: Bools, groups: Ints) -> Ints | None:
        """Return a number for the classes that each group has, ``(groups,)``; None where clips may have several."""

    @abstractmethod
    def constant_decisions(self, targets: Bools) -> list[Bools]:
        """Return decisions that are the same for every clip, ``(clips, classes)`` each; the best of them is chance."""

    @abstractmethod
    def decision_record(self, counts: NDArray[Any], thresholds: list[float | None]) -> dict[str, Any]:
        """Return what metrics.json says of decisions beside the metrics.

        Parameters
        ----------
        counts : (groups, seeds, ...)
        thresholds : list of float or None
            Of each training.
        """


class SingleLabel(LabelTask):
    """Each clip has one label; counts are confusion matrices, true classes in rows."""

    several = ranked = False
    metrics = SINGLE_LABEL_METRICS
    score_metrics = SINGLE_LABEL_SCORE_METRICS
    references = (MAJORITY.name, *(reference.name for reference in FITTED))

    def counts(self, targets: Bools, scores: NDArray[Any], decisions: Bools, groups: Ints) -> NDArray[Any]:
        true, predicted = (labels.argmax(axis=1).astype(np.int64) for labels in (targets, decisions))
        return single_label.confusions(true, predicted, groups, targets.shape[1])

    def class_scores(self, counts: NDArray[Any]) -> dict[str, Floats]:
        return single_label.class_scores(counts)

    def strata(self, targets: Bools, groups: Ints) -> Ints | None:
        has = np.zeros((int(groups.max()) + 1, targets.shape[1]), dtype=bool)
        np.logical_or.at(has, groups, targets)
        return np.unique(~has, axis=0, return_inverse=True)[1].ravel().astype(np.int64)  # in the order of classes

    def constant_decisions(self, targets: Bools) -> list[Bools]:
        return _most_frequent(targets, 1)

    def decision_record(self, counts: NDArray[Any], thresholds: list[float | None]) -> dict[str, Any]:
        return {"confusion": counts.sum(axis=0).mean(axis=0).tolist()}


class MultiLabel(LabelTask):
    """A clip may have several labels; counts are those of `fusion.evaluation.multi_label`."""

    several = ranked = True
    metrics = MULTI_LABEL_METRICS
    score_metrics = MULTI_LABEL_SCORE_METRICS
    references = (TOP_K.name, *(reference.name for reference in FITTED))

    def counts(self, targets: Bools, scores: NDArray[Any], decisions: Bools, groups: Ints) -> NDArray[Any]:
        return multi_label.count(targets, scores, decisions, groups)

    def class_scores(self, counts: NDArray[Any]) -> dict[str, Floats]:
        return multi_label.class_scores(counts)

    def strata(self, targets: Bools, groups: Ints) -> Ints | None:
        return None

    def constant_decisions(self, targets: Bools) -> list[Bools]:
        return _most_frequent(targets, targets.shape[1])

    def decision_record(self, counts: NDArray[Any], thresholds: list[float | None]) -> dict[str, Any]:
        return {"thresholds": thresholds}


def _most_frequent(targets: Bools, most: int) -> list[Bools]:
    """Return decisions for the most frequent class, the two most frequent ones, and so on."""
    order = np.argsort(-targets.sum(axis=0), kind="stable")
    return [np.tile(np.isin(np.arange(len(order)), order[: k + 1]), (len(targets), 1)) for k in range(most)]


SINGLE_LABEL = SingleLabel()
MULTI_LABEL = MultiLabel()


def label_task(several: bool) -> LabelTask:
    """Return the task of data whose clips have one label, or may have several."""
    return MULTI_LABEL if several else SINGLE_LABEL


def recorded_task(metrics: Container[str]) -> LabelTask:
    """Return the task of a finished result from the names of its metrics."""
    return SINGLE_LABEL if SINGLE_LABEL.headline.name in metrics else MULTI_LABEL
