"""The registry of metrics: which scores are measured with so many classes, and by what."""

import numpy as np
import pytest

from fusion.evaluation.calibration import ece, nll
from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from tests.support.scores import scored


def measured(task, classes, **options):
    targets, scores = scored(40, classes, several=task.several)
    return GroundTruth(task, targets, np.arange(40)).of_scores([scores], **options)


@pytest.mark.parametrize(
    ("classes", "names"), [(2, ["nll", "ece"]), (3, ["nll", "ece", "top_2"]), (4, ["nll", "ece", "top_2", "top_3"])]
)
def test_the_top_k_are_fewer_than_the_classes(classes, names):
    assert list(measured(SINGLE_LABEL, classes)) == names
    assert list(measured(SINGLE_LABEL, classes, probabilistic=True)) == ["nll", "ece"]


def test_several_labels_have_an_average_precision_with_any_number_of_classes():
    assert list(measured(MULTI_LABEL, 2)) == ["nll", "ece", "map"]
    assert list(measured(MULTI_LABEL, 2, probabilistic=True)) == ["nll", "ece"]


@pytest.mark.parametrize("task", [SINGLE_LABEL, MULTI_LABEL])
def test_calibration_is_that_of_the_task(task):
    targets, scores = scored(40, 4, several=task.several)
    found = measured(task, 4)
    assert found["nll"]["mean"] == pytest.approx(nll(task.several)(targets, scores)[0])
    assert found["ece"]["mean"] == pytest.approx(ece(task.several)(targets, scores)[0])


def test_top_2_and_top_3_count_the_second_and_the_third():
    targets = np.eye(4, dtype=bool)[[0, 1, 2, 3]]
    scores = np.tile([0.4, 0.3, 0.2, 0.1], (4, 1))  # the label is first, second, third, fourth
    found = GroundTruth(SINGLE_LABEL, targets, np.arange(4)).of_scores([scores])
    assert (found["top_2"]["mean"], found["top_3"]["mean"]) == (0.5, 0.75)
