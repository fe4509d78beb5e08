import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.evaluation.calibration import nll
from fusion.evaluation.probabilities import fit_temperature, tempered
from tests.support.scores import scored


@pytest.mark.parametrize("several", [False, True])
def test_overconfident_scores_get_a_temperature_above_1_that_lowers_their_loss(several):
    targets, scores = scored(4000, several=several)
    fitted = fit_temperature(targets, scores, several)
    truly = tempered(scores, fitted, several)
    sure = tempered(truly, 1 / 3, several)
    again = fit_temperature(targets, sure, several)
    assert again == pytest.approx(3, rel=0.02)
    assert nll(several)(targets, tempered(sure, again, several))[0] < nll(several)(targets, sure)[0]
    assert fit_temperature(targets, tempered(truly, 2, several), several) < 1


@given(st.floats(0.05, 100), st.booleans(), st.integers(0, 2**31))
@settings(deadline=None, max_examples=50)
def test_a_temperature_keeps_the_order_of_the_classes(temperature, several, seed):
    _, scores = scored(20, 4, seed, several)
    changed = tempered(scores, temperature, several)
    rows = np.arange(len(scores))
    assert (changed[rows, scores.argmax(axis=1)] == changed.max(axis=1)).all()
    if 0.5 < temperature < 10:  # beyond, some are 0 or 1 in double precision
        assert (changed.argsort(axis=1) == scores.argsort(axis=1)).all()
    assert ((changed >= 0) & (changed <= 1)).all()


def test_each_clip_may_have_its_own_temperature():
    _, scores = scored(2)
    both = tempered(scores, np.array([1.0, 4.0]), several=False)
    assert both[0] == pytest.approx(scores[0])
    assert both[1] == pytest.approx(tempered(scores, 4.0, several=False)[1])


def test_scores_that_do_not_add_up_to_1_are_made_to_with_one_label():
    assert tempered(np.array([[1.0, 0.5, 0.5]]), 1.0, several=False)[0] == pytest.approx([0.5, 0.25, 0.25])


@pytest.mark.parametrize("several", [False, True])
def test_where_all_validation_clips_are_right_one_mistake_costs_no_fortune(several):
    targets = np.eye(3, dtype=bool)[np.tile([0, 1, 2], 40)]
    scores = np.where(targets, 0.998, 0.001)
    temperature = fit_temperature(targets, scores, several)
    wrong = targets[:1], np.roll(scores[:1], 1, axis=1)
    assert nll(several)(wrong[0], tempered(wrong[1], temperature, several))[0] < 10


def test_scores_that_are_not_numbers_have_no_temperature():
    targets, scores = scored(10)
    scores[3] = np.nan
    assert fit_temperature(targets, scores, several=False) is None


@pytest.mark.parametrize("several", [False, True])
def test_certain_scores_become_probabilities_too(several):
    certain = tempered(np.array([[1.0, 0.0]]), 1.0, several)
    assert certain == pytest.approx(np.array([[1.0, 0.0]]), abs=2e-7)
    less = tempered(np.array([[1.0, 0.0]]), 10.0, several)
    assert 0 < less[0, 1] < 0.5 < less[0, 0] < 1


@pytest.mark.parametrize(
    ("scores", "several", "temperature"),
    [
        ([0.8, 0.2], False, 2),  # odds of 4 become the square root: 2 to 1, for one right and one wrong beside the clip
        ([0.8, 0.1, 0.1], False, 1.5),  # the wrong one is shared by two classes: odds of 8 become 4
        ([0.8, 0.2], True, 2),
        ([0.8, 0.2, 0.2], True, 2),  # each class for itself
    ],
)
def test_one_clip_that_is_right_counts_as_two_of_three(scores, several, temperature):
    targets = np.array([[True] + [False] * (len(scores) - 1)])
    assert fit_temperature(targets, np.array([scores]), several) == pytest.approx(temperature, rel=1e-3)


@pytest.mark.parametrize(("right", "temperature"), [([0.501, 0.499], 0.05), ([1e-9, 1.0], 100)])
def test_temperatures_lie_between_a_twentieth_and_a_hundred(right, temperature):
    targets = np.tile([True, False], (1000, 1))
    assert fit_temperature(targets, np.tile(right, (1000, 1)), several=False) == pytest.approx(temperature, rel=1e-3)
