import numpy as np
import pytest

from fusion.references import REFERENCES, ReferenceJob, pool, predict_reference
from fusion.store import Rows


@pytest.fixture
def rows(tmp_path):
    """Three classes in a series and a vector; the scale of the vector is far larger."""
    random = np.random.default_rng(0)
    found, labels = {}, {}
    for split, clips in (("train", 90), ("validation", 30), ("test", 30)):
        labels[split] = np.tile([0, 1, 2], clips // 3)
        series = random.normal(size=(clips, 12, 2)).astype(np.float32)
        series[:, :, 0] += 3 * labels[split][:, np.newaxis]
        vector = (5000 + 100 * random.normal(size=(clips, 3))).astype(np.float32)
        found[split] = {}
        for name, values in (("series", series), ("vector", vector)):
            path = tmp_path / f"{split}-{name}.npy"
            np.save(path, values)
            places = np.column_stack([np.zeros(clips, dtype=int), np.arange(clips)])
            found[split][name] = Rows((path,), places, values.shape[1:])
    return found, labels


def test_sequences_are_pooled_and_vectors_kept(rows):
    parts, _ = rows
    pooled = pool(parts["train"])
    series = parts["train"]["series"].take()
    assert pooled.shape == (90, 2 + 2 + 3)
    assert np.allclose(pooled[:, :2], series.mean(axis=1), atol=1e-6)
    assert np.allclose(pooled[:, 2:4], series.std(axis=1), atol=1e-6)
    assert np.array_equal(pooled[:, 4:], parts["train"]["vector"].take())


@pytest.mark.parametrize("name", REFERENCES)
def test_references_reach_what_they_should(rows, name):
    parts, labels = rows
    known = {split: labels[split] for split in ("train", "validation")}
    predicted = predict_reference(ReferenceJob(name, 1, parts, known))
    accuracy = (predicted == labels["test"]).mean()
    if name == "majority":
        assert len(set(predicted)) == 1
        assert accuracy == pytest.approx(1 / 3)
    else:
        assert accuracy > 0.9


def test_majority_is_of_the_training_clips(rows):
    parts, labels = rows
    train = labels["train"].copy()
    train[:80] = 2
    known = {"train": train, "validation": labels["validation"]}
    assert set(predict_reference(ReferenceJob("majority", 0, parts, known))) == {2}


def test_forest_repeats_by_seed(rows):
    parts, labels = rows
    known = {split: labels[split] for split in ("train", "validation")}
    first, second = (predict_reference(ReferenceJob("random_forest", 4, parts, known)) for _ in range(2))
    assert np.array_equal(first, second)
