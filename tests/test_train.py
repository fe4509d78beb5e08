import numpy as np
import pytest

from fusion.jobs import Job, Part
from fusion.spec import FusionModel, TrainingSettings
from fusion.store import Rows
from fusion.train import Batches, fit, predict


@pytest.fixture
def part(tmp_path):
    """Two classes that differ in the mean of one dimension; two shards."""
    random = np.random.default_rng(0)
    labels = np.tile([0, 1], 30)
    values = random.normal(size=(60, 10, 4)).astype(np.float32)
    values[:, :, 2] += 2 * labels[:, np.newaxis]
    shards = []
    for number in range(2):
        path = tmp_path / f"{number}.npy"
        np.save(path, values[number * 30 : (number + 1) * 30])
        shards.append(path)
    places = np.column_stack([np.repeat([0, 1], 30), np.tile(np.arange(30), 2)])
    return Part({"series": Rows(tuple(shards), places, (10, 4))}, labels)


def job(part, tmp_path, **training):
    settings = TrainingSettings(**{"epochs": 8, "batch_size": 16, "learning_rate": 0.01, **training})
    model = FusionModel(conv_filters=(8,), dense_units=(8,), embedding=8)
    parts = dict.fromkeys(("train", "validation", "test"), part)
    return Job(tmp_path / "seed-1", 1, model, settings, ("a", "b"), parts, tuple(map(str, range(60))), {})


def test_an_epoch_is_every_clip_once_in_an_order_of_its_own(part):
    batches = Batches(part, 2, 16, seed=3)
    epochs = []
    for _ in range(2):
        values = np.concatenate([batches[n][0]["series"] for n in range(len(batches))])
        epochs.append(values)
        batches.on_epoch_end()
    everything = part.rows["series"].take()
    for values in epochs:
        assert np.array_equal(np.sort(values.ravel()), np.sort(everything.ravel()))
    assert not np.array_equal(*epochs)
    again = Batches(part, 2, 16, seed=3)
    assert np.array_equal(again[0][0]["series"], epochs[0][:16])


def test_labels_stay_with_their_clips(part):
    values, targets = Batches(part, 2, 60, seed=5)[0]
    assert np.array_equal(values["series"][:, :, 2].mean(axis=1) > 1, targets["probabilities"][:, 1] == 1)


def test_without_a_seed_the_order_is_kept(part):
    batches = Batches(part, 2, 16)
    batches.on_epoch_end()
    assert np.array_equal(batches[1][0]["series"], part.rows["series"].take(np.arange(16, 32)))


@pytest.mark.parametrize("schedule", ["cosine", "plateau", "constant"])
def test_every_schedule_learns(part, tmp_path, schedule):
    model = fit(job(part, tmp_path, schedule=schedule))
    predicted = predict(model, part).argmax(axis=1)
    assert (predicted == part.labels).mean() > 0.9


def test_patience_stops_early_and_none_never_does(part, tmp_path):
    patient = fit(job(part, tmp_path, epochs=30, patience=None, learning_rate=0.1))
    assert len(patient.history.epochs) == 30
    stopped = fit(job(part, tmp_path, epochs=30, patience=1, learning_rate=0.1))
    accuracies = [figures["val_accuracy"] for figures in stopped.history.epochs]
    assert len(accuracies) < 30
    kept = (predict(stopped, part).argmax(axis=1) == part.labels).mean()
    assert kept == pytest.approx(max(accuracies))


def test_predictions_do_not_depend_on_the_batch(part, tmp_path):
    model = fit(job(part, tmp_path, epochs=1))
    assert np.allclose(predict(model, part, size=7), predict(model, part, size=60), atol=1e-6)
