import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.evaluation.ranking import mean_average_precision, top
from fusion.evaluation.single_label import accuracy, confusions
from tests.support.scores import numeric_influence, scored


def macro_average_precision(targets, scores, weights=None):
    from sklearn.metrics import average_precision_score

    occurs = targets.any(axis=0)
    return average_precision_score(targets[:, occurs], scores[:, occurs], average="macro", sample_weight=weights)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_top_is_that_of_scikit_learn(most):
    from sklearn.metrics import top_k_accuracy_score

    targets, scores = scored()
    value, by_clip = top(most)(targets, scores)
    assert value == pytest.approx(top_k_accuracy_score(targets.argmax(axis=1), scores, k=most))
    assert by_clip == pytest.approx(numeric_influence(top(most), targets, scores, copies=100), abs=2e-5)


def test_top_1_is_accuracy_with_equal_scores_too():
    targets, scores = scored()
    scores = scores.round(1)
    confusion = confusions(targets.argmax(axis=1), scores.argmax(axis=1), np.zeros(60, dtype=np.int64), 5)
    assert top(1)(targets, scores)[0] == pytest.approx(accuracy(confusion)[0])


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 3), st.integers(0, 2**31))
@settings(deadline=None, max_examples=60)
def test_average_precision_is_that_of_scikit_learn_with_ties_and_absent_classes(clips, classes, digits, seed):
    targets, scores = scored(clips, classes, seed, several=True)
    scores = scores.round(digits)
    assert mean_average_precision(targets, scores)[0] == pytest.approx(macro_average_precision(targets, scores))


@pytest.mark.parametrize("digits", [1, 6])
def test_influence_on_average_precision_is_the_derivative_by_weight(digits):
    targets, scores = scored(40, 4, several=True)
    scores = scores.round(digits)
    by_clip = mean_average_precision(targets, scores)[1]
    assert by_clip.sum() == pytest.approx(0, abs=1e-12)
    for clip in range(len(targets)):
        ends = []
        for step in (1e-4, -1e-4):
            weights = np.ones(len(targets))
            weights[clip] += step
            ends.append(macro_average_precision(targets, scores, weights))
        assert by_clip[clip] == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=1e-7)
