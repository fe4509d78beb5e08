"""Figures of merit where a clip may have several labels: pure functions on scores and counts.

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


def count(targets: Bools, scores: NDArray[Any], chosen: Bools, groups: Ints) -> Floats:
    """Return what all figures are functions of, for each group.

    Parameters
    ----------
    targets : (clips, classes) bool
        Each clip has at least one label.
    scores : (clips, classes)
        For the ranking; equal scores share the worse rank.
    chosen : (clips, classes) bool
        Labels that are predicted.
    groups : (clips,) int
        Numbered from 0.

    Returns
    -------
    (groups, classes + 1, 3) float64
    """
    clips, classes = targets.shape
    each = np.zeros((clips, classes + 1, 3))
    each[:, :classes, 0] = targets & chosen
    each[:, :classes, 1] = ~targets & chosen
    each[:, :classes, 2] = targets & ~chosen
    each[:, classes, 0] = 1
    each[:, classes, 1] = ranking_precision(targets, scores)
    each[:, classes, 2] = (targets != chosen).sum(axis=1)
    found = np.zeros((int(groups.max()) + 1, classes + 1, 3))
    np.add.at(found, groups, each)
    return found


def ranking_precision(targets: Bools, scores: NDArray[Any]) -> Floats:
    """Return each clip's label ranking average precision, ``(clips,)``.

    References
    ----------
    G. Tsoumakas, I. Katakis and I. Vlahavas: "Mining multi-label data", in: Data mining and knowledge discovery
    handbook, 2010, 667-685, https://doi.org/10.1007/978-0-387-09823-4_34
    """
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


def _micro(name: str) -> Callable[[NDArray[Any]], Floats]:
    def figure(counts: NDArray[Any]) -> Floats:
        hits, wrong, missed = np.moveaxis(np.asarray(counts, dtype=np.float64)[..., :-1, :].sum(axis=-2), -1, 0)
        return _scores(hits, wrong, missed)[name]

    return figure


def _macro(name: str) -> Callable[[NDArray[Any]], Floats]:
    def figure(counts: NDArray[Any]) -> Floats:
        scores = class_scores(counts)
        occurs = scores["support"] > 0
        return np.asarray((scores[name] * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))

    return figure


def lrap(counts: NDArray[Any]) -> Floats:
    """Return the mean label ranking average precision, ``(...)``."""
    return np.asarray(counts[..., -1, 1] / counts[..., -1, 0], dtype=np.float64)


def hamming(counts: NDArray[Any]) -> Floats:
    """Return the share of wrong labels of all classes and clips (Hamming loss), ``(...)``; lower is better."""
    return np.asarray(counts[..., -1, 2] / counts[..., -1, 0] / (np.shape(counts)[-2] - 1), dtype=np.float64)


FIGURES: dict[str, Callable[[NDArray[Any]], Floats]] = {
    "micro_f1": _micro("f1"),
    "macro_f1": _macro("f1"),
    "micro_precision": _micro("precision"),
    "micro_recall": _micro("recall"),
    "macro_precision": _macro("precision"),
    "macro_recall": _macro("recall"),
    "lrap": lrap,
    "hamming": hamming,
}
"""By name; micro pools all labels, macro is the mean over the classes that occur among the true ones."""


def best_threshold(scores: NDArray[Any], targets: Bools) -> float:
    """Return the threshold with the best micro F1, in the middle of those between which nothing changes.

    Parameters
    ----------
    scores : (clips, classes)
    targets : (clips, classes) bool
        A class counts as heard where its score is at or above the threshold.
    """
    flat, truth = np.ravel(scores).astype(np.float64), np.ravel(targets)
    order = np.argsort(-flat, kind="stable")
    ranked, hits = flat[order], np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + truth.sum())
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores are chosen together
    best = int(np.argmax(np.where(last, f1, -1.0)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)
