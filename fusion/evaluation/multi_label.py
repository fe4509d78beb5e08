"""Metrics where a clip may have several labels: pure functions on scores and counts.

Conventions: ``counts`` is ``(..., classes + 1, 3)``, additive over clips: for each class its true positives, false
positives and false negatives; in the last row clips, the sum of their ranking precision, and of their wrong labels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def count(targets: Bools, scores: NDArray[Any], decisions: Bools, groups: Ints) -> Floats:
    """Return what all metrics are functions of, for each group.

    Parameters
    ----------
    targets : (clips, classes) bool
        Each clip has at least one label.
    scores : (clips, classes)
        For the ranking; equal scores share the worse rank.
    decisions : (clips, classes) bool
        Labels that are predicted.
    groups : (clips,) int
        Numbered from 0.

    Returns
    -------
    (groups, classes + 1, 3) float64
    """
    clips, classes = targets.shape
    by_clip = np.zeros((clips, classes + 1, 3))
    by_clip[:, :classes, 0] = targets & decisions
    by_clip[:, :classes, 1] = ~targets & decisions
    by_clip[:, :classes, 2] = targets & ~decisions
    by_clip[:, classes, 0] = 1
    by_clip[:, classes, 1] = ranking_precision(targets, scores)
    by_clip[:, classes, 2] = (targets != decisions).sum(axis=1)
    by_group = np.zeros((int(groups.max()) + 1, classes + 1, 3))
    np.add.at(by_group, groups, by_clip)
    return by_group


def ranking_precision(targets: Bools, scores: NDArray[Any]) -> Floats:
    """Return each clip's label ranking average precision, ``(clips,)``.

    References
    ----------
    G. Tsoumakas, I. Katakis and I. Vlahavas: "Mining multi-label data", in: Data mining and knowledge discovery
    handbook, 2010, 667-685, https://doi.org/10.1007/978-0-387-09823-4_34
    """
    scores = np.nan_to_num(scores, nan=-np.inf)  # a training that diverged ranks nothing
    above = scores[:, np.newaxis, :] >= scores[:, :, np.newaxis]  # (clips, label, other)
    ranks = above.sum(axis=2)
    right = (above & targets[:, np.newaxis, :]).sum(axis=2)
    return np.asarray((right / ranks * targets).sum(axis=1) / targets.sum(axis=1))


def class_scores(counts: NDArray[Any]) -> dict[str, Floats]:
    """Return precision, recall, F1 and support of each class, ``(..., classes)``; 0 where undefined."""
    hits, wrong, missed = np.moveaxis(np.asarray(counts, dtype=np.float64)[..., :-1, :], -1, 0)
    return _scores(hits, wrong, missed)


def _scores(hits: Floats, wrong: Floats, missed: Floats) -> dict[str, Floats]:
    def ratio(above: Floats, below: Floats) -> Floats:
        return np.asarray(above / np.where(below > 0, below, 1))

    return {
        "precision": ratio(hits, hits + wrong),
        "recall": ratio(hits, hits + missed),
        "f1": ratio(2 * hits, 2 * hits + wrong + missed),
        "support": hits + missed,
    }


def micro(name: str) -> Callable[[NDArray[Any]], Floats]:
    """Return a metric of all labels pooled: their ``precision``, ``recall`` or ``f1``."""

    def metric(counts: NDArray[Any]) -> Floats:
        hits, wrong, missed = np.moveaxis(np.asarray(counts, dtype=np.float64)[..., :-1, :].sum(axis=-2), -1, 0)
        return _scores(hits, wrong, missed)[name]

    return metric


def macro(name: str) -> Callable[[NDArray[Any]], Floats]:
    """Return a metric that is the mean of a class score over the classes that occur among the true ones."""

    def metric(counts: NDArray[Any]) -> Floats:
        scores = class_scores(counts)
        occurs = scores["support"] > 0
        return np.asarray((scores[name] * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))

    return metric


def lrap(counts: NDArray[Any]) -> Floats:
    """Return the mean label ranking average precision, ``(...)``."""
    return np.asarray(counts[..., -1, 1] / counts[..., -1, 0], dtype=np.float64)


def hamming(counts: NDArray[Any]) -> Floats:
    """Return the share of wrong labels of all classes and clips (Hamming loss), ``(...)``; lower is better."""
    return np.asarray(counts[..., -1, 2] / counts[..., -1, 0] / (np.shape(counts)[-2] - 1), dtype=np.float64)
