"""IRMAS end to end, through the command line, on a small data set in its layout."""

import csv
import json

import numpy as np
import pytest

from tests.support.command import command
from tests.support.irmas import make, sound, write

pytestmark = pytest.mark.long

QUICK = """
dataset: {name: irmas, PROTOCOL}
features:
  mfcc: {n_mfcc: 10}
  spectral_centroid: {}
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 6, batch_size: 8, learning_rate: 1.0e-2, patience: null}
seeds: [1]
"""
KEYS = {"micro_f1", "macro_f1", "micro_precision", "micro_recall", "macro_precision", "macro_recall", "lrap", "hamming"}
SCORES = {"nll", "ece", "map"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the data and an experiment for each protocol."""
    folder = tmp_path_factory.mktemp("music")
    make(folder / "data")
    for name in ("official", "single", "cv"):
        folds = ", folds: 2" if name == "cv" else ""
        (folder / f"{name}.yaml").write_text(QUICK.replace("PROTOCOL", f"protocol: {name}{folds}"))
    return folder


def run(place, name, *words, code=0):
    done = command(place, "run", f"{name}.yaml", "--data", "data", *words, code=code)
    if code:
        return done.stderr
    folder = place / done.stdout.splitlines()[-1]
    return folder, json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def official(place):
    return run(place, "official", "--set", "model.activation=sigmoid")


def test_several_labels_have_their_own_figures(official):
    folder, metrics = official
    assert set(metrics["test"]) == KEYS | SCORES | {"per_class"}
    assert "confusion" not in metrics
    assert len(metrics["thresholds"]) == 1
    assert 0 < metrics["thresholds"][0] < 1
    assert set(metrics["references"]) == {"top_k", "lda", "logistic", "svm", "random_forest", "boosting"}
    assert metrics["clips"]["test"] == 24
    assert metrics["groups"]["test"] == 12
    assert metrics["test"]["per_class"]["voi"]["groups"] == 6
    assert metrics["test"]["per_class"]["voi"]["support"] == 12
    assert (folder / "classes.png").exists()
    assert "Hamming loss" in (folder / "report.html").read_text()
    assert not (folder / "confusion.png").exists()
    assert metrics["trained_on"] == ["train"]
    assert metrics["clips"]["validation"] > 0


def test_predictions_have_labels_from_the_threshold_on(official):
    folder, metrics = official
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {row["true"] for row in rows} >= {"gac;gel", "voi"}
    for row in rows:
        said = ";".join(name for name in metrics["classes"] if float(row[name]) >= metrics["thresholds"][0])
        assert row["predicted"] == said


def test_a_complete_result_is_not_trained_again(place, official):
    done = command(place, "run", "official.yaml", "--data", "data", "--set", "model.activation=sigmoid")
    assert "complete, nothing to train" in done.stderr


@pytest.mark.parametrize(("threshold", "warns"), [("0.4", False), ("oracle", True)])
def test_thresholds_are_given_or_from_the_test_with_a_warning(place, threshold, warns):
    _, metrics = run(place, "official", "--set", f"dataset.threshold={threshold}")
    assert any(text.startswith("oracle-threshold:") for text in metrics["warnings"]) == warns
    if threshold == "0.4":
        assert metrics["thresholds"] == [0.4]


def test_one_label_a_clip_has_accuracy_and_the_trivial_line(place):
    folder, metrics = run(place, "single")
    assert set(metrics["test"]) == {"accuracy", "macro_f1", "micro_f1", "nll", "ece", "top_2", "per_class"}
    assert np.sum(metrics["confusion"]) == pytest.approx(12)
    assert (folder / "confusion.png").exists()


def test_excerpts_that_choose_nothing_train(place):
    folder, metrics = run(place, "single")
    assert metrics["trained_on"] == ["train", "validation"]
    assert (metrics["clips"]["train"], metrics["clips"]["validation"]) == (38, 0)
    assert {reference["train_clips"] for name, reference in metrics["references"].items() if name != "majority"} == {38}
    assert not [text for text in metrics["warnings"] if "validation" in text]
    page = (folder / "report.html").read_text()
    assert "Nothing was chosen by validation clips" in page
    assert "val_loss" not in (folder / "history.csv").read_text()


def test_folds_predict_every_excerpt_once(place):
    folder, metrics = run(place, "cv")
    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len({row["clip"] for row in rows}) == 38
    assert {row["fold"] for row in rows} == {"0", "1"}
    assert {path.name for path in (folder / "seed-1").iterdir()} == {"fold-0", "fold-1"}
    assert metrics["clips"]["test"] == 38
    assert metrics["trained_on"] == ["train", "validation"]
    assert np.sum(metrics["confusion"]) == pytest.approx(38)
    said = command(place, "predict", folder, next((place / "data").rglob("*.wav")), "--json")
    assert set(json.loads(said.stdout)[0]["probabilities"]) == {"gac", "gel", "voi"}


def test_folds_are_nothing_to_search_on(place):
    (place / "open.yaml").write_text((place / "cv.yaml").read_text() + "search: {space: {model.dropout: [0.1, 0.2]}}\n")
    done = command(place, "tune", "open.yaml", "--data", "data", code=2)
    assert "protocol cv tests on every training clip" in done.stderr


def test_mixtures_and_class_weights_train_and_change_the_result(place, official):
    folder, metrics = run(
        place,
        "official",
        "--set",
        "training.mixes=2",
        "--set",
        "training.class_weights=true",
        "--set",
        "model.activation=sigmoid",
    )
    assert folder != official[0]
    assert metrics["test"]["micro_f1"]["mean"] > metrics["references"]["top_k"]["micro_f1"]["mean"] - 0.3
    compared = command(place, "compare", official[0], folder, "--json")
    assert set(json.loads(compared.stdout)) >= {"micro_f1", "macro_f1", "changed"}


def test_a_network_starts_from_another_one(place, official):
    sigmoid = ("--set", "model.activation=sigmoid")
    still = ("--set", "training.learning_rate=1.0e-9", "--set", "training.epochs=1")
    folder, metrics = run(place, "official", *sigmoid, *still, "--set", f"training.pretrain={official[0]}")
    assert folder != official[0]
    assert not [text for text in metrics["warnings"] if text.startswith("shared-groups:")]
    import keras

    old, new = (keras.saving.load_model(of / "seed-1" / "model.keras", compile=False) for of in (official[0], folder))
    for layer in ("mfcc_conv1", "mfcc_projection", "all-vectors_dense1"):
        assert np.allclose(old.get_layer(layer).get_weights()[0], new.get_layer(layer).get_weights()[0], atol=1e-6)
    assert not np.allclose(
        old.get_layer("logits").get_weights()[0], new.get_layer("logits").get_weights()[0], atol=1e-3
    )


@pytest.mark.slow
def test_what_a_start_was_trained_on_is_told(place, official):
    """Folds test the very recordings that the official protocol trains on."""
    quick = ("--set", "training.epochs=1", "--set", f"training.pretrain={official[0]}")
    _, metrics = run(place, "cv", *quick)
    (warning,) = [text for text in metrics["warnings"] if text.startswith("shared-groups:")]
    groups, clips = metrics["groups"]["test"], metrics["clips"]["test"]
    assert warning.startswith(
        f"shared-groups: {groups} of {groups} test recordings ({clips} of {clips} clips) were in the training data of "
    )
    (official[0] / "trained_on.csv.gz").rename(official[0] / "away")
    try:
        _, metrics = run(place, "cv", *quick, "--seeds", "2")
        assert [text for text in metrics["warnings"] if text.startswith("shared-groups: cannot be checked")]
    finally:
        (official[0] / "away").rename(official[0] / "trained_on.csv.gz")


def test_what_cannot_be_started_from_is_a_message(place, official):
    changed = run(
        place, "official", "--set", "features.mfcc.n_mfcc=8", "--set", f"training.pretrain={official[0]}", code=2
    )
    assert "its layer mfcc_conv1 has weights of shape" in changed
    assert "no result folder" in run(place, "official", "--set", "training.pretrain=nowhere", code=2)


def test_a_clip_too_short_is_a_message_or_left_out(place):
    path = place / "data" / "IRMAS-TrainingData" / "voi" / "[voi][pop_roc]0999__1.wav"
    write(path, sound("voi", 3, 0.2))
    try:
        assert "too short: 0.200 s" in run(place, "single", code=2)
        _, metrics = run(place, "single", "--set", "dataset.skip_damaged=true")
        assert any(text.startswith("damaged: 1 clips left out (too short") for text in metrics["warnings"])
    finally:
        path.unlink()


@pytest.mark.slow
def test_mono_at_another_rate_is_read_alike(place):
    path = place / "data" / "IRMAS-TrainingData" / "voi" / "[voi][pop_roc]0998__1.wav"
    write(path, sound("voi", 3, 3.0, 44100), 44100, channels=1)
    try:
        _, metrics = run(place, "single")
        assert metrics["clips"]["train"] + metrics["clips"]["validation"] == 39
    finally:
        path.unlink()
