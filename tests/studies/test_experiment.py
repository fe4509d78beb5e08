"""From a YAML file to a result folder, through the command line."""

import csv
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fusion.evaluation.reference import REFERENCES
from fusion.result.checksums import write_checksums
from fusion.result.folder import ResultFolder
from fusion.sound.clip import Clip
from fusion_features.mfcc import MFCC
from fusion_features.spectral_centroid import SpectralCentroid
from tests.support.command import command
from tests.support.left_behind import figures

FILES = {
    *("spec.yaml", "environment.json", "metrics.json", "predictions.csv", "history.csv", "references.csv"),
    *("trained_on.csv.gz", "clips.csv.gz", "checksums.json"),
    *("confusion.png", "curves.png", "reliability.png", "report.html", "seed-1", "seed-2"),
}


@pytest.fixture(scope="module")
def metrics(result):
    return json.loads((result / "metrics.json").read_text())


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_last_line_is_the_result_folder_with_everything_in_it(place, result):
    assert re.fullmatch(r"results/small/[0-9a-f]{12}", str(result.relative_to(place)))
    assert {path.name for path in result.iterdir()} == FILES
    assert (result / "seed-1" / "model.keras").exists()
    assert not list(result.rglob("*.tmp-*"))


def test_console_ends_with_a_table_and_the_warnings(place):
    out = (place / "stdout.txt").read_text()
    for word in ("network", "SVM (RBF)", "random forest", "majority class", "shared-groups:", "few-groups:"):
        assert word in out


def test_metrics_have_the_fixed_keys(metrics):
    fixed = {
        *("experiment", "digest", "dataset", "protocol", "sample", "classes", "clips", "groups", "duplicates"),
        *("warnings", "seconds", "train", "test", "confusion", "calibration", "references"),
    }
    assert fixed <= metrics.keys()
    assert metrics["sample"] is False
    assert set(metrics["seconds"]) == {"extract", "train", "train_processor", "evaluate"}
    assert {"pairs", "conflicting", "velocity_twins"} <= metrics["duplicates"].keys()
    for summary in (metrics["test"], *metrics["references"].values()):
        assert summary is metrics["test"] or summary["train_clips"] == metrics["clips"]["train"]
        for figure in ("accuracy", "macro_f1", "micro_f1"):
            assert {"mean", "std", "low", "high", "per_seed", "se_groups", "se_seeds", "df"} <= set(summary[figure])
    assert set(metrics["references"]) == {"majority", "lda", "logistic", "svm", "random_forest", "boosting"}
    assert metrics["references"]["svm"]["settings"].keys() == {"C", "gamma"}
    best = metrics["references"][metrics["best_reference"]]["accuracy"]["mean"]
    assert best == max(scores["accuracy"]["mean"] for scores in metrics["references"].values())
    assert set(metrics["test"]["per_class"]) == set(metrics["classes"])


def test_network_learns_what_the_notes_tell(metrics):
    assert metrics["test"]["accuracy"]["mean"] > 0.8
    assert metrics["references"]["majority"]["accuracy"]["mean"] == pytest.approx(1 / 3)
    assert not [text for text in metrics["warnings"] if text.startswith("did-not-converge:")]


def test_metrics_follow_from_the_predictions(result, metrics):
    predictions = rows(result / "predictions.csv")
    assert len(predictions) == 2 * metrics["clips"]["test"]
    per_seed = [
        np.mean([row["true"] == row["predicted"] for row in predictions if row["seed"] == seed]) for seed in "12"
    ]
    assert metrics["test"]["accuracy"]["per_seed"] == pytest.approx(per_seed)
    assert np.sum(metrics["confusion"], axis=1) == pytest.approx([8, 8, 8])
    for row in predictions:
        assert sum(float(row[name]) for name in metrics["classes"]) == pytest.approx(1, abs=1e-5)


def test_saved_network_repeats_the_predictions(result, metrics, nsynth):
    import keras

    model = keras.saving.load_model(result / "seed-2" / "model.keras", safe_mode=True)
    row = next(row for row in rows(result / "predictions.csv") if row["seed"] == "2")
    part, note = row["clip"].split("/")
    clip = Clip(soundfile.read(nsynth / part / "audio" / f"{note}.wav", dtype="float32")[0], 16000)
    features = {"mfcc": MFCC(n_mfcc=12), "spectral_centroid": SpectralCentroid(statistics=("mean", "std"))}
    found = model({name: feature.extract(clip)[np.newaxis] for name, feature in features.items()})
    expected = [float(row[name]) for name in metrics["classes"]]
    assert np.asarray(found)[0] == pytest.approx(expected, abs=1e-5)


def test_second_run_trains_nothing_and_says_so(place, nsynth, result):
    before = {path: path.stat().st_mtime_ns for path in result.rglob("*")}
    done = command(place, "run", "small.yaml", "--data", nsynth)
    assert "nothing to train" in done.stderr
    assert done.stdout.splitlines()[-1] == str(result.relative_to(place))
    assert {path: path.stat().st_mtime_ns for path in result.rglob("*")} == before


def test_resolved_settings_are_an_experiment_with_the_same_digest(place, nsynth, result):
    done = command(place, "run", result / "spec.yaml", "--data", nsynth)
    assert "nothing to train" in done.stderr
    assert done.stdout.splitlines()[-1] == str(result.relative_to(place))  # it keeps its name, too


@pytest.mark.slow
def test_repeat_is_bit_identical_whatever_the_jobs_the_workers_and_the_users_settings_of_keras(
    place, nsynth, result, tmp_path, monkeypatch
):
    others = {"floatx": "float16", "epsilon": 0.01, "image_data_format": "channels_first", "backend": "nothing"}
    (tmp_path / ".keras").mkdir()
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(others))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    words = ("run", "small.yaml", "--data", nsynth, "--results", "other", "--jobs", 2, "--seeds", "2,")
    done = command(place, *words, cold=True)
    other = place / done.stdout.splitlines()[-1]
    assert other.name == result.name
    mine = [row for row in rows(result / "predictions.csv") if row["seed"] == "2"]
    assert rows(other / "predictions.csv") == mine
    assert (other / "seed-2" / "history.csv").read_bytes() == (result / "seed-2" / "history.csv").read_bytes()


def test_interrupted_run_keeps_finished_seeds(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    shutil.rmtree(copy / "seed-2")
    (copy / "metrics.json").unlink()
    kept = (copy / "seed-1" / "model.keras").stat().st_mtime_ns
    table = copy / "references.csv"
    table.write_text(re.sub(r'""C"": [\d.]+', '""C"": 123.0', table.read_text()))  # a setting that no grid has
    write_checksums(copy)
    done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results", "--json")
    again = json.loads(done.stdout)
    assert (copy / "seed-1" / "model.keras").stat().st_mtime_ns == kept
    assert again["seeds"] == [1, 2]
    assert again["references"]["svm"]["settings"]["C"] == 123.0  # stored, not fitted again
    assert rows(copy / "predictions.csv") == rows(result / "predictions.csv")


def one_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("finished", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_was_damaged_is_trained_again_and_nothing_else(place, nsynth, result, tmp_path, finished):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    wrong = copy / "seed-2" / "predictions.csv"
    wrong.write_text(wrong.read_text().replace("0.", "7.", 1))  # it can be read, but no training wrote it
    if not finished:
        (copy / "metrics.json").unlink()
    kept = (copy / "seed-1" / "model.keras").stat().st_mtime_ns
    done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results")
    assert f"{wrong}: not as it was written; it is made again" in done.stderr
    assert (copy / "seed-1" / "model.keras").stat().st_mtime_ns == kept
    assert wrong.read_bytes() == (result / "seed-2" / "predictions.csv").read_bytes()
    assert rows(copy / "predictions.csv") == rows(result / "predictions.csv")


@pytest.mark.parametrize("name", ["model.keras", "train.npy", "history.csv", "predictions.csv", "map.npz"])
@pytest.mark.parametrize("damage", [one_bit, Path.unlink, lambda path: path.write_bytes(b"")])
def test_any_damage_to_a_training_is_seen(result, tmp_path, name, damage):
    copy = tmp_path / "copy"
    shutil.copytree(result, copy)
    assert ResultFolder(copy).trained() == [1, 2]
    damage(copy / "seed-1" / name)
    assert ResultFolder(copy).trained() == [2]
    assert ResultFolder(copy).damaged() == [str(copy / "seed-1" / name)]


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null"])
def test_a_training_whose_own_words_are_damaged_is_none(result, tmp_path, text):
    copy = tmp_path / "copy"
    shutil.copytree(result, copy)
    (copy / "seed-1" / "summary.json").write_text(text)
    assert ResultFolder(copy).trained() == [2]
    assert ResultFolder(copy).damaged() == [str(copy / "seed-1" / "summary.json")]


def test_a_training_of_an_older_fusion_counts(result, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(result, copy)
    summary = json.loads((copy / "seed-1" / "summary.json").read_text())
    names = {"model.keras", "train.npy", "history.csv", "predictions.csv", "familiarity.npz", "map.npz", "classes.npz"}
    assert set(summary.pop("files")) == names
    del summary["checksum"]
    (copy / "seed-1" / "summary.json").write_text(json.dumps(summary))
    assert ResultFolder(copy).trained() == [1, 2]


def test_what_a_complete_result_lacks_is_made_without_training(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    lost = ("report.html", "predictions.csv", "history.csv", "environment.json", "references.csv")
    for name in lost:
        (copy / name).unlink()
    networks = {path: path.stat().st_mtime_ns for path in copy.glob("seed-*/*")}
    command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results")
    assert {path: path.stat().st_mtime_ns for path in copy.glob("seed-*/*")} == networks
    assert all((copy / name).is_file() for name in lost)
    assert rows(copy / "predictions.csv") == rows(result / "predictions.csv")


def test_damaged_tables_are_refused_and_made_anew(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    for name in ("predictions.csv", "references.csv"):
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace("bass", "reed", 1))
    for words in (("compare", copy, result), ("report", copy)):
        done = command(place, *words, code=2)
        assert "predictions.csv: not as fusion wrote it" in done.stderr or "damaged" in done.stderr
    done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results")
    for name in ("predictions.csv", "references.csv"):
        assert (copy / name).read_bytes() == (result / name).read_bytes()
        assert f"{name}: not as it was written; it is made again" in done.stderr


def one_digit(path):
    """Change a digit in the middle of a text file to another one."""
    text = path.read_text()
    at = next(number for number in range(len(text) // 2, len(text)) if text[number] in "0123456789")
    path.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])


@pytest.mark.parametrize("name", ["metrics.json", "spec.yaml", "environment.json", "history.csv"])
def test_one_changed_digit_is_refused_by_all_who_read_it_and_made_anew(place, nsynth, result, tmp_path, name):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    one_digit(copy / name)
    settings = ["metrics.json", "spec.yaml", "environment.json"]
    asked = {"report": [*settings, "history.csv"], "results": settings, "compare": ["metrics.json"]}
    asked |= dict.fromkeys(("predict", "evaluate", "stress"), settings)
    sound = next((nsynth / "nsynth-test" / "audio").iterdir())
    words = {"report": [copy], "results": [tmp_path / "results"], "compare": [result, copy]}
    words |= {"predict": [copy, sound], "evaluate": [copy, "--data", nsynth], "stress": [copy]}
    for asks, reads in asked.items():
        if name in reads:
            done = command(place, asks, *words[asks], code=2)
            assert f"{copy / name}: not as fusion wrote it; run the experiment again" in done.stderr, asks
    done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results")
    assert f"{copy / name}: not as it was written; it is made again" in done.stderr
    assert ResultFolder(copy).damaged() == []
    if name in ("spec.yaml", "history.csv"):
        assert (copy / name).read_bytes() == (result / name).read_bytes()
    assert figures(ResultFolder(copy).finished()) == figures(ResultFolder(result).finished())


def test_a_changed_digit_of_a_training_has_it_trained_again(result, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(result, copy)
    one_digit(copy / "seed-1" / "summary.json")
    assert ResultFolder(copy).trained() == [2]
    assert ResultFolder(copy).damaged() == [str(copy / "seed-1" / "summary.json")]


def test_whatever_is_damaged_in_an_unfinished_result_is_made_anew(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    (copy / "metrics.json").unlink()
    shutil.rmtree(copy / "seed-1")
    (copy / "seed-1").write_text("a file in the place of a folder")
    (copy / "seed-2" / "history.csv").write_bytes(b"")
    (copy / "references.csv").write_text("clip\n")
    (copy / "checksums.json").write_text("{")
    command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results")
    for name in ("predictions.csv", "references.csv", "history.csv"):
        assert rows(copy / name) == rows(result / name)


def test_a_reference_that_took_a_part_of_the_windows_says_so(result, nsynth, tmp_path, fusion, monkeypatch):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    (copy / "metrics.json").unlink()
    monkeypatch.setitem(REFERENCES, "svm", replace(REFERENCES["svm"], most=20))
    code, out, err = fusion("run", copy / "spec.yaml", "--data", nsynth, "--results", tmp_path / "results")
    assert code == 0, err
    again = json.loads((copy / "metrics.json").read_text())
    note = f"fitted on 20 of {again['clips']['train']} training windows"
    assert again["references"]["svm"]["note"] == note
    assert again["references"]["svm"]["train_clips"] == 20
    assert "note" not in again["references"]["lda"]
    assert "fitted" in out
    assert f"SVM (RBF), {note}" in (copy / "report.html").read_text()


def test_other_versions_are_named(place, nsynth, result):
    path = result / "seed-1" / "summary.json"
    text = path.read_text()
    try:
        summary = json.loads(text)
        summary["versions"]["libraries"]["librosa"] = "0.1"
        del summary["checksum"]
        path.write_text(json.dumps(summary))
        done = command(place, "run", "small.yaml", "--data", nsynth)
    finally:
        path.write_text(text)
    assert "librosa 0.1 -> " in done.stderr


def test_figures_that_came_without_networks_are_made_anew(place, nsynth, result, tmp_path):
    """As in a fresh clone of a repository that holds results but no networks."""
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy, ignore=shutil.ignore_patterns("seed-*"))
    table = (copy / "references.csv").read_text()
    changed = re.sub(r"\bbass$", "reed", table, flags=re.M)
    assert changed != table
    (copy / "references.csv").write_text(changed)
    done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results", "--json")
    assert (copy / "references.csv").read_text() == table
    assert json.loads(done.stdout)["seeds"] == [1, 2]


def test_added_seeds_are_in_the_resolved_settings(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results", "--seeds", "3,")
    spec = (copy / "spec.yaml").read_text()
    assert "seeds:\n- 1\n- 2\n- 3\n" in spec


def test_two_runs_do_not_work_on_one_result(place, nsynth, result, tmp_path):
    copy = tmp_path / "results" / "small" / result.name
    copy.mkdir(parents=True)
    (copy / "seed-9.tmp-12345678").mkdir()
    with ResultFolder(copy).locked():
        assert not (copy / "seed-9.tmp-12345678").exists()
        done = command(place, "run", "small.yaml", "--data", nsynth, "--results", tmp_path / "results", code=2)
    assert "another run is at work" in done.stderr


def test_other_settings_get_another_folder(place, nsynth, result):
    words = ("run", "small.yaml", "--data", nsynth, "--set", "training.epochs=1", "--seeds", 1)
    done = command(place, *words)
    assert done.stdout.splitlines()[-1] != str(result.relative_to(place))
    log = place / "results" / "looks.jsonl"
    looks = len(log.read_text().splitlines())
    command(place, *words)
    assert len(log.read_text().splitlines()) == looks
    again = json.loads(command(place, *words, "--force", "--json").stdout)
    assert (again["looks"], again["looks_experiments"]) == (looks + 1, 2)


def test_page_shows_figures_warnings_and_settings(result, metrics):
    page = (result / "report.html").read_text()
    assert f"{metrics['test']['accuracy']['mean']:.3f}" in page
    assert '<span class="badge">shared-groups</span>' in page
    assert "These test clips were scored 2 times so far, for 1 result in" in page
    assert (metrics["looks"], metrics["looks_experiments"]) == (2, 1)
    assert "n_mfcc: 12" in page
    assert f"the best reference, {REFERENCES[metrics['best_reference']].label}, " in page
    assert f"SVM (RBF) C {metrics['references']['svm']['settings']['C']:g}, gamma" in page
    spread = len(np.load(result / "seed-1" / "classes.npz")["names"])
    assert page.count('<svg role="img" aria-label="') == 3 + spread
    assert not re.search(r'(?:src|href)="(?!data:|#|https://fusion-mir)', page)  # self-contained


def test_trainings_are_logged_for_tensorboard_and_a_quiet_command_says_nothing(place, nsynth, result, metrics):
    words = ("run", "small.yaml", "--data", nsynth, "--results", "logged", "--quiet", "--tensorboard", "--seeds", "1,")
    done = command(place, *words, "--json")
    assert done.stderr == ""
    (logs,) = (place / "logged" / "small").glob("*/tensorboard/seed-1")
    assert {path.name for path in logs.iterdir()} >= {"train", "validation"}
    assert all(list(part.glob("events.out.tfevents.*")) for part in logs.iterdir())
    own = json.loads(done.stdout)["test"]["accuracy"]["per_seed"]
    assert own == metrics["test"]["accuracy"]["per_seed"][:1]  # logs change nothing
