"""Which values tell classes apart best, and how they are spread in each."""

import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning import class_quantiles

NAMES = {"vector": tuple(f"v{n // 2}, {['mean', 'std'][n % 2]}" for n in range(10)), "scalar": ("s, mean",)}


@pytest.fixture
def train(tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(300) % 3
    values = random.normal(size=(300, 10))
    values[:, 0] += 3 * labels
    values[:, 1] += 2.5 * labels  # of the same column as the first
    values[:, 2] += 2 * labels
    values[:, 4] += labels
    values[:, 6] += labels / 2
    values[:, 9] = 1.0
    rows = {}
    for name, own in (("vector", values), ("scalar", labels[:, np.newaxis] / 2 + random.normal(size=(300, 1)))):
        np.save(tmp_path / f"{name}.npy", own.astype(np.float32))
        places = np.column_stack([np.zeros(300, int), np.arange(300)])
        rows[name] = Rows((tmp_path / f"{name}.npy",), places, own.shape[1:])
    return Part(rows, np.eye(4, dtype=bool)[labels], np.arange(300))


def written(train, names, folder):
    class_quantiles.write(train, names, folder / "classes.npz")
    with np.load(folder / "classes.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file}


def test_the_best_statistic_of_a_column_and_three_columns_of_a_feature_are_kept(train, tmp_path):
    found = written(train, NAMES, tmp_path)
    assert found["names"].tolist()[:3] == ["v0, mean", "v1, mean", "v2, mean"]
    assert found["names"].tolist()[3] == "s, mean"
    values = np.load(tmp_path / "vector.npy")
    labels = train.targets.argmax(axis=1)
    np.testing.assert_allclose(found["f"][0], f_classif(values[:, :1].astype(float), labels)[0][0], rtol=1e-5)
    expected = np.quantile(values[labels == 1, 0], class_quantiles.SHARES)
    np.testing.assert_allclose(found["quantiles"][0, 1], expected, rtol=1e-6)
    assert np.isnan(found["quantiles"][:, 3]).all()  # a class without clips


def test_without_names_or_without_anything_that_tells_nothing_is_written(train, tmp_path):
    for part, names in ((train, {}), (train, {"vector": NAMES["vector"][:3]}), (train.only(np.arange(300) < 1), NAMES)):
        class_quantiles.write(part, names, tmp_path / "classes.npz")
        assert not (tmp_path / "classes.npz").exists()
