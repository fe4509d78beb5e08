"""references.csv: what is written is read back the same."""

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.corpus import Corpus
from fusion.result.folder import ResultFolder
from fusion.result.reference_predictions import (
    commonest_settings,
    read_reference_predictions,
    to_reference_predictions,
    to_scores,
    write_reference_predictions,
)

SCORES = np.array([[0.5, 0.25, 0.125], [0.75, 1.0, 0.0625]])


@pytest.mark.parametrize(("several", "threshold"), [(False, None), (True, 0.3)])
def test_predictions_of_references_come_back_the_same(tmp_path, several, threshold):
    dataset = Corpus("n", "p", pd.DataFrame(), "songs", several=several, classes=("a", "b", "c"))
    by_clip = dict(
        zip(
            ("001", "NA"),
            to_reference_predictions(dataset, SCORES, threshold, {"C": 0.1, "gamma": 0.0125}),
            strict=True,
        )
    )
    written = {("svm", 0, 0): by_clip, ("svm", 0, 1): by_clip, ("random_forest", 2, 0): by_clip}
    write_reference_predictions(ResultFolder(tmp_path), dataset, written)
    stored = read_reference_predictions(tmp_path)
    assert stored == written
    scores, decisions = to_scores(dataset.label_task, dataset.classes, list(stored["svm", 0, 0].values()))
    expected = SCORES >= 0.3 if several else np.array([[True, False, False], [False, True, False]])
    assert np.array_equal(decisions, expected)
    assert np.array_equal(scores, SCORES if several else expected)


def test_settings_that_most_clips_were_predicted_with_are_named():
    dataset = Corpus("n", "p", pd.DataFrame(), "songs", classes=("a", "b", "c"))
    few, more = (
        to_reference_predictions(dataset, scores, None, {"C": C}) for scores, C in ((SCORES[:1], 1.0), (SCORES, 10.0))
    )
    assert commonest_settings([*few, *more]) == {"C": 10.0}


def test_a_table_of_an_older_fusion_has_no_settings(tmp_path):
    (tmp_path / "references.csv").write_text("clip,reference,seed,predicted\n001,svm,0,a\n")
    stored = read_reference_predictions(tmp_path)
    assert stored == {("svm", 0, 0): {"001": ("", "a", ())}}
    assert commonest_settings(list(stored["svm", 0, 0].values())) == {}


def test_no_table_is_no_prediction(tmp_path):
    assert read_reference_predictions(tmp_path) == {}
