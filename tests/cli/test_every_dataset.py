"""What works for NSynth and IRMAS works for every other data set, through the command line."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from tests.support import medley_solos, own_sounds
from tests.support.command import command

pytestmark = pytest.mark.long

SETTINGS = """
features: {mfcc: {n_mfcc: 10}, spectral_centroid: }
model: {conv_filters: [8], dense_units: [8], embedding: 8}
training: {epochs: 2, batch_size: 8, patience: null}
search: {trials: 1, folds: 2, space: {model.dropout: [0.1, 0.2]}}
seeds: [1]
"""
SETS = {
    "folder": ("{name: folder, group: parent, window: 1.0, hop: 0.5, aggregate: max}", own_sounds.make),
    "folder_given": ("{name: folder, protocol: given, group: parent, window: 1.0, hop: 0.5}", own_sounds.make_given),
    "table": ("{name: table, window: 1.0, hop: 0.5}", own_sounds.make_table),
    "table_several": (
        "{name: table, file: clips.tsv, protocol: given, several: true, window: 0.5, hop: 0.5}",
        own_sounds.make_given_table,
    ),
    "medley_solos": ("{name: medley_solos}", medley_solos.make),
}


SLOW = ("folder_given", "table")  # other forms of what is tested anyway


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in SETS]
)
def place(request, tmp_path_factory):
    """Return a folder with a data set, an experiment on it, and its result."""
    folder = tmp_path_factory.mktemp(request.param)
    settings, make = SETS[request.param]
    make(folder / "sounds")
    (folder / "x.yaml").write_text(f"dataset: {settings}{SETTINGS}")
    (folder / "result").write_text(command(folder, "run", "x.yaml", "--data", "sounds").stdout.splitlines()[-1])
    return folder


def result(place):
    return place / (place / "result").read_text()


def metrics(place):
    return json.loads((result(place) / "metrics.json").read_text())


def test_run_has_figures_of_network_and_references_and_a_page(place):
    task = metrics(place)
    assert set(task["references"]) >= {"lda", "random_forest", "svm"}
    name = "accuracy" if "accuracy" in task["test"] else "macro_f1"
    assert 0 <= task["test"][name]["mean"] <= 1
    assert (result(place) / "report.html").read_text().startswith("<!doctype html>")


def test_predict_names_the_classes(place):
    clip = next(path for path in sorted((place / "sounds").rglob("*.wav")))
    (said,) = json.loads(command(place, "predict", result(place), clip, "--json").stdout)
    assert set(said["probabilities"]) == set(metrics(place)["classes"])


def test_data_check_counts_clips_and_finds_what_is_nearly_another_one(place):
    shutil.copytree(place / "sounds", place / "doubled")
    first, *_, last = sorted((place / "doubled").rglob("*.wav"))
    y, sr = soundfile.read(first)
    noise = np.random.default_rng(0).normal(0, 1e-4, len(y))
    soundfile.write(last, 0.9 * y + noise, sr)  # in the place of another clip, so that every table still fits
    found = []
    for folder in ("sounds", "doubled"):
        said = json.loads(command(place, "data", "check", "x.yaml", "--data", folder, "--json").stdout)
        assert sum(said["clips"].values()) >= 12
        found.append(said["duplicates"]["near_identical"])
    assert found[1] > found[0]


@pytest.mark.parametrize("words", [("ablate", "--mode", "only-one"), ("tune",), ("curve",)])
def test_every_study_ends_with_its_folder(place, words):
    command_name, *options = words
    if command_name == "curve" and "several" in place.name:
        options += ["--groups", "6"]
    done = command(place, command_name, "x.yaml", *options, "--data", "sounds")
    folder = place / done.stdout.splitlines()[-1]
    made = {"ablate": "ablation.json", "tune": "search/best.yaml", "curve": "curve.json"}[command_name]
    assert (folder / made).is_file()


def test_evaluate_takes_another_folder_of_the_kind(place):
    if not (place / "other").exists():
        shutil.copytree(place / "sounds", place / "other")
    done = command(place, "evaluate", result(place), "--data", "other", "--training-data", "sounds")
    other = json.loads((place / done.stdout.splitlines()[-1] / "metrics.json").read_text())
    assert other["classes"] == metrics(place)["classes"]


def test_report_makes_the_same_figures_anew(place):
    before = metrics(place)
    command(place, "report", result(place))
    assert metrics(place)["test"] == before["test"]
