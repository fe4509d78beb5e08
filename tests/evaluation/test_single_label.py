import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from fusion.evaluation import convergence, single_label
from fusion.evaluation.label_task import SINGLE_LABEL


@st.composite
def predictions(draw):
    classes = draw(st.integers(2, 6))
    clips = draw(st.integers(1, 60))
    number = st.integers(0, classes - 1)
    true = draw(st.lists(number, min_size=clips, max_size=clips))
    predicted = draw(st.lists(number, min_size=clips, max_size=clips))
    groups = draw(st.lists(st.integers(0, 4), min_size=clips, max_size=clips))
    return np.array(true), np.array(predicted), np.array(groups), classes


@given(predictions())
def test_confusions_add_up_to_sklearns(case):
    true, predicted, groups, classes = case
    matrices = single_label.confusions(true, predicted, groups, classes)
    expected = metrics.confusion_matrix(true, predicted, labels=range(classes))
    assert np.array_equal(matrices.sum(axis=0), expected)
    for group in range(groups.max() + 1):
        assert matrices[group].sum() == np.sum(groups == group)


@given(predictions())
def test_scores_equal_sklearns(case):
    true, predicted, groups, classes = case
    matrix = single_label.confusions(true, predicted, np.zeros_like(groups), classes)[0]
    scores = single_label.class_scores(matrix)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        true, predicted, labels=range(classes), zero_division=0
    )
    assert scores["precision"] == pytest.approx(precision)
    assert scores["recall"] == pytest.approx(recall)
    assert scores["f1"] == pytest.approx(f1)
    assert scores["support"] == pytest.approx(support)
    assert single_label.accuracy(matrix) == pytest.approx(metrics.accuracy_score(true, predicted))
    micro = metrics.f1_score(true, predicted, labels=range(classes), average="micro", zero_division=0)
    (metric,) = (metric for metric in SINGLE_LABEL.metrics if metric.name == "micro_f1")
    assert metric.function(matrix) == pytest.approx(micro)


@given(predictions())
def test_macro_f1_averages_the_classes_that_occur(case):
    true, predicted, groups, classes = case
    matrix = single_label.confusions(true, predicted, np.zeros_like(groups), classes)[0]
    expected = metrics.f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    assert single_label.macro_f1(matrix) == pytest.approx(expected)


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
    said = random.dirichlet(np.ones(4), size=50)
    labels = random.integers(0, 4, 50)
    expected = -np.log(said[np.arange(50), labels]).mean()
    assert convergence.cross_entropy(said, np.eye(4, dtype=bool)[labels], "softmax") == pytest.approx(expected)
