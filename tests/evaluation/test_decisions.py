"""From scores to labels, and how tables write them."""

import numpy as np
import pytest

from fusion.evaluation.decisions import best_threshold, decide, join_labels, split_labels

CLASSES = ("flute", "oboe", "voice")


def test_a_class_is_predicted_from_the_threshold_on():
    scores = np.array([[0.5, 0.49, 0.9], [0.2, 0.1, 0.3]])
    assert decide(scores, 0.5).tolist() == [[True, False, True], [False, False, False]]


def test_without_a_threshold_the_largest_score_is_predicted_and_of_equal_ones_the_first():
    scores = np.array([[0.2, 0.5, 0.5], [0.1, 0.2, 0.7]])
    assert decide(scores, None).tolist() == [[False, True, False], [False, False, True]]


def test_scores_that_are_not_numbers_rank_last_where_a_threshold_is_chosen():
    assert best_threshold(np.array([[np.nan, 0.9]]), np.array([[False, True]])) == pytest.approx(0.45)
    assert best_threshold(np.array([[np.nan, 0.9, 0.4]]), np.ones((1, 3), dtype=bool)) == 0


def test_where_no_class_is_heard_equal_scores_still_stay_together():
    assert best_threshold(np.array([[0.8, 0.8, 0.2]]), np.zeros((1, 3), dtype=bool)) == pytest.approx(0.5)


def test_labels_as_tables_have_them_are_read_back():
    decisions = np.array([[True, False, True], [False, True, False]])
    joined = [join_labels(CLASSES, row) for row in decisions]
    assert joined == ["flute;voice", "oboe"]
    assert np.array_equal(split_labels(CLASSES, joined), decisions)


def test_each_class_has_a_decision():
    with pytest.raises(ValueError, match="shorter"):
        join_labels(CLASSES, np.array([True, False]))
