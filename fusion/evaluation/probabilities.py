"""Scores as probabilities: what they lose by what is true, and the temperature that makes them less sure, or more.

With one label a clip, its classes share one whole. With several, each class is a decision of its own: yes or no.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_TINY = float(np.finfo(np.float32).tiny)
_NEAR = 1e-7  # what is nearer to 1 is 1 in float32 and in tables
_LOWEST, _HIGHEST = 0.05, 100.0


def tempered(scores: NDArray[Any], temperature: float | Floats, several: bool) -> Floats:
    """Return probabilities with their logits divided by a temperature; the order of a clip's classes stays.

    Parameters
    ----------
    scores : (clips, classes)
        In [0, 1]; rows that do not add up to 1, as some aggregates give, are made to with one label a clip.
    temperature : float or (clips,)
        Above 1: less sure; 1: as they are.
    several : bool
        Whether a clip may have several labels.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Weinberger: "On calibration of modern neural networks", ICML 2017, 1321-1330,
    https://doi.org/10.48550/arXiv.1706.04599
    """
    from scipy.special import expit, logit, softmax

    by_clip = np.reshape(temperature, (-1, 1))
    if several:
        return np.asarray(expit(logit(np.clip(np.asarray(scores, np.float64), _NEAR, 1 - _NEAR)) / by_clip))
    return np.asarray(softmax(np.log(np.maximum(np.asarray(scores, np.float64), _TINY)) / by_clip, axis=1))


def losses(shares: NDArray[Any], scores: NDArray[Any], several: bool, temperature: float = 1.0) -> Floats:
    """Return the negative log-likelihood of each clip in nats, ``(clips,)``.

    Parameters
    ----------
    shares : (clips, classes)
        How true each class is; with one label a clip, a row adds up to 1.
    scores : (clips, classes)
    several : bool
        With several labels it is the mean over classes of each one's own.
    temperature : float
        That of `tempered`.
    """
    probabilities = tempered(scores, temperature, several)
    if several:
        right = shares * np.log(np.maximum(probabilities, _TINY))
        return np.asarray(-(right + (1 - shares) * np.log(np.maximum(1 - probabilities, _TINY))).mean(axis=1))
    return np.asarray(-(shares * np.log(np.maximum(probabilities, _TINY))).sum(axis=1))


def fit_temperature(targets: Bools, scores: NDArray[Any], several: bool) -> float | None:
    """Return the temperature with the smallest negative log-likelihood on clips that were not trained on.

    Parameters
    ----------
    targets : (clips, classes) bool
    scores : (clips, classes)
    several : bool

    Returns
    -------
    float or None
        Between 0.05 and 100; None where a score is not a number.

    Notes
    -----
    As with Platt, n clips count as one more that is right and one that is wrong: where all are right, no temperature
    but 0 would be the best, and the first mistake in the test would cost without limit.

    References
    ----------
    J. Platt: "Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods", in:
    Advances in large margin classifiers, 1999, 61-74 (its section 2.2)
    """
    from scipy.optimize import minimize_scalar

    if not np.isfinite(scores).all():
        return None
    clips, classes = targets.shape
    wrong = 1 / (clips + 2)
    shares = np.where(targets, 1 - wrong, wrong if several else wrong / (classes - 1))
    found = minimize_scalar(
        lambda log: losses(shares, scores, several, float(np.exp(log))).mean(),
        bounds=np.log([_LOWEST, _HIGHEST]),
        method="bounded",
    )
    return float(np.exp(found.x))
