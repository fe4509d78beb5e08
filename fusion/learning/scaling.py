"""Mean and variance of the features over the training clips, with which a network scales them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a feature over the training clips, ``(dims,)`` each."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def moments(name: str, batches: Iterable[NDArray[np.float32]]) -> Moments:
    """Return mean and variance of the last axis over everything else.

    Parameters
    ----------
    name : str
        The feature, for messages.
    batches : iterable of (clips, ..., dims) float32

    Returns
    -------
    Moments
        A constant dimension gets the variance 1, so that it is centred but not blown up.

    Raises
    ------
    FusionError
        If the values are so large that float32 cannot hold their variance.

    References
    ----------
    T. Chan, G. Golub and R. LeVeque: "Algorithms for computing the sample variance", The American
    Statistician 37(3), 1983, 242-247, https://doi.org/10.1080/00031305.1983.10483115 (merging of batches)
    """
    count = 0
    mean: NDArray[np.float64] = np.zeros(1)
    squares: NDArray[np.float64] = np.zeros(1)
    for batch in batches:
        values = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        batch_mean = values.mean(axis=0)
        difference = batch_mean - mean
        total = count + len(values)
        squares = squares + np.square(values - batch_mean).sum(axis=0) + difference**2 * count * len(values) / total
        mean = mean + difference * len(values) / total
        count = total
    variance = squares / max(count, 1)
    if not (variance < np.finfo(np.float32).max).all():
        raise FusionError(f"feature {name}: its values reach {np.abs(mean).max():.3g}; scale them down in the feature")
    constant = variance <= (1e-6 * np.maximum(np.abs(mean), 1e-3)) ** 2
    return Moments(mean, np.where(constant, 1.0, variance))
