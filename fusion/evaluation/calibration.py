"""Calibration: whether clips are right as often as their network is sure of them.

With one label a clip, a network is as sure as the score of its top class is high. With several, each class of each
clip counts: its score is how sure the network is that the class is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.influence import ScoreFunction, of_mean
from fusion.evaluation.probabilities import losses, tempered

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 15


def nll(several: bool) -> ScoreFunction:
    """Return the mean negative log-likelihood in nats as a metric of scores; lower is better."""

    def metric(targets: Bools, scores: NDArray[Any]) -> tuple[float, Floats]:
        return of_mean(losses(targets, scores, several))

    return metric


def ece(several: bool) -> ScoreFunction:
    """Return the expected calibration error as a metric of scores: how far off bins of equal width are; 0 is best.

    Notes
    -----
    The mean over bins, weighted by what lies in them, of the distance between mean confidence and share of right. In
    bins with few clips chance alone makes a distance, so it is above 0 in small tests whatever the network.

    References
    ----------
    M. Naeini, G. Cooper and M. Hauskrecht: "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015,
    2901-2907, https://doi.org/10.1609/aaai.v29i1.9602
    """

    def metric(targets: Bools, scores: NDArray[Any]) -> tuple[float, Floats]:
        confidence, right = _confidence(targets, scores, several)
        bins, excess = _bins(confidence), confidence - right
        sums = np.bincount(bins.ravel(), excess.ravel(), BINS)
        value = float(np.abs(sums).sum() / excess.size)
        return value, (np.sign(sums)[bins] * excess).sum(axis=1) / excess.size - value / len(targets)

    return metric


def reliability(targets: Bools, scores: Sequence[NDArray[Any]], several: bool) -> list[dict[str, Any]]:
    """Return the bins of a reliability diagram, of all seeds together.

    Parameters
    ----------
    targets : (clips, classes) bool
    scores : sequence of (clips, classes)
        Of each seed.
    several : bool

    Returns
    -------
    list of dict
        ``low``, ``high`` (its ends), ``count`` (mean over seeds), ``confidence`` (mean) and ``accuracy`` (share of
        right); the last two None where it is empty.
    """
    each = [np.stack(_confidence(targets, seed, several)).reshape(2, -1) for seed in scores]
    confidence, right = np.concatenate(each, axis=1)
    bins = _bins(confidence)
    counts, confident, hits = (np.bincount(bins, weights, BINS) for weights in (None, confidence, right))
    return [
        {
            "low": number / BINS,
            "high": (number + 1) / BINS,
            "count": float(counts[number] / len(scores)),
            "confidence": float(confident[number] / counts[number]) if counts[number] else None,
            "accuracy": float(hits[number] / counts[number]) if counts[number] else None,
        }
        for number in range(BINS)
    ]


def _confidence(targets: Bools, scores: NDArray[Any], several: bool) -> tuple[Floats, Floats]:
    """Return how sure a network is, in [0, 1], and whether it is right, 0 or 1, ``(clips, decisions)`` each."""
    probabilities = tempered(scores, 1.0, several)
    if several:
        return probabilities, targets.astype(np.float64)
    top = probabilities.argmax(axis=1)[:, np.newaxis]
    return np.take_along_axis(probabilities, top, axis=1), np.take_along_axis(targets, top, axis=1).astype(np.float64)


def _bins(confidence: Floats) -> Ints:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
