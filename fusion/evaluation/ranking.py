"""Metrics of how scores rank: the classes of each clip, or the clips of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.influence import ScoreFunction, of_mean

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def top(most: int) -> ScoreFunction:
    """Return the share of clips whose label is among so many classes with the largest scores, as a metric of scores.

    Of equal scores the first class comes first, as it does in a decision.
    """

    def metric(targets: Bools, scores: NDArray[Any]) -> tuple[float, Floats]:
        first = np.argsort(-scores, axis=1, kind="stable")[:, :most]
        return of_mean(np.asarray(np.take_along_axis(targets, first, axis=1).any(axis=1)))

    return metric


def mean_average_precision(targets: Bools, scores: NDArray[Any]) -> tuple[float, Floats]:
    """Return the mean over classes that occur of their average precision, a metric of scores.

    A class' average precision is the mean over clips that have it of the precision among clips that score as high or
    higher; equal scores are one step.

    Notes
    -----
    With a clip's weight w, hits A and clips D that score as high or higher, it is AP = sum of w A / D over clips of the
    class, over the sum of their w. A clip's weight is in each A and D from its score down, so its influence is a sum
    over the clips of the class below it, which sums from the bottom up give for all clips at once.

    References
    ----------
    E. Yilmaz and J. Aslam: "Estimating average precision with incomplete and imperfect judgments", CIKM 2006, 102-111,
    https://doi.org/10.1145/1183614.1183633
    """
    occurs = targets.any(axis=0)
    each = [_average_precision(targets[:, number], scores[:, number]) for number in np.flatnonzero(occurs)]
    return float(np.mean([value for value, _ in each])), np.mean([by_clip for _, by_clip in each], axis=0)


def _average_precision(has: Bools, scores: NDArray[Any]) -> tuple[float, Floats]:
    """Return the average precision of one class and each clip's influence on it, ``(clips,)``."""
    _, step = np.unique(-scores, return_inverse=True)  # 0: the highest score
    above = np.cumsum(np.bincount(step))
    hits = np.bincount(step, has)
    precision = np.cumsum(hits) / above
    count = hits.sum()
    value = float((hits * precision).sum() / count)

    def from_below(terms: Floats) -> Floats:
        return np.cumsum(terms[::-1])[::-1][step]

    own = has * (precision[step] - value)
    return value, (own + has * from_below(hits / above) - from_below(hits * precision / above)) / count
