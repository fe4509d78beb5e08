"""What the page of a search says first."""

from typing import get_args

import pytest

from fusion.report import search_page
from fusion.settings.search_space import SearchSettings

TRIAL = {"status": "COMPLETED", "values": {"model.dropout": 0.1}, "folds": [], "seconds": 3.0, "error": ""}
SEARCH = {"trials": 2, "folds": 2, "tuner": "random", "objective": "accuracy", "seed": 1}


@pytest.mark.parametrize("objective", get_args(SearchSettings.model_fields["objective"].annotation))
@pytest.mark.parametrize("folds", [2, None])
def test_what_a_trial_scores_is_named(tmp_path, objective, folds):
    search = {**SEARCH, "objective": objective, "folds": folds, "space": {"model.dropout": {}}}
    trials = [{**TRIAL, "number": number, "score": 0.5} for number in (1, 2)]
    search_page.write(tmp_path, "one", search, trials, trials[0], {}, ["search-edge: model.dropout: at its end"])
    text = (tmp_path / "report.html").read_text()
    where = "mean of folds of training clips" if folds else "on the validation clips"
    assert f"Trial 1 has the best {objective.replace('_f1', ' F1')} of 2 trials, 0.500, {where}." in text
    assert text.count("model.dropout: at its end") == 1


@pytest.mark.parametrize(
    ("scores", "answer"),
    [
        ([0.5, 0.7, None], "Trial 1 has the best accuracy of 1 trials, 0.700"),
        ([0.5, 0.7, 0.6], "Trial 1 has the best accuracy of 2 trials, 0.700"),
        (
            [0.9, 0.7, 0.6],
            "The file as it was has the best accuracy, 0.900, mean of folds of training clips; none of 2 trials",
        ),
    ],
)
def test_trials_that_failed_are_not_counted_and_the_file_is_not_compared_with_itself(tmp_path, scores, answer):
    trials = [{**TRIAL, "number": number, "score": score} for number, score in enumerate(scores)]
    best = dict(max((trial for trial in trials if trial["score"] is not None), key=lambda trial: trial["score"]))
    search_page.write(tmp_path, "one", {**SEARCH, "space": {"model.dropout": {}}}, trials, best, {})
    text = (tmp_path / "report.html").read_text()
    assert answer in text
    assert ("the file&#39;s own settings have 0.500" in text) == (best["number"] > 0)
