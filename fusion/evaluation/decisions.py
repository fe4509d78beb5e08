"""From scores to labels: which classes are predicted, from which threshold, and how tables write them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def decide(scores: Floats, threshold: float | None) -> Bools:
    """Return which classes are predicted, ``(clips, classes)``.

    Parameters
    ----------
    scores : (clips, classes)
    threshold : float or None
        Classes with this score or more are predicted; None: the one with the largest score is.
    """
    if threshold is not None:
        return scores >= threshold
    decisions = np.zeros(scores.shape, dtype=bool)
    decisions[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return decisions


def best_threshold(scores: NDArray[Any], targets: Bools) -> float:
    """Return the threshold with the best micro F1, in the middle of those between which nothing changes.

    Parameters
    ----------
    scores : (clips, classes)
    targets : (clips, classes) bool
        A class counts as heard where its score is at or above the threshold.
    """
    flat, truth = np.nan_to_num(np.ravel(scores).astype(np.float64), nan=0.0), np.ravel(targets)
    order = np.argsort(-flat, kind="stable")
    ranked, hits = flat[order], np.cumsum(truth[order])
    half_f1 = hits / (np.arange(1, len(ranked) + 1) + truth.sum())
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores are predicted together
    best = int(np.argmax(np.where(last, half_f1, -np.inf)))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def join_labels(classes: tuple[str, ...], decision: Bools) -> str:
    """Return a clip's labels as tables have them, joined by ``;``."""
    return ";".join(label for label, predicted in zip(classes, decision, strict=True) if predicted)


def split_labels(classes: tuple[str, ...], joined: Iterable[str]) -> Bools:
    """Return which classes each clip has, ``(clips, classes)``, from labels as tables have them."""
    return np.array([[label in labels.split(";") for label in classes] for labels in joined], dtype=bool)
