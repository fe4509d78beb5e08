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
