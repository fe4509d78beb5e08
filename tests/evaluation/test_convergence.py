import numpy as np
import pytest

from fusion.evaluation import convergence

LABELS = np.repeat(np.arange(4), [40, 20, 20, 20])
ENTROPY = -(0.4 * np.log(0.4) + 3 * 0.2 * np.log(0.2))


@pytest.mark.parametrize(
    ("loss", "accuracy", "converged"),
    [
        (0.05, 0.99, True),
        (0.89 * ENTROPY, 0.60, True),
        (0.91 * ENTROPY, 0.60, False),  # the loss of guessing by frequency
        (0.50 * ENTROPY, 0.44, False),  # little more than the majority class
        (float("nan"), 0.90, False),
        (float("inf"), 0.90, False),
    ],
)
def test_detector_of_trainings_that_did_not_converge(loss, accuracy, converged):
    targets = np.eye(4, dtype=bool)[LABELS]
    assert (convergence.why_not_converged(loss, accuracy, targets, "softmax") == "") == converged


@pytest.mark.parametrize(("share", "converged"), [(0.89, True), (0.91, False)])
def test_the_detector_adds_up_label_entropies_where_each_class_has_its_own(share, converged):
    targets = np.random.default_rng(0).random((500, 3)) < [0.5, 0.2, 0.6]
    rates = targets.mean(axis=0)
    entropies = -(rates * np.log(rates) + (1 - rates) * np.log(1 - rates)).sum()
    guess = np.tile(rates, (500, 1))
    assert convergence.cross_entropy(guess, targets, "sigmoid") == pytest.approx(entropies)
    assert (convergence.why_not_converged(share * entropies, 0.9, targets, "sigmoid") == "") == converged


def test_cross_entropy_of_one_label_is_the_usual_one():
    random = np.random.default_rng(0)
    guess = random.dirichlet(np.ones(4), size=50)
    labels = random.integers(0, 4, 50)
    expected = -np.log(guess[np.arange(50), labels]).mean()
    assert convergence.cross_entropy(guess, np.eye(4, dtype=bool)[labels], "softmax") == pytest.approx(expected)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_clip_counts_once_however_many_windows_it_has(activation):
    guess = np.array([[0.9, 0.1], [0.5, 0.5], [0.3, 0.7], [0.2, 0.8]])
    targets = np.array([[True, False], [False, True], [False, True], [False, True]])
    clips = np.array([0, 1, 1, 1])
    alone = [convergence.cross_entropy(guess[clips == clip], targets[clips == clip], activation) for clip in (0, 1)]
    assert convergence.cross_entropy(guess, targets, activation, clips) == pytest.approx(np.mean(alone))


HALVES = np.eye(2, dtype=bool)[np.repeat([0, 1], 10)]
PAIRS = np.repeat([[True, True, False, False], [False, False, True, True]], 10, axis=0)  # two labels a clip


@pytest.mark.parametrize(
    ("loss", "accuracy", "why"),
    [
        (0.9 * np.log(2), 0.55, ""),
        (0.901 * np.log(2), 0.55, "training loss 0.625 is above 0.9 of 0.693, the entropy of the training labels"),
        (0.1, 0.549, "training accuracy 0.549 is not 0.05 above 0.500, the largest class' share"),
    ],
)
def test_what_lies_on_a_limit_has_converged(loss, accuracy, why):
    assert convergence.why_not_converged(loss, accuracy, HALVES, "softmax") == why


@pytest.mark.parametrize("share", [0.95, 0.96, 0.99])
def test_a_class_with_nearly_all_clips_leaves_room_for_a_network_that_learnt(share):
    targets = np.eye(2, dtype=bool)[(np.arange(100) >= 100 * share).astype(int)]
    assert convergence.why_not_converged(0.001, 1.0, targets, "softmax") == ""
    assert convergence.why_not_converged(0.001, 1.0, targets, "sigmoid") == ""
    assert "the largest class' share" in convergence.why_not_converged(0.001, share, targets, "softmax")


def test_labels_of_one_clip_share_one_whole_with_a_softmax():
    assert convergence.cross_entropy(np.full((20, 4), 0.25), PAIRS, "softmax") == pytest.approx(np.log(4))
    assert convergence.why_not_converged(0.89 * np.log(4), 0.9, PAIRS, "softmax") == ""
    assert convergence.why_not_converged(0.91 * np.log(4), 0.9, PAIRS, "softmax")


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_a_class_that_no_clip_has_adds_no_entropy(activation):
    entropy = np.log(2) * (2 if activation == "sigmoid" else 1)
    targets = np.column_stack([HALVES, np.zeros(20, dtype=bool)])
    assert convergence.why_not_converged(0.89 * entropy, 0.9, targets, activation) == ""
    assert convergence.why_not_converged(0.91 * entropy, 0.9, targets, activation)


def test_any_label_of_a_clip_counts_as_right_if_it_scores_most():
    scores = np.array([[0.1, 0.5, 0.2, 0.2], [0.6, 0.1, 0.2, 0.1]])
    assert convergence.top_accuracy(scores, PAIRS[[0, -1]]) == 0.5
