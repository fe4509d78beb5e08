import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import hamming_loss, label_ranking_average_precision_score, precision_recall_fscore_support

from fusion.evaluation import multi_label
from fusion.evaluation.aggregate import AGGREGATES, aggregate
from fusion.evaluation.decisions import best_threshold
from fusion.evaluation.label_task import MULTI_LABEL


def made(seed, clips=40, classes=5):
    random = np.random.default_rng(seed)
    targets = random.random((clips, classes)) < 0.3
    targets[np.arange(clips), random.integers(0, classes, clips)] = True
    scores = random.random((clips, classes)).round(random.integers(1, 4))  # with ties
    return targets, scores, scores >= 0.6


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**20))
def test_metrics_are_those_of_scikit_learn(seed):
    targets, scores, chosen = made(seed)
    groups = np.random.default_rng(seed).integers(0, 7, len(targets))
    groups[:7] = np.arange(7)
    counts = multi_label.count(targets, scores, chosen, groups).sum(axis=0)
    found = {metric.name: float(metric.function(counts)) for metric in MULTI_LABEL.metrics}
    occurs = np.flatnonzero(targets.any(axis=0))
    for mean in ("micro", "macro"):
        labels = None if mean == "micro" else occurs
        expected = precision_recall_fscore_support(targets, chosen, average=mean, labels=labels, zero_division=0)
        for name, value in zip(("precision", "recall", "f1"), expected, strict=False):
            assert found[f"{mean}_{name}"] == pytest.approx(value)
    assert found["lrap"] == pytest.approx(label_ranking_average_precision_score(targets, scores))
    assert found["hamming"] == pytest.approx(hamming_loss(targets, chosen))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**20))
def test_no_threshold_is_better_than_the_best(seed):
    targets, scores, _ = made(seed)

    def f1(threshold):
        chosen = scores >= threshold
        return 2 * (chosen & targets).sum() / (chosen.sum() + targets.sum())

    best = f1(best_threshold(scores, targets))
    assert all(best >= f1(threshold) - 1e-12 for threshold in np.linspace(0.001, 0.999, 200))


@pytest.mark.parametrize(
    ("scores", "targets", "expected"),
    [
        ([0.9, 0.8, 0.4, 0.1], [1, 1, 0, 0], 0.6),  # as far from the last that is chosen as from the first that is not
        ([0.9, 0.8, 0.4, 0.2], [1, 1, 1, 1], 0.1),  # all are chosen: below them is 0
        ([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0], 0.3),  # equal scores are chosen together: all three, F1 .8 against .67
    ],
)
def test_the_threshold_is_in_the_middle_of_those_between_which_nothing_changes(scores, targets, expected):
    found = best_threshold(np.array([scores]), np.array([targets], dtype=bool))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("how", list(AGGREGATES))
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_windows_become_clips_whatever_their_order(how, seed):
    random = np.random.default_rng(seed)
    clips = np.concatenate([np.arange(4), random.integers(0, 4, 8)])
    scores = random.random((12, 3))
    order = random.permutation(12)
    found = aggregate(scores, clips, how)
    assert np.allclose(found, aggregate(scores[order], clips[order], how))
    assert ((found >= 0) & (found <= 1 + 1e-12)).all()
    if how == "sum-normalised":
        assert np.allclose(found.max(axis=1), 1)
    else:
        low, high = (
            [scores[clips == clip].min(axis=0) for clip in range(4)],
            [scores[clips == c].max(axis=0) for c in range(4)],
        )
        assert (found >= np.array(low) - 1e-6).all()
        assert (found <= np.array(high) + 1e-6).all()


@pytest.mark.parametrize("how", [name for name in AGGREGATES if name != "sum-normalised"])
def test_a_clip_of_one_window_is_that(how):
    scores = np.random.default_rng(0).random((5, 3))
    assert np.allclose(aggregate(scores, np.arange(5), how), scores)
    assert np.allclose(aggregate(np.repeat(scores, 2, axis=0), np.repeat(np.arange(5), 2), how), scores, atol=1e-6)
