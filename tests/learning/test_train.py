import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from fusion.evaluation.probabilities import fit_temperature
from fusion.extraction.part import Part
from fusion.extraction.store import Rows
from fusion.learning.batches import Batches
from fusion.learning.fit import fit
from fusion.learning.jobs import TrainingJob
from fusion.learning.train import _device, _temperature, predict_windows, train_seed
from fusion.settings.model import FusionModel
from fusion.settings.training import TrainingSettings


@pytest.fixture(autouse=True)
def first_weights():
    """Start every network alike, whatever ran in this process before."""
    keras.utils.set_random_seed(1)


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
    return Part({"series": Rows(tuple(shards), places, (10, 4))}, np.eye(2, dtype=bool)[labels], np.arange(60))


def job(part, tmp_path, **training):
    settings = TrainingSettings(**{"epochs": 8, "batch_size": 16, "learning_rate": 0.01, **training})
    model = FusionModel(conv_filters=(8,), dense_units=(8,), embedding=8)
    parts = dict.fromkeys(("train", "validation", "test"), part)
    return TrainingJob(tmp_path / "seed-1", 1, model, settings, ("a", "b"), parts, tuple(map(str, range(60))), {})


def drawn(*arguments, **settings):
    """Return batches of their first epoch."""
    batches = Batches(*arguments, **settings)
    batches.on_epoch_begin()
    return batches


def test_an_epoch_is_every_clip_once_in_an_order_of_its_own(part):
    keras.utils.set_random_seed(1)
    batches = drawn(part, 16, seed=3)
    epochs = []
    for _ in range(2):
        values = np.concatenate([batches[n][0]["series"] for n in range(len(batches))])
        epochs.append(values)
        batches.on_epoch_begin()
    everything = part.rows["series"].take()
    for values in epochs:
        assert np.array_equal(np.sort(values.ravel()), np.sort(everything.ravel()))
    assert not np.array_equal(*epochs)
    keras.utils.set_random_seed(1)
    again = drawn(part, 16, seed=3)
    first = again[0][0]["series"]
    assert np.array_equal(first, epochs[0][: len(first)])


def test_labels_stay_with_their_clips(part):
    values, targets = drawn(part, 60, seed=5)[0]
    assert np.array_equal(values["series"][:, :, 2].mean(axis=1) > 1, targets["probabilities"][:, 1] == 1)


def test_without_a_seed_the_order_is_kept(part):
    batches = Batches(part, 16)
    batches.on_epoch_begin()
    assert np.array_equal(batches[1][0]["series"], part.rows["series"].take(np.arange(16, 32)))


@pytest.mark.parametrize("schedule", ["cosine", "plateau", "constant"])
def test_every_schedule_learns(part, tmp_path, schedule):
    model = fit(job(part, tmp_path, schedule=schedule))
    predicted = predict_windows(model, part).argmax(axis=1)
    assert (predicted == part.targets[:60].argmax(axis=1)).mean() > 0.9


def test_patience_stops_early_and_none_never_does(part, tmp_path):
    patient = fit(job(part, tmp_path, epochs=30, patience=None, learning_rate=0.1))
    assert len(patient.history.epochs) == 30
    stopped = fit(job(part, tmp_path, epochs=30, patience=1, learning_rate=0.1))
    accuracies = [metrics["val_accuracy"] for metrics in stopped.history.epochs]
    assert len(accuracies) < 30
    kept = (predict_windows(stopped, part).argmax(axis=1) == part.targets[:60].argmax(axis=1)).mean()
    assert kept == pytest.approx(max(accuracies))


def test_without_validation_clips_there_are_no_metrics_of_them(part, tmp_path):
    wanted = job(part, tmp_path, epochs=2, patience=None)
    train_seed(replace(wanted, parts={"train": part, "test": part}))
    assert (wanted.folder / "history.csv").read_text().splitlines()[0] == "epoch,accuracy,loss"


def test_predictions_do_not_depend_on_the_batch(part, tmp_path):
    model = fit(job(part, tmp_path, epochs=1))
    assert np.allclose(predict_windows(model, part, size=7), predict_windows(model, part, size=60), atol=1e-6)


def test_mixed_labels_stay_with_their_mixed_clips(part):
    values, targets = drawn(part, 60, seed=5, mixup=0.5)[0]
    targets = targets["probabilities"]
    assert np.allclose(targets.sum(axis=1), 1)
    share = targets.max(axis=1)
    assert ((share >= 0.5 - 1e-6) & (share <= 1)).all()
    assert (share < 0.99).any()
    # the second dimension's mean is 2 for one class and 0 for the other, so it follows the label's share
    assert np.corrcoef(values["series"][:, :, 2].mean(axis=1), targets[:, 1])[0, 1] > 0.9


def test_copies_take_turns_with_their_clip(part):
    """Of three variants, each is taken about as often, and labels stay with their clips."""
    rows = part.rows["series"]
    places = np.concatenate([rows.places] * 3)
    many = Part({"series": Rows(rows.shards, places, rows.shape)}, np.tile(part.targets, (3, 1)), part.clips)
    assert many.variants == 3
    taken = []

    class Spy(Rows):
        def take(self, clips):
            taken.append(clips)
            return super().take(clips)

    many.rows["series"] = Spy(rows.shards, places, rows.shape)
    batches = Batches(many, 60, seed=1)
    for _ in range(30):
        batches.on_epoch_begin()
        _, targets = batches[0]
        assert np.array_equal(targets["probabilities"].argmax(axis=1), many.targets[taken[-1] % 60].argmax(axis=1))
        assert np.array_equal(np.sort(taken[-1] % 60), np.arange(60))
    shares = np.bincount(np.concatenate(taken) // 60) / 1800
    assert np.allclose(shares, 1 / 3, atol=0.05)
    assert np.array_equal(Batches(many, 60)[0][0]["series"], rows.take())  # nothing distorted without chance
    half = many.only(np.arange(60) < 30)
    assert (half.variants, len(half)) == (3, 30)


@pytest.mark.parametrize(
    "settings",
    [{"mixup": 0.4}, {"label_smoothing": 0.1}, {"weight_decay": 0.05}, {"mixup": 0.2, "label_smoothing": 0.1}],
)
def test_every_regulariser_still_learns(part, tmp_path, settings):
    model = fit(job(part, tmp_path, epochs=12, **settings))
    assert (predict_windows(model, part).argmax(axis=1) == part.targets[:60].argmax(axis=1)).mean() > 0.9


def test_statistics_of_a_sequence_are_learnt_from_beside_its_convolutions(part, tmp_path):
    model = FusionModel(conv_filters=(8,), dense_units=(8,), embedding=8, sequences="both", branch_dropout=0.3)
    trained = fit(replace(job(part, tmp_path), model=model))
    assert trained.history.levels == {"series": 1.0}
    assert (predict_windows(trained, part).argmax(axis=1) == part.targets[:60].argmax(axis=1)).mean() > 0.9


@pytest.mark.parametrize(
    "fusion", ["concat", *(pytest.param(name, marks=pytest.mark.slow) for name in ("gated", "late"))]
)
def test_losses_of_branches_are_trained_but_not_reported(part, tmp_path, fusion):
    wanted = job(part, tmp_path)
    vector = Part({**part.rows, "vector": _vectors(part, tmp_path)}, part.targets, part.clips)
    model = FusionModel(conv_filters=(8,), dense_units=(8,), embedding=8, fusion=fusion, auxiliary=0.5)
    parts = dict.fromkeys(("train", "validation", "test"), vector)
    trained = fit(replace(wanted, model=model, parts=parts))
    assert set(trained.history.epochs[0]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert (predict_windows(trained, vector).argmax(axis=1) == part.targets[:60].argmax(axis=1)).mean() > 0.8


def _vectors(part, folder):
    path = folder / "vectors.npy"
    np.save(path, np.random.default_rng(1).normal(size=(60, 3)).astype(np.float32))
    return Rows((path,), np.column_stack([np.zeros(60, np.int64), np.arange(60)]), (3,))


def test_the_temperature_is_that_of_the_clips_held_out_whose_windows_are_put_together(part, tmp_path):
    windows = replace(part, clips=np.repeat(np.arange(30), 2), targets=np.repeat(part.targets[:30], 2, axis=0))
    task = replace(job(part, tmp_path, epochs=2), ids=tuple(map(str, range(30))))
    train_seed(replace(task, parts={"train": part, "validation": windows, "test": windows}))
    summary = json.loads((task.folder / "summary.json").read_text())
    lines = (task.folder / "predictions.csv").read_text().splitlines()[1:]
    scores = np.array([line.split(",")[1:] for line in lines], dtype=float)
    expected = fit_temperature(windows.truth, scores, several=False)
    assert summary["temperature"] == pytest.approx(expected, rel=1e-3)


def test_where_nothing_is_held_out_there_is_no_temperature(part, tmp_path):
    assert _temperature(None, replace(job(part, tmp_path), parts={"train": part, "test": part})) is None


@pytest.mark.parametrize("error", [RuntimeError, AttributeError])
def test_a_backend_that_cannot_list_gpus_computes_on_the_cpu(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAX without a GPU raises the first, PyTorch the second, after a whole training."""

    def fail(kind: str) -> list[str]:
        raise error(f"no {kind}")

    monkeypatch.setattr(keras.distribution, "list_devices", fail)
    assert _device() == "cpu"


def test_the_gpus_of_a_backend_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
    assert _device() == "gpu:0, gpu:1"
