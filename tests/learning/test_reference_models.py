"""How the settings of references are chosen: inside the training windows, whole groups held out."""

import numpy as np
import pytest

from fusion.learning.reference_models import MODELS, fit_reference, inner_folds

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def windows():
    """Windows whose groups are easy to know by their values, and whose classes are hard to tell across groups."""
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(18), 20)
    labels = groups % 3
    offsets = 4 * random.normal(size=(18, 10))
    values = offsets[groups] + 0.3 * random.normal(size=(360, 10))
    values[:, 0] += labels
    return values.astype(np.float32), labels, groups


def test_no_group_is_fitted_and_held_out_and_every_class_is_held_out(windows):
    _, labels, groups = windows
    folds = inner_folds(labels, groups, 1)
    assert len(folds) == 3
    for fitted, held_out in folds:
        assert not set(groups[fitted]) & set(groups[held_out])
        assert set(labels[held_out]) == {0, 1, 2}
    assert sorted(np.concatenate([held_out for _, held_out in folds])) == list(range(360))


def test_a_class_with_one_group_is_divided_window_by_window(windows):
    _, labels, groups = windows
    groups = np.where(labels == 2, 2, groups)
    for fitted, held_out in inner_folds(labels, groups, 1):
        assert set(labels[fitted]) == set(labels[held_out]) == {0, 1, 2}
        assert set(groups[fitted]) & set(groups[held_out]) == {2}


def test_settings_are_those_that_do_best_on_held_out_groups(windows):
    values, labels, groups = windows
    _, by_group = fit_reference("svm", values, labels, groups, 1)
    _, by_window = fit_reference("svm", values, labels, np.arange(360), 1)
    assert by_group != by_window


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("labels", [[0, 0, 1], [0, 1], [0, 0, 0], [0, 0, 0, 1, 2]])
@pytest.mark.filterwarnings("ignore:Only one sample available")
def test_few_windows_are_fitted_without_a_choice_or_not_at_all(name, labels):
    values = np.random.default_rng(0).normal(size=(len(labels), 4)).astype(np.float32)
    model, settings = fit_reference(name, values, np.array(labels), np.zeros(len(labels), dtype=np.int64), 1)
    assert set(model.predict(values)) <= set(labels)
    assert set(settings) <= {"C", "gamma", "shrinkage"}


@pytest.mark.parametrize("name", MODELS)
def test_dimensions_that_never_change_do_no_harm(windows, name):
    values, labels, groups = windows
    values = np.concatenate([values, np.ones((360, 2), dtype=np.float32)], axis=1)
    model, _ = fit_reference(name, values, labels, groups, 1)
    assert model.score(values, labels) > 0.5
