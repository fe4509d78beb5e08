import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.evaluation.calibration import BINS, ece, nll, reliability
from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from tests.support.scores import numeric_influence, scored


def calibrated(clips, several, seed=0):
    """Return scores, and labels that are drawn from them."""
    random = np.random.default_rng(seed)
    if several:
        scores = random.random((clips, 5))
        return random.random(scores.shape) < scores, scores
    scores = random.dirichlet(np.full(5, 0.5), clips)
    drawn = (random.random((clips, 1)) > np.cumsum(scores, axis=1)).sum(axis=1)
    return np.eye(5, dtype=bool)[np.minimum(drawn, 4)], scores


@pytest.mark.parametrize("several", [False, True])
def test_scores_that_labels_are_drawn_from_are_calibrated(several):
    targets, scores = calibrated(40_000, several)
    assert ece(several)(targets, scores)[0] < 0.015
    for row in reliability(targets, [scores], several):
        if row["count"] > 1000:
            assert row["accuracy"] == pytest.approx(row["confidence"], abs=0.05)


def test_always_sure_and_right_half_of_the_time_is_off_by_half():
    scores = np.tile([1.0, 0.0], (10, 1))
    targets = np.eye(2, dtype=bool)[np.repeat([0, 1], 5)]
    assert ece(several=False)(targets, scores)[0] == pytest.approx(0.5)
    assert [row["count"] for row in reliability(targets, [scores], several=False)] == [0] * (BINS - 1) + [10]


@pytest.mark.parametrize("several", [False, True])
def test_log_likelihood_is_that_of_scikit_learn(several):
    from sklearn.metrics import log_loss

    targets, scores = scored(several=several)
    expected = log_loss(targets.ravel(), scores.ravel()) if several else log_loss(targets.argmax(axis=1), scores)
    assert nll(several)(targets, scores)[0] == pytest.approx(expected)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("metric", [ece, nll])
def test_influence_is_the_derivative_by_the_weight_of_a_clip(metric, several):
    targets, scores = scored(several=several)
    by_clip = metric(several)(targets, scores)[1]
    assert by_clip.sum() == pytest.approx(0, abs=1e-12)
    expected = numeric_influence(metric(several), targets, scores, copies=100)
    assert by_clip == pytest.approx(expected, abs=2e-5)


@given(st.integers(1, 30), st.integers(2, 6), st.booleans(), st.integers(0, 2**31))
@settings(deadline=None, max_examples=50)
def test_the_error_is_between_0_and_1_and_follows_from_the_bins(clips, classes, several, seed):
    targets, scores = scored(clips, classes, seed, several)
    value = ece(several)(targets, scores)[0]
    assert 0 <= value <= 1
    rows = reliability(targets, [scores, scores], several)
    edges = [number / BINS for number in range(BINS + 1)]
    assert ([row["low"] for row in rows], [row["high"] for row in rows]) == (edges[:-1], edges[1:])
    total = sum(row["count"] for row in rows)
    assert total == pytest.approx(targets.size if several else clips)
    filled = [row for row in rows if row["count"]]
    assert all(row["low"] - 1e-9 <= row["confidence"] <= row["high"] + 1e-9 for row in filled)
    assert value == pytest.approx(
        sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in filled) / total
    )


@pytest.mark.parametrize("task", [SINGLE_LABEL, MULTI_LABEL])
def test_lower_is_better_for_both(task):
    found = {metric.name: (metric.direction, metric.largest) for metric in task.score_metrics if metric.probabilistic}
    assert found == {"nll": ("min", np.inf), "ece": ("min", 1.0)}
