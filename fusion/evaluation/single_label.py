"""Metrics where each clip has one label: pure functions on class numbers and confusion matrices.

Conventions: class numbers are ints from 0; a confusion matrix is ``(..., classes, classes)`` with true classes
in rows. Every metric is a function of confusion matrices, so groups add theirs up.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def confusions(true: Ints, predicted: Ints, groups: Ints, classes: int) -> Ints:
    """Return one confusion matrix a group.

    Parameters
    ----------
    true, predicted : (clips,) int
    groups : (clips,) int
        Group numbers from 0.
    classes : int

    Returns
    -------
    (groups, classes, classes) int
        True classes in rows.
    """
    count = int(groups.max()) + 1
    cells = (groups * classes + true) * classes + predicted
    return np.bincount(cells, minlength=count * classes**2).reshape(count, classes, classes).astype(np.int64)


def accuracy(confusion: NDArray[Any]) -> Floats:
    """Return the share of clips on the diagonal, ``(...)``; equal to micro-averaged F1 for one label a clip."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(confusion.sum(axis=(-2, -1)), 1), dtype=np.float64)


def class_scores(confusion: NDArray[Any]) -> dict[str, Floats]:
    """Return precision, recall, F1 and support of each class, ``(..., classes)``; 0 where undefined."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    support = confusion.sum(axis=-1).astype(np.float64)
    predicted = confusion.sum(axis=-2).astype(np.float64)
    return {
        "precision": hits / np.where(predicted > 0, predicted, 1),
        "recall": hits / np.where(support > 0, support, 1),
        "f1": 2 * hits / np.where(support + predicted > 0, support + predicted, 1),
        "support": support,
    }


def macro_f1(confusion: NDArray[Any]) -> Floats:
    """Return the mean F1 of the classes that occur among the true ones, ``(...)``."""
    scores = class_scores(confusion)
    occurs = scores["support"] > 0
    return np.asarray((scores["f1"] * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))
