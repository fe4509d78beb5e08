"""Saved networks on another data set, through the command line."""

import csv
import json
import shutil

import numpy as np
import pytest
import soundfile

from fusion.result.folder import ResultFolder
from fusion.runtime.known_json import read_known, write_known
from tests.support.command import command
from tests.support.notes import SR, names, tone, write_part

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another data set in the same layout: only valid and test, and a family that nobody was trained on."""
    root = tmp_path_factory.mktemp("other") / "elsewhere"
    write_part(root / "nsynth-test", names(["bass", "flute", "reed", "string"], [2], range(41, 81, 8)))
    write_part(root / "nsynth-valid", names(["bass", "reed"], [2], range(43, 83, 10)))
    return root


@pytest.fixture(scope="module")
def evaluated(place, result, other):
    done = command(place, "evaluate", result, "--data", other, cold=True)
    return place / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def metrics(evaluated):
    return json.loads((evaluated / "metrics.json").read_text())


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_result_is_an_ordinary_one_named_after_both(evaluated, result, metrics):
    assert evaluated.parent.name == "small@elsewhere"
    assert metrics["experiment"] == "small@elsewhere"
    assert {path.name for path in evaluated.iterdir()} == {path.name for path in result.iterdir()}
    assert metrics["digest"] == evaluated.name != result.name
    source = json.loads((result / "metrics.json").read_text())
    assert set(source) < set(metrics)
    assert metrics["source"]["digest"] == result.name
    assert metrics["source"]["data"] == "elsewhere"
    assert metrics["source"]["split"] == "test"


def test_clips_of_unknown_classes_are_counted_and_left_out(metrics):
    assert metrics["classes"] == ["bass", "flute", "reed"]
    assert metrics["clips"]["test"] == 15
    assert "missing-class: 5 test clips of string left out: the class has no training clip" in metrics["warnings"]


def test_training_clips_are_those_of_the_result(metrics, result):
    source = json.loads((result / "metrics.json").read_text())
    for split in ("train", "validation"):
        assert metrics["clips"][split] == source["clips"][split]
        assert metrics["groups"][split] == source["groups"][split]
    assert metrics["train"] == source["train"]


def test_instruments_of_the_same_name_are_not_the_same(metrics):
    assert not [text for text in metrics["warnings"] if text.startswith("shared-groups:")]


def test_predictions_are_those_of_the_saved_networks(place, evaluated, result, other):
    path = other / "nsynth-test" / "audio" / "reed_acoustic_002-049-050.wav"
    (entry,) = json.loads(command(place, "predict", result, path, "--json").stdout)
    mine = [row for row in rows(evaluated / "predictions.csv") if row["clip"] == f"elsewhere/nsynth-test/{path.stem}"]
    assert [row["seed"] for row in mine] == ["1", "2"]
    for label, value in entry["probabilities"].items():
        assert value == pytest.approx(np.mean([float(row[label]) for row in mine]), abs=1e-5)
    again = json.loads(command(place, "predict", evaluated, path, "--json").stdout)
    assert again[0]["probabilities"] == entry["probabilities"]


def test_reference_lines_are_fitted_on_the_training_clips(evaluated, metrics):
    assert metrics["references"]["svm"]["train_clips"] == metrics["clips"]["train"]
    predicted = [row for row in rows(evaluated / "references.csv") if row["reference"] == "svm"]
    assert {row["clip"].split("/")[0] for row in predicted} == {"elsewhere"}
    assert len(predicted) == 15


def test_the_console_shows_network_and_references(fusion, place, result, other, nsynth, tmp_path):
    words = ("evaluate", result, "--data", other, "--training-data", nsynth, "--seeds", "1,", "--jobs", 1)
    code, out, err = fusion(*words)
    assert code == 0, err
    for word in ("network", "SVM (RBF)", "small@elsewhere", "missing-class: 5 test clips of string left out"):
        assert word in " ".join(out.split())
    code, out, err = fusion("compare", tmp_path / out.splitlines()[-1], tmp_path / out.splitlines()[-1])
    assert code == 0, err
    assert "0 clips changed" in out


def test_a_second_time_nothing_is_done(place, result, other, evaluated):
    before = {path: path.stat().st_mtime_ns for path in evaluated.rglob("*")}
    command(place, "evaluate", result, "--data", other)
    assert {path: path.stat().st_mtime_ns for path in evaluated.rglob("*")} == before


def test_a_network_that_was_trained_again_is_applied_again(place, result, other, evaluated, tmp_path):
    shutil.copytree(result, tmp_path / "result")
    shutil.copytree(evaluated, tmp_path / "r" / "small@elsewhere" / evaluated.name)
    one, two = (tmp_path / "result" / f"seed-{seed}" for seed in (1, 2))
    shutil.copytree(two, one, dirs_exist_ok=True)
    done = command(place, "evaluate", tmp_path / "result", "--data", other, "--results", tmp_path / "r")
    folder = place / done.stdout.splitlines()[-1]
    assert folder == tmp_path / "r" / "small@elsewhere" / evaluated.name
    table = rows(folder / "predictions.csv")
    said = [[{**row, "seed": ""} for row in table if row["seed"] == seed] for seed in "12"]
    assert said[0] == said[1]


@pytest.mark.slow
def test_the_data_trained_on_share_their_groups_however_they_are_reached(place, result, nsynth, tmp_path):
    (tmp_path / "link").symlink_to(nsynth)
    done = command(
        place, "evaluate", result, "--data", tmp_path / "link", "--split", "validation", "--seeds", "1,", "--json"
    )
    assert [text for text in json.loads(done.stdout)["warnings"] if text.startswith("shared-groups: 3 of 3")]


@pytest.mark.slow
def test_the_sample_is_said_to_be_one(place, result):
    found = json.loads(command(place, "evaluate", result, "--sample", "--seeds", "1,", "--json").stdout)
    assert found["sample"] is True
    assert found["experiment"] == "small@sample"
    assert found["warnings"].count("sample: the embedded sample proves that everything works; it ranks no methods") == 1
    # eleven families, of which the networks know three; none is dropped without a word
    assert len([text for text in found["warnings"] if text.startswith("missing-class:") and "left out" in text]) == 6


def test_damaged_clips_can_be_left_out(place, result, other, tmp_path):
    shutil.copytree(other, tmp_path / "hurt")
    next((tmp_path / "hurt" / "nsynth-test" / "audio").glob("bass*")).write_bytes(b"RIFF")
    words = ("evaluate", result, "--data", tmp_path / "hurt", "--seeds", "1,")
    assert "1 clips are damaged" in command(place, *words, code=2).stderr
    found = json.loads(command(place, *words, "--skip-damaged", "--json").stdout)
    assert found["clips"]["test"] == 14
    assert [text for text in found["warnings"] if text.startswith("damaged: 1 clips left out")]
    page = next((place / "results" / "small@hurt").glob("*/report.html")).read_text()
    assert f"--split test --data {tmp_path / 'hurt'} --seeds 1, --skip-damaged" in page


def test_another_split_is_another_result(place, result, other, evaluated):
    done = command(place, "evaluate", result, "--data", other, "--split", "validation", "--seeds", "1,", "--json")
    found = json.loads(done.stdout)
    assert found["digest"] != evaluated.name
    assert found["clips"]["test"] == 8
    assert found["seeds"] == [1]


def test_moved_training_data_can_be_named(place, result, other, nsynth, tmp_path):
    copy = tmp_path / "result"
    shutil.copytree(result, copy)
    path = copy / "environment.json"
    write_known(path, {**read_known(path), "data": "/gone"})
    assert ResultFolder(copy).environment()["data"] == "/gone"
    done = command(place, "evaluate", copy, "--data", other, "--results", tmp_path / "r", code=2)
    assert "training data" in done.stderr
    assert "--training-data" in done.stderr
    words = ("evaluate", copy, "--data", other, "--results", tmp_path / "r", "--training-data")
    done = command(place, *words, nsynth, "--seeds", "1,")
    assert done.stdout.splitlines()[-1].startswith(str(tmp_path / "r"))


def test_changed_training_data_are_refused(place, result, other, nsynth, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(nsynth, changed)
    note = next((changed / "nsynth-valid" / "audio").iterdir())
    soundfile.write(note, tone("bass", 99, 100), SR)
    done = command(place, "evaluate", result, "--data", other, "--training-data", changed, "--seeds", "2,", code=2)
    assert "not what" in done.stderr
    assert "was trained on" in done.stderr


def test_networks_of_a_fusion_that_trained_on_fewer_clips_are_refused(place, result, other, tmp_path):
    copy = tmp_path / "result"
    shutil.copytree(result, copy)
    metrics = json.loads((copy / "metrics.json").read_text())
    assert metrics.pop("trained_on") == ["train"]
    del metrics["checksum"]
    (copy / "metrics.json").write_text(json.dumps(metrics))
    (copy / "checksums.json").unlink()
    (copy / "spec.yaml").write_text((copy / "spec.yaml").read_text().replace("patience: 25", "patience: null"))
    done = command(place, "evaluate", copy, "--data", other, "--results", tmp_path / "r", code=2)
    assert "an older fusion trained it, on training clips alone" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "nowhere"], "NSynth is not there"),
        ([], "name the other data set with --data"),
        (["--data", "nowhere", "--split", "tset"], "should be train, validation or test"),
    ],
)
def test_wrong_words_are_a_message(place, result, words, said):
    done = command(place, "evaluate", result, *words, code=2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_evaluation_is_not_evaluated_again(place, evaluated, other):
    done = command(place, "evaluate", evaluated, "--data", other, code=2)
    assert "its networks come from elsewhere" in done.stderr


def test_only_unknown_classes_is_a_message(place, result, tmp_path):
    write_part(tmp_path / "strings" / "nsynth-test", names(["string"], [2], range(41, 81, 8)))
    done = command(place, "evaluate", result, "--data", tmp_path / "strings", code=2)
    assert "no test clip is left" in done.stderr
