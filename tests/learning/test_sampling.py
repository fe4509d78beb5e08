"""Which training windows a reference takes: shares of classes stay, and groups take turns."""

import numpy as np
import pytest

from fusion.learning.sampling import draw_windows


def test_all_are_taken_where_there_is_room():
    labels, groups = np.array([0, 0, 1]), np.array([0, 0, 1])
    assert draw_windows(labels, groups, None, 1).tolist() == [0, 1, 2]
    assert draw_windows(labels, groups, 3, 1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("most", [4, 40, 200])
def test_classes_keep_their_shares_and_none_is_lost(most):
    labels = np.repeat([0, 1, 2, 3], [600, 300, 95, 5])
    drawn = draw_windows(labels, np.arange(1000) % 7, most, 1)
    assert len(set(drawn)) == most
    assert (np.diff(drawn) > 0).all()
    counts = np.bincount(labels[drawn], minlength=4)
    assert counts.min() >= 1
    assert np.abs(counts - most * np.array([0.6, 0.3, 0.095, 0.005])).max() < 2.5


def test_groups_of_a_class_take_turns_so_that_small_ones_stay():
    labels = np.repeat([0, 1], 500)
    groups = np.concatenate([np.repeat([0, 1, 2], [480, 15, 5]), np.repeat([3, 4], 250)])
    drawn = draw_windows(labels, groups, 100, 1)
    counts = np.bincount(groups[drawn])
    assert counts[2] == 5
    assert counts[1] == 15
    assert counts[0] == 30
    assert sorted(counts[3:]) == [25, 25]


def test_the_draw_repeats_by_seed():
    labels, groups = np.arange(300) % 3, np.arange(300) % 15
    first, same, other = (draw_windows(labels, groups, 30, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
