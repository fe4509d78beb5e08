"""Folds and several labels end to end: two seeds, mixtures, prediction with the networks of all folds."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.support.command import command
from tests.support.irmas import make

EXPERIMENT = """
dataset: {name: irmas, PROTOCOL}
features:
  mfcc: {n_mfcc: 8}
model: {conv_filters: [8], dense_units: [8], embedding: 8, ACTIVATION}
training: {epochs: 3, batch_size: 8, learning_rate: 1.0e-2, mixes: 1}
seeds: [1, 2]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    make(folder / "data", recordings=6, songs=2)
    for name, protocol, activation in (
        ("folds", "protocol: cv, folds: 2", "activation: softmax"),
        ("songs", "protocol: official", "activation: sigmoid"),
    ):
        text = EXPERIMENT.replace("PROTOCOL", protocol).replace("ACTIVATION", activation)
        (folder / f"{name}.yaml").write_text(text)
    return folder


def run(place, name):
    done = command(place, "run", f"{name}.yaml", "--data", "data", "--jobs", 1)
    folder = place / done.stdout.splitlines()[-1]
    return folder, json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def folds(place):
    return run(place, "folds")


@pytest.fixture(scope="module")
def songs(place):
    return run(place, "songs")


def rows(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_excerpt_is_tested_once_by_each_seed(folds):
    folder, metrics = folds
    said = rows(folder)
    for seed in "12":
        of_seed = [row["clip"] for row in said if row["seed"] == seed]
        assert len(of_seed) == len(set(of_seed)) == 38
    places = {row["clip"]: row["fold"] for row in said if row["seed"] == "1"}
    assert places == {row["clip"]: row["fold"] for row in said if row["seed"] == "2"}  # seeds differ in networks alone
    recordings = {}
    for row in said:
        recordings.setdefault(row["group"], set()).add(row["fold"])
    assert all(len(found) == 1 for found in recordings.values())
    for seed, fold in ((1, 0), (1, 1), (2, 0), (2, 1)):
        assert (folder / f"seed-{seed}" / f"fold-{fold}" / "model.keras").exists()
    assert metrics["seeds"] == [1, 2]
    assert not any(text.startswith("shared-groups:") for text in metrics["warnings"])


def test_accuracy_of_folds_is_that_of_all_their_predictions(folds):
    folder, metrics = folds
    expected = [
        np.mean([row["true"] == row["predicted"] for row in rows(folder) if row["seed"] == seed]) for seed in "12"
    ]
    assert metrics["test"]["accuracy"]["per_seed"] == pytest.approx(expected)
    assert metrics["test"]["accuracy"]["mean"] == pytest.approx(np.mean(expected))


def test_an_interrupted_fold_alone_is_trained_again(place, folds):
    folder, metrics = folds
    kept = {path: path.stat().st_mtime_ns for path in folder.glob("seed-*/fold-*/model.keras")}
    before = rows(folder)
    lost = folder / "seed-2" / "fold-1" / "summary.json"
    lost.unlink()
    (folder / "metrics.json").unlink()
    again, found = run(place, "folds")
    assert again == folder
    changed = {path for path, time in kept.items() if path.stat().st_mtime_ns != time}
    assert changed == {lost.with_name("model.keras")}
    assert rows(folder) == before
    assert found["test"] == metrics["test"]


def test_figures_of_several_labels_follow_from_the_predictions(songs):
    folder, metrics = songs
    classes = metrics["classes"]
    for number, seed in enumerate("12"):
        mine = [row for row in rows(folder) if row["seed"] == seed]
        true, said = (
            np.array([[name in row[column].split(";") for name in classes] for row in mine])
            for column in ("true", "predicted")
        )
        for figure in ("micro", "macro"):
            value = f1_score(true, said, average=figure, zero_division=0)
            assert metrics["test"][f"{figure}_f1"]["per_seed"][number] == pytest.approx(value)
        scores = np.array([[float(row[name]) for name in classes] for row in mine])
        assert (said == (scores >= metrics["thresholds"][number])).all()
    assert "accuracy" not in metrics["test"]
    assert metrics["duplicates"]["conflicting"] == 2


@pytest.mark.parametrize("name", ["folds", "songs"])
def test_networks_of_a_result_tell_what_plays(place, name, request):
    folder, metrics = request.getfixturevalue(name)
    clip = next((place / "data" / "IRMAS-TestingData-Part2").rglob("*.wav"))
    (said,) = json.loads(command(place, "predict", folder, clip, "--json").stdout)
    assert list(said["probabilities"]) == metrics["classes"]
    if name == "songs":
        found = [row for row in rows(folder) if row["clip"].endswith(clip.stem)]
        for label, value in said["probabilities"].items():
            assert value == pytest.approx(np.mean([float(row[label]) for row in found]), abs=1e-5)


def test_results_on_other_clips_are_not_compared(place, folds, songs):
    done = command(place, "compare", folds[0], songs[0], code=2)
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
