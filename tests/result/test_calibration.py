from types import SimpleNamespace

import numpy as np
import pytest

from fusion.evaluation.ground_truth import GroundTruth
from fusion.evaluation.label_task import SINGLE_LABEL
from fusion.evaluation.probabilities import tempered
from fusion.result.calibration import score_metrics
from fusion.result.trainings import Trainings
from tests.support.scores import scored

TARGETS, SCORES = scored(60)
TRUTH = GroundTruth(SINGLE_LABEL, TARGETS, np.repeat(np.arange(12), 5))


def trainings(*summaries, temperatures=()):
    return SimpleNamespace(summaries=list(summaries), temperatures=lambda: list(temperatures))


def test_each_seed_has_its_own_temperature():
    sharp = [tempered(SCORES, 0.5, several=False), tempered(SCORES, 0.25, several=False)]
    own = [np.full(60, 2.0), np.full(60, 4.0)]
    both = trainings({"temperature": 2.0}, {"temperature": 4.0}, temperatures=own)
    metrics, calibration = score_metrics(TRUTH, both, sharp)
    assert set(metrics) == {"nll", "ece", "top_2", "top_3"}
    assert set(calibration) == {"temperature", "bins", "bins_after", "nll_after", "ece_after"}
    assert calibration["temperature"] == [2.0, 4.0]
    (expected,) = TRUTH.of_scores([SCORES], probabilistic=True)["nll"]["per_seed"]
    assert calibration["nll_after"]["per_seed"] == pytest.approx([expected] * 2)
    assert calibration["nll_after"]["mean"] < metrics["nll"]["mean"]


@pytest.mark.parametrize(
    ("summaries", "why"),
    [
        ([{"temperature": None}, {"temperature": None}], "none are left to fit a temperature on"),
        ([{"temperature": 1.5}, {}], "an older fusion"),
    ],
)
def test_without_temperatures_it_says_why(summaries, why):
    metrics, calibration = score_metrics(TRUTH, trainings(*summaries), [SCORES, SCORES])
    assert "nll" in metrics
    assert set(calibration) == {"temperature", "bins", "why"}
    assert why in calibration["why"]


def test_scores_that_are_not_numbers_have_no_metrics():
    metrics, calibration = score_metrics(TRUTH, trainings({"temperature": None}), [np.full(SCORES.shape, np.nan)])
    assert metrics == {}
    assert set(calibration) == {"temperature", "why"}
    assert "diverged" in calibration["why"]


def test_each_fold_of_each_repeat_has_the_temperature_of_its_own_network():
    """Two repeats of two folds: clips are tested by other networks in the second."""
    tests = [(0, [0, 1]), (0, [2, 3]), (1, [0, 2]), (1, [1, 3])]
    folds = [SimpleNamespace(repeat=repeat, test=np.array(rows)) for repeat, rows in tests]
    dataset = SimpleNamespace(repeats=2, table=range(4), each_fold=lambda: folds)
    made = Trainings(None, dataset, (1,))
    vars(made)["by_seed"] = [[(None, {"temperature": float(number)}) for number in range(4)]]
    assert np.array_equal(made.temperatures(), [[0, 0, 1, 1], [2, 3, 2, 3]])
