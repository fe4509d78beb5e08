"""From windows to clips: what each way computes, against numbers worked out another way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.evaluation.aggregate import AGGREGATES, aggregate

LOUD = np.array([[0.9, 0.1], [0.5, 0.3], [0.2, 0.8]])
CLIPS = np.array([0, 0, 1])

pieces = st.lists(st.integers(1, 5), min_size=1, max_size=6)  # windows of each clip


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("mean", [[0.7, 0.2], [0.2, 0.8]]),
        ("max", [[0.9, 0.3], [0.2, 0.8]]),
        ("sum-normalised", [[1.0, 0.4 / 1.4], [0.25, 1.0]]),
        ("mean-logit", [[0.75, 21**-0.5 / (1 + 21**-0.5)], [0.2, 0.8]]),  # odds: roots of 9 * 1 and of 1/9 * 3/7
    ],
)
def test_each_way_computes_what_its_name_says(how, expected):
    assert aggregate(LOUD, CLIPS, how) == pytest.approx(np.array(expected), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(pieces, st.integers(0, 2**20))
def test_a_clip_does_not_depend_on_the_others(counts, seed):
    clips = np.repeat(np.arange(len(counts)), counts)
    scores = np.random.default_rng(seed).random((len(clips), 4))
    for how in AGGREGATES:
        together = aggregate(scores, clips, how)
        assert together.shape == (len(counts), 4)
        for clip in range(len(counts)):
            own = scores[clips == clip]
            assert np.allclose(aggregate(own, np.zeros(len(own), dtype=np.int64), how), together[clip])


@settings(max_examples=40, deadline=None)
@given(pieces, st.integers(2, 4), st.integers(0, 2**20))
def test_windows_heard_several_times_change_nothing(counts, times, seed):
    clips = np.repeat(np.arange(len(counts)), counts)
    scores = np.random.default_rng(seed).random((len(clips), 3))
    for how in AGGREGATES:
        again = aggregate(np.tile(scores, (times, 1)), np.tile(clips, times), how)
        assert np.allclose(again, aggregate(scores, clips, how))


@settings(max_examples=40, deadline=None)
@given(pieces, st.integers(0, 2**20))
def test_shares_of_one_whole_stay_shares_in_the_mean(counts, seed):
    clips = np.repeat(np.arange(len(counts)), counts)
    scores = np.random.default_rng(seed).dirichlet(np.ones(5), len(clips))
    assert aggregate(scores, clips, "mean").sum(axis=1) == pytest.approx(np.ones(len(counts)))


def test_one_sure_window_outvotes_the_others_in_the_maximum_alone():
    scores, clips = np.array([[1.0], [0.1], [0.1]]), np.zeros(3, dtype=np.int64)
    found = {how: aggregate(scores, clips, how).item() for how in ("max", "mean")}
    assert found == {"max": 1.0, "mean": pytest.approx(0.4)}


def test_certainty_and_silence_stay_finite():
    scores, clips = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]), np.array([0, 1, 1])
    for how in AGGREGATES:
        found = aggregate(scores, clips, how)
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


def test_scores_come_out_in_double_precision_and_are_not_changed():
    scores = LOUD.astype(np.float32)
    for how in AGGREGATES:
        assert aggregate(scores, CLIPS, how).dtype == np.float64
        assert np.array_equal(scores, LOUD.astype(np.float32))


def test_certainty_for_and_against_cancel_in_the_mean_of_logits():
    assert aggregate(np.array([[1.0], [0.0]]), np.array([0, 0]), "mean-logit").item() == pytest.approx(0.5)
