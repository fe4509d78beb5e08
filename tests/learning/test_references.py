import numpy as np
import pytest

from fusion.evaluation.label_task import MULTI_LABEL, SINGLE_LABEL
from fusion.evaluation.reference import REFERENCES, Reference
from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning import references
from fusion.learning.reference_models import MODELS
from fusion.learning.references import ReferenceJob, pool, predict_reference

pytestmark = pytest.mark.usefixtures("one_thread")


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
    return {split: part(found[split], labels[split]) for split in found}, labels


def part(rows, labels):
    return Part(rows, np.eye(3, dtype=bool)[labels], np.arange(len(labels)))


def predict(name, parts, seed=1, groups=None):
    """Return scores and threshold; each class has five training groups unless others are given."""
    groups = np.arange(len(parts["train"])) % 15 if groups is None else groups
    output = predict_reference(ReferenceJob(name, seed, parts, groups, "mean"))
    return output.scores, output.threshold


def test_sequences_are_pooled_and_vectors_kept(rows):
    parts, _ = rows
    pooled = pool(parts["train"])
    series = parts["train"].rows["series"].take()
    assert pooled.shape == (90, 2 + 2 + 3)
    assert np.allclose(pooled[:, :2], series.mean(axis=1), atol=1e-6)
    assert np.allclose(pooled[:, 2:4], series.std(axis=1), atol=1e-6)
    assert np.array_equal(pooled[:, 4:], parts["train"].rows["vector"].take())


@pytest.mark.parametrize("name", SINGLE_LABEL.references)
def test_references_reach_what_they_should(rows, name):
    parts, labels = rows
    scores, threshold = predict(name, parts, seed=1)
    predicted = scores.argmax(axis=1)
    accuracy = (predicted == labels["test"]).mean()
    assert threshold is None
    if name == "majority":
        assert len(set(predicted)) == 1
        assert accuracy == pytest.approx(1 / 3)
    else:
        assert accuracy > 0.9


@pytest.mark.parametrize("name", MULTI_LABEL.references)
def test_references_of_several_labels_choose_a_threshold_on_mixed_clips(rows, name):
    parts, _ = rows
    parts = {**parts, "mixed": parts["validation"]}
    scores, threshold = predict(name, parts, seed=1)
    chosen = scores >= threshold
    if name == "top_k":
        assert (chosen == chosen[0]).all()
    else:
        assert (chosen == parts["test"].truth).mean() > 0.9


@pytest.mark.parametrize("name", MODELS)
def test_windows_of_a_clip_make_one_answer(rows, name):
    parts, _ = rows
    test = parts["test"]
    parts = {
        **parts,
        "test": Part(test.rows, test.targets[np.repeat(np.arange(0, 30, 3), 3)], np.repeat(np.arange(10), 3)),
    }
    assert predict(name, parts, seed=1)[0].shape == (10, 3)


def test_majority_is_of_the_training_clips(rows):
    parts, labels = rows
    train = labels["train"].copy()
    train[:80] = 2
    parts = {**parts, "train": part(parts["train"].rows, train)}
    scores, _ = predict("majority", parts, seed=0)
    assert set(scores.argmax(axis=1)) == {2}


def test_majority_is_of_clips_however_long_they_are(rows):
    parts, _ = rows
    labels, clips = np.zeros(90, dtype=np.int64), np.repeat(np.arange(12), [40, 40, *[1] * 10])
    labels[clips >= 2] = 1  # ten short clips of class 1, two long ones of class 0
    train = Part(parts["train"].rows, np.eye(3, dtype=bool)[labels], clips)
    scores, _ = predict("majority", {**parts, "train": train}, seed=0)
    assert scores[0] == pytest.approx([2 / 12, 10 / 12, 0])


def test_forest_repeats_by_seed(rows):
    parts, _ = rows
    first, second = (predict("random_forest", parts, seed=4)[0] for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("task", [SINGLE_LABEL, MULTI_LABEL])
def test_the_first_reference_of_a_task_is_the_only_trivial_one(task):
    assert [REFERENCES[name].trivial for name in task.references] == [True] + [False] * len(task.references[1:])


def test_all_references_but_the_trivial_ones_are_fitted():
    assert {name for name, reference in REFERENCES.items() if not reference.trivial} == set(MODELS)


def test_a_reference_that_nothing_fits_is_an_error_and_not_class_frequencies(rows, monkeypatch):
    monkeypatch.setitem(REFERENCES, "nearest", Reference("nearest", "nearest neighbour"))
    with pytest.raises(KeyError, match="nearest"):
        predict("nearest", rows[0])


def test_a_sample_is_drawn_before_anything_is_pooled(rows, monkeypatch):
    taken = []
    monkeypatch.setattr(Rows, "take", lambda self, *key, take=Rows.take: taken.append(len(self)) or take(self, *key))
    monkeypatch.setitem(REFERENCES, "svm", Reference("svm", "SVM", most=24))
    parts, labels = rows
    scores, _ = predict("svm", {split: parts[split] for split in ("train", "test")})
    assert set(taken) == {24, 30}  # drawn training windows, and test windows
    assert (scores.argmax(axis=1) == labels["test"]).mean() > 0.9


@pytest.mark.parametrize("name", MODELS)
def test_validation_clips_choose_nothing(rows, name):
    parts, labels = rows
    other = {**parts, "validation": part(parts["validation"].rows, (labels["validation"] + 1) % 3)}
    outputs = [predict_reference(ReferenceJob(name, 1, each, np.arange(90) % 15, "mean")) for each in (parts, other)]
    assert outputs[0].settings == outputs[1].settings
    assert np.array_equal(outputs[0].scores, outputs[1].scores)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_a_class_that_training_clips_lack_scores_nothing(rows, name, mixed):
    parts, labels = rows
    parts = {**parts, "train": part(parts["train"].rows, np.minimum(labels["train"], 1))}
    if mixed:
        parts["mixed"] = parts["validation"]
    scores, _ = predict(name, parts)
    assert scores.shape == (30, 3)
    assert not scores[:, 2].any()


def test_groups_of_clips_are_those_of_their_windows(rows, monkeypatch):
    seen = {}
    real = references.fit_reference
    monkeypatch.setattr(
        references,
        "fit_reference",
        lambda name, values, labels, groups, seed: (
            seen.update(groups=groups) or real(name, values, labels, groups, seed)
        ),
    )
    parts, _ = rows
    train = Part(parts["train"].rows, np.eye(3, dtype=bool)[np.repeat([0, 1, 2], 30)], np.arange(90) // 5)
    predict("lda", {**parts, "train": train}, groups=np.arange(18) // 2)
    assert np.array_equal(seen["groups"], np.arange(90) // 10)
