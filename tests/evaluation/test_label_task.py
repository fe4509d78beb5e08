import numpy as np
import pytest

from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL, label_task, recorded_task
from fusion.evaluation.metric import metric_label
from fusion.evaluation.reference import REFERENCES

TASKS = [SINGLE_LABEL, MULTI_LABEL]


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_one_headline_and_the_table_has_a_metric_beside_it(task):
    assert len(task.shown("headline")) == 1
    assert [metric.name for metric in task.shown("headline", "table")] == [task.headline.name, "macro_f1"]
    assert task.headline.direction == "max"  # results, trials and reference models are sorted by it
    assert len({metric.name for metric in task.metrics}) == len(task.metrics)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_known_by_its_flag_and_by_the_metrics_of_a_result(task):
    assert label_task(task.several) is task
    assert recorded_task([metric.name for metric in task.metrics]) is task


def test_both_tasks_call_a_metric_by_the_same_label():
    labels = {(metric.name, metric.label) for task in TASKS for metric in task.metrics}
    assert len(labels) == len(dict(labels))
    assert metric_label("macro_f1") == "macro F1"


@pytest.mark.parametrize("task", TASKS)
def test_references_are_registered_and_the_trivial_one_is_first(task):
    assert set(task.references) <= set(REFERENCES)
    assert task.references[0] in ("majority", "top_k")


def test_the_recorded_confusion_is_summed_over_groups_and_the_mean_over_seeds():
    counts = np.arange(2 * 3 * 4).reshape(2, 3, 2, 2)  # groups, seeds, true and predicted classes
    assert SINGLE_LABEL.decision_record(counts, [None] * 3) == {"confusion": [[20.0, 22.0], [24.0, 26.0]]}
