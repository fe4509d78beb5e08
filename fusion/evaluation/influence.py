"""Metrics of scores: what each clip contributes to one, so that intervals over groups can be told.

Such a metric is a function from labels and scores, ``(clips, classes)`` each, to its value and the derivative of the
value with respect to each clip's weight, ``(clips,)``, where all weights are 1. The value stays when all weights are
multiplied, so these derivatives add up to 0. Those of a group's clips add up to what the group contributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ScoreFunction = Callable[[Bools, NDArray[Any]], tuple[float, Floats]]


def of_mean(values: NDArray[Any]) -> tuple[float, Floats]:
    """Return the mean of what each clip has, ``(clips,)``, and each clip's influence on it."""
    mean = float(values.mean())
    return mean, np.asarray((values - mean) / len(values), dtype=np.float64)
