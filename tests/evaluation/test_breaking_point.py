"""Where a share is lost, and how far a feature moves."""

import numpy as np
import pytest

from fusion.evaluation.breaking_point import breaking_point, feature_shift


@pytest.mark.parametrize(
    ("levels", "lost", "log", "expected"),
    [
        ([40, 20, 0], [0.0, 0.25, 0.75], False, (10.0, 2.5)),
        ([1000, 100], [0.0, 1.0], True, (316.2278, 1.5)),
        ([1, 2, 3], [-0.1, 0.7, 0.2], False, (1.75, 1.75)),  # the first time counts
        ([1, 2], [0.5, 0.9], False, (None, 1.0)),
        ([1, 2], [0.1, 0.2], False, (None, None)),
        ([], [], False, (None, None)),
        ([40, 0], [0.5, 0.5], False, (None, 1.0)),
    ],
)
def test_a_half_is_lost_where_the_line_between_levels_crosses_it(levels, lost, log, expected):
    assert breaking_point(levels, lost, 0.5, log) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("levels", "lost", "expected"),
    [
        ([12, -40], [0.02, 0.4], (-10.0, 0.5)),  # from no distortion, not from the other side
        ([6, -6], [0.05, 0.3], (-2.0, 2 / 3)),
        ([6, -6, -12], [0.0, 0.05, 0.15], (-9.0, 2.5)),
        ([6, -6], [0.2, 0.0], (3.0, 0.5)),
    ],
)
def test_levels_above_and_below_0_are_two_ways_away_from_it(levels, lost, expected):
    assert breaking_point(levels, lost, 0.1, around_0=True) == pytest.approx(expected)


def test_a_shift_is_in_standard_deviations_of_each_dimension():
    clean = np.array([[0, 5, 100], [2, 5, 300]], dtype=np.float32)  # the second says nothing
    assert feature_shift(clean, clean) == 0
    assert feature_shift(clean, clean + np.array([1, 9, 50], dtype=np.float32)) == pytest.approx((1 + 0.5) / 2)
    assert feature_shift(np.ones((2, 1), np.float32), np.zeros((2, 1), np.float32)) == 0
