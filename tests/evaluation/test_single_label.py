import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from fusion.evaluation import single_label
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
