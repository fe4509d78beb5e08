"""The line through a learning curve, by hand and by another road."""

import numpy as np
import pytest

from fusion.evaluation.estimate import Estimate, SeedVariance
from fusion.evaluation.learning_curve import fit_line

STRATA = np.zeros(4, dtype=np.int64)


def point(value, by_group=(0.0, 0.0, 0.0, 0.0), variance=0.0):
    return Estimate(value, np.array(by_group), STRATA, {object(): (1.0, SeedVariance(variance, 2))})


def test_points_on_a_line_by_hand():
    line = fit_line([9, 18, 36, 72], [point(value) for value in (0.3, 0.4, 0.5, 0.6)])
    assert (line.slope.value, line.ahead.value) == (pytest.approx(0.1), pytest.approx(0.7))
    assert line.bend.value == pytest.approx(0)
    assert line.residual == pytest.approx(0)


def test_a_curve_that_flattens_by_hand():
    # doublings 0, 1, 2: slope (0.5 - 0.3) / 2, the last doubling 0.0, the middle point 1/15 above the line
    line = fit_line([10, 20, 40], [point(value) for value in (0.3, 0.5, 0.5)])
    assert line.slope.value == pytest.approx(0.1)
    assert line.bend.value == pytest.approx(-0.1)
    assert line.residual == pytest.approx(1 / 15)
    assert line.ahead.value == pytest.approx(1.3 / 3 + 2 * 0.1)


def test_it_is_least_squares_over_log2_of_uneven_numbers():
    groups, values = [11, 15, 53, 90], [0.2, 0.35, 0.4, 0.6]
    line = fit_line(groups, [point(value) for value in values])
    slope, intercept = np.polyfit(np.log2(groups), values, 1)
    assert line.slope.value == pytest.approx(slope)
    assert line.ahead.value == pytest.approx(intercept + slope * np.log2(180))
    assert line.residual == pytest.approx(np.abs(intercept + slope * np.log2(groups) - values).max())
    assert line.bend.value == pytest.approx(0.2 / np.log2(90 / 53) - slope)


def test_its_errors_are_those_of_the_weighted_sum():
    # weights of doublings 0, 1, 2 are -1/2, 0, 1/2: the middle point adds nothing to the slope
    deviations = np.array([0.02, -0.01, 0.01, -0.02])
    estimates = [point(0.3, deviations, 0.0004), point(0.4, 9 * deviations, 0.01), point(0.5, -deviations, 0.0004)]
    spread = fit_line([1, 2, 4], estimates).slope.spread()
    assert spread["se_groups"] == pytest.approx(np.sqrt(4 / 3 * (deviations**2).sum()))
    assert spread["se_seeds"] == pytest.approx(np.sqrt(2 * 0.25 * 0.0004))
    assert (spread["p"] < 0.05) == (spread["low"] > 0)


def test_fewer_than_three_points_have_no_line():
    assert fit_line([10, 20], [point(0.3), point(0.4)]) is None
