import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from fusion.evaluation import convergence
from fusion.evaluation import single_label as evaluate


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
    matrices = evaluate.confusions(true, predicted, groups, classes)
    expected = metrics.confusion_matrix(true, predicted, labels=range(classes))
    assert np.array_equal(matrices.sum(axis=0), expected)
    for group in range(groups.max() + 1):
        assert matrices[group].sum() == np.sum(groups == group)


@given(predictions())
def test_scores_equal_sklearns(case):
    true, predicted, groups, classes = case
    matrix = evaluate.confusions(true, predicted, np.zeros_like(groups), classes)[0]
    scores = evaluate.class_scores(matrix)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        true, predicted, labels=range(classes), zero_division=0
    )
    assert scores["precision"] == pytest.approx(precision)
    assert scores["recall"] == pytest.approx(recall)
    assert scores["f1"] == pytest.approx(f1)
    assert scores["support"] == pytest.approx(support)
    assert evaluate.accuracy(matrix) == pytest.approx(metrics.accuracy_score(true, predicted))
    micro = metrics.f1_score(true, predicted, labels=range(classes), average="micro", zero_division=0)
    assert evaluate.FIGURES["micro_f1"](matrix) == pytest.approx(micro)


@given(predictions())
def test_macro_f1_averages_the_classes_that_occur(case):
    true, predicted, groups, classes = case
    matrix = evaluate.confusions(true, predicted, np.zeros_like(groups), classes)[0]
    expected = metrics.f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
    assert evaluate.macro_f1(matrix) == pytest.approx(expected)


def test_summary_is_over_seeds_with_an_interval_over_groups():
    random = np.random.default_rng(0)
    true = np.repeat(np.arange(3), 200)
    groups = np.repeat(np.arange(30), 20)
    counts = []
    for share in (0.7, 0.8, 0.9):
        predicted = np.where(random.random(600) < share, true, (true + 1) % 3)
        counts.append(evaluate.confusions(true, predicted, groups, 3))
    summary = evaluate.summarise(np.stack(counts, axis=1), np.repeat(np.arange(3), 10))
    accuracy = summary["accuracy"]
    per_seed = [np.trace(matrices.sum(axis=0)) / 600 for matrices in counts]
    assert accuracy["per_seed"] == pytest.approx(per_seed)
    assert accuracy["mean"] == pytest.approx(np.mean(per_seed))
    assert accuracy["std"] == pytest.approx(np.std(per_seed, ddof=1))
    assert accuracy["low"] < accuracy["mean"] < accuracy["high"]
    assert accuracy["high"] - accuracy["low"] < 0.1
    assert summary["micro_f1"]["mean"] == pytest.approx(accuracy["mean"])


def test_one_seed_has_no_spread():
    counts = evaluate.confusions(np.array([0, 1, 1]), np.array([0, 1, 0]), np.array([0, 1, 2]), 2)[:, np.newaxis]
    assert evaluate.summarise(counts, np.array([0, 1, 1]))["accuracy"]["std"] == 0


def test_only_classes_with_enough_groups_get_an_interval():
    random = np.random.default_rng(1)
    groups = np.arange(14)
    true = np.array([0] * 12 + [1] * 2)
    clips = np.repeat(groups, 10)
    labels = true[clips]
    predicted = np.where(random.random(140) < 0.8, labels, 1 - labels)
    counts = evaluate.confusions(labels, predicted, clips, 2)[:, np.newaxis]
    table = evaluate.per_class(counts, true, ["many", "few"], enough=10)
    assert table["many"]["low"] < table["many"]["f1"] < table["many"]["high"]
    assert table["few"]["low"] is None
    assert (table["many"]["groups"], table["few"]["groups"]) == (12, 2)
    assert (table["many"]["support"], table["few"]["support"]) == (120, 20)


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
