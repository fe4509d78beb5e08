"""What doubling the training groups brings: a line through the metric over the logarithm of their number.

All of it is a weighted sum of the points' estimates (`fusion.evaluation.estimate`), so that interval and test are those
of everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fusion.evaluation.estimate import Estimate, weighted_sum

ENOUGH_POINTS = 3
"""Through fewer points any line fits, so there is none."""


@dataclass(frozen=True)
class Line:
    """A line by least squares, of a metric over log2 of the number of training groups.

    Attributes
    ----------
    slope : Estimate
        What a doubling brings.
    ahead : Estimate
        The line's value at twice the most groups; beyond what was measured.
    bend : Estimate
        How much more a doubling brought in the last step than the line has; below 0 where the curve flattens.
    residual : float
        Largest distance of a point from the line.
    """

    slope: Estimate
    ahead: Estimate
    bend: Estimate
    residual: float


def fit_line(groups: Sequence[int], estimates: Sequence[Estimate]) -> Line | None:
    """Return the line through some points; None for fewer than `ENOUGH_POINTS`.

    Parameters
    ----------
    groups : sequence of int
        Training groups of each point, rising.
    estimates : sequence of Estimate
        The metric there, on the same test.

    References
    ----------
    T. Viering and M. Loog: "The shape of learning curves: a review", IEEE Trans. Pattern Anal. Mach. Intell. 45(6),
    2023, 7799-7819, https://doi.org/10.1109/TPAMI.2022.3220744
    """
    if len(groups) < ENOUGH_POINTS:
        return None
    doublings = np.log2(groups)
    centred = doublings - doublings.mean()
    weights = centred / (centred @ centred)

    def line(place: float) -> Estimate:
        return _weighted(1 / len(groups) + weights * (place - doublings.mean()), estimates)

    last = np.zeros(len(groups))
    last[-2:] = np.array([-1, 1]) / (doublings[-1] - doublings[-2])
    return Line(
        _weighted(weights, estimates),
        line(doublings[-1] + 1),
        _weighted(last - weights, estimates),
        max(abs(point.value - line(place).value) for place, point in zip(doublings, estimates, strict=True)),
    )


def _weighted(weights: Sequence[float], estimates: Sequence[Estimate]) -> Estimate:
    return weighted_sum([(float(weight), point) for weight, point in zip(weights, estimates, strict=True)])
