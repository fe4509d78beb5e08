"""From the windows of a clip to one prediction for it: pure functions on scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Aggregate = Literal["mean", "mean-logit", "sum-normalised", "max"]
Scores = NDArray[np.float64]
Ints = NDArray[np.int64]

_SMALLEST = 1e-7  # probabilities nearer to 0 or 1 have no logit worth its digits


def aggregate(scores: NDArray[np.floating], clips: Ints, how: Aggregate) -> Scores:
    """Return one row of scores for each clip.

    Parameters
    ----------
    scores : (windows, classes)
        Probabilities.
    clips : (windows,) int
        The clip of each window, numbered from 0; each has at least one.
    how : {"mean", "mean-logit", "sum-normalised", "max"}
        One of `AGGREGATES`.

    Returns
    -------
    (clips, classes) float64
        In [0, 1].
    """
    if np.array_equal(clips, np.arange(len(scores))) and how != "sum-normalised":
        return np.asarray(scores, dtype=np.float64)
    return AGGREGATES[how](np.asarray(scores, dtype=np.float64), clips, int(clips.max()) + 1)


def _sum(scores: Scores, clips: Ints, count: int) -> Scores:
    total = np.zeros((count, scores.shape[1]))
    np.add.at(total, clips, scores)
    return total


def mean(scores: Scores, clips: Ints, count: int) -> Scores:
    """Return the mean over windows."""
    return _sum(scores, clips, count) / np.bincount(clips, minlength=count)[:, np.newaxis]


def mean_logit(scores: Scores, clips: Ints, count: int) -> Scores:
    """Return the probability whose log-odds are the mean over windows: one sure window does not outvote the others."""
    safe = np.clip(scores, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(1 / (1 + np.exp(-mean(np.log(safe / (1 - safe)), clips, count))))


def sum_normalised(scores: Scores, clips: Ints, count: int) -> Scores:
    """Return the sum over windows divided by its largest class, so that a clip's loudest instrument has 1.

    References
    ----------
    Y. Han, J. Kim and K. Lee: "Deep convolutional neural networks for predominant instrument recognition in polyphonic
    music", IEEE/ACM TASLP 25(1), 2017, 208-221, https://doi.org/10.1109/TASLP.2016.2632307 (its strategy S2)
    """
    total = _sum(scores, clips, count)
    return total / np.maximum(total.max(axis=1, keepdims=True), _SMALLEST)


def largest(scores: Scores, clips: Ints, count: int) -> Scores:
    """Return the maximum over windows."""
    maximum = np.zeros((count, scores.shape[1]))
    np.maximum.at(maximum, clips, scores)
    return maximum


AGGREGATES: dict[Aggregate, Callable[[Scores, Ints, int], Scores]] = {
    "mean": mean,
    "mean-logit": mean_logit,
    "sum-normalised": sum_normalised,
    "max": largest,
}
