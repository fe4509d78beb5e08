"""What plays in a file: the saved networks through the command line."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import soundfile

from fusion.errors import FusionError
from fusion.studies.predict import _Task, _windows, predict_file
from fusion.studies.prediction import Prediction
from tests.support.command import command
from tests.support.notes import SR, tone


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Sound files that any user might have."""
    folder = tmp_path_factory.mktemp("sounds")
    note = tone("reed", 51, 100)
    soundfile.write(folder / "note.wav", note, SR)
    soundfile.write(folder / "stereo.flac", np.column_stack([tone("bass", 51, 100, 6 * 44100, 44100)] * 2), 44100)
    soundfile.write(folder / "short.ogg", note[:8000], SR)
    soundfile.write(folder / "long.wav", np.concatenate([tone("bass", 51, 100), tone("reed", 51, 100)] * 2), SR)
    soundfile.write(folder / "silent.wav", np.zeros(SR), SR)
    soundfile.write(folder / "blip.wav", note[:160], SR)
    (folder / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(1000))
    return folder


@pytest.fixture(scope="module")
def said(place, result, sounds):
    files = [sounds / name for name in ("note.wav", "stereo.flac", "short.ogg", "long.wav")]
    done = command(place, "predict", result, *files, "--json", "--timeline", "--jobs", 1, cold=True)
    return {entry["file"].rsplit("/", 1)[1]: entry for entry in json.loads(done.stdout)}


def test_probabilities_of_each_file_add_up_to_one(said):
    assert list(said) == ["note.wav", "stereo.flac", "short.ogg", "long.wav"]  # the order of the command line
    for entry in said.values():
        assert set(entry["probabilities"]) == {"bass", "flute", "reed"}
        assert sum(entry["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_a_note_of_the_test_set_gets_the_mean_of_the_seeds(place, result, nsynth):
    path = nsynth / "nsynth-test" / "audio" / "reed_acoustic_002-051-075.wav"
    done = command(place, "predict", result, path, "--json")
    (entry,) = json.loads(done.stdout)
    with (result / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["clip"] == f"nsynth-test/{path.stem}"]
    assert len(rows) == 2
    for label, value in entry["probabilities"].items():
        assert value == pytest.approx(np.mean([float(row[label]) for row in rows]), abs=1e-5)


def test_long_files_are_windowed_and_averaged(said):
    starts = [window["start"] for window in said["long.wav"]["timeline"]]
    assert starts == [0, 2, 4, 6, 8, 10, 12]
    for label, value in said["long.wav"]["probabilities"].items():
        assert value == pytest.approx(np.mean([w["probabilities"][label] for w in said["long.wav"]["timeline"]]))
    assert [window["start"] for window in said["stereo.flac"]["timeline"]] == [0, 2]
    assert len(said["short.ogg"]["timeline"]) == 1


def test_table_and_csv_say_the_same(place, result, sounds, said):
    done = command(place, "predict", result, sounds / "note.wav")
    best = max(said["note.wav"]["probabilities"], key=said["note.wav"]["probabilities"].get)
    assert done.stdout.startswith(f"{sounds / 'note.wav'}: {best} ")
    done = command(place, "predict", result, sounds / "note.wav", "--csv")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert float(row[best]) == pytest.approx(said["note.wav"]["probabilities"][best], abs=1e-5)


def test_what_cannot_be_used_is_named_and_the_rest_is_done(place, result, sounds):
    bad = [sounds / name for name in ("silent.wav", "blip.wav", "film.mp4", "absent.wav")]
    done = command(place, "predict", result, *bad, sounds / "note.wav", "--json", code=2)
    assert [entry["file"] for entry in json.loads(done.stdout)] == [str(sounds / "note.wav")]
    for text in (
        "silent.wav: silent",
        "blip.wav: 0.010 s is too short",
        "film.mp4: cannot be decoded",
        "ffmpeg -i FILE",
    ):
        assert text in done.stderr
    assert "absent.wav: missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_started_for_files_that_are_not_there(place, result):
    with mock.patch("fusion.studies.predict.run", side_effect=lambda tasks, jobs: nullcontext(tasks)) as started:
        done = command(place, "predict", result, "absent.wav", code=2)
    assert "absent.wav: missing" in done.stderr
    assert started.call_args.args[0] == []


def test_a_folder_is_walked(place, result, sounds, tmp_path):
    (tmp_path / "mine" / "deeper").mkdir(parents=True)
    for name in ("b.wav", "deeper/a.WAV", ".hidden.wav", "notes.txt"):
        shutil.copy(sounds / "note.wav", tmp_path / "mine" / name)
    done = command(place, "predict", result, tmp_path / "mine", "--json")
    assert [entry["file"] for entry in json.loads(done.stdout)] == [
        str(tmp_path / "mine" / name) for name in ("b.wav", "deeper/a.WAV")
    ]
    (tmp_path / "mine" / "deeper" / "song.m4a").write_bytes(b"")
    done = command(place, "predict", result, tmp_path / "mine", "--json", code=2)
    assert len(json.loads(done.stdout)) == 2
    assert f"{tmp_path / 'mine/deeper/song.m4a'}: this format cannot be decoded" in done.stderr
    (tmp_path / "empty").mkdir()
    assert "no sound file" in command(place, "predict", result, tmp_path / "empty", code=2).stderr


def test_a_level_that_no_network_knows_is_told(place, result, tmp_path):
    soundfile.write(tmp_path / "loud.wav", 32767 * tone("reed", 51, 100), SR, subtype="FLOAT")
    done = command(place, "predict", result, tmp_path / "loud.wav", "--json")
    assert "loud.wav: goes" in done.stderr
    assert "dB over full scale" in done.stderr
    assert len(json.loads(done.stdout)) == 1


def test_names_that_are_no_text_or_would_move_the_cursor_are_shown_escaped(place, result, sounds, tmp_path):
    names = [b"caf\xe9.wav", b"\x1b[2J\xe2\x80\xae.wav", b"=cmd().wav"]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes((sounds / "note.wav").read_bytes())
    (tmp_path / "\x1b[31mno.wav").write_text("no sound")
    files = [os.fsdecode(name) for name in names]
    start = [
        sys.executable,
        "-m",
        "fusion.cli",
        "predict",
        str(place / result),
        *files,
        "\x1b[31mno.wav",
        "--jobs",
        "1",
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(start, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2, done.stderr  # for the one that is no sound
    said = [line.split(": ")[0] for line in done.stdout.splitlines()]
    assert said == [r"caf\udce9.wav", r"\x1b[2J\u202e.wav", "=cmd().wav"]
    assert r"\x1b[31mno.wav: cannot be decoded" in done.stderr
    assert "\x1b" not in done.stderr
    table = command(tmp_path, "predict", place / result, "=cmd().wav", "--csv").stdout
    assert table.splitlines()[1].startswith("'=cmd().wav,")


def test_what_is_unlike_the_training_clips_is_told_and_warnings_of_the_result_once(place, result, sounds, tmp_path):
    soundfile.write(tmp_path / "hiss.wav", np.random.default_rng(1).normal(0, 0.3, 4 * SR), SR)
    done = command(place, "predict", result, tmp_path / "hiss.wav", sounds / "note.wav", "--json")
    hiss, note = json.loads(done.stdout)
    assert hiss["distance"] > 1
    assert hiss["distance"] > note["distance"]
    assert "hiss.wav: unlike the clips that the networks were trained on" in done.stderr
    assert done.stderr.count("warning: shared-groups:") == 1


def test_networks_of_an_older_fusion_say_nothing_of_it(place, result, sounds, said, tmp_path):
    copy = tmp_path / "result"
    shutil.copytree(result, copy)
    for seed in (1, 2):
        (copy / f"seed-{seed}" / "familiarity.npz").unlink()
        path = copy / f"seed-{seed}" / "summary.json"
        summary = json.loads(path.read_text())
        del summary["files"]["familiarity.npz"], summary["checksum"]
        path.write_text(json.dumps(summary))
    (entry,) = json.loads(command(place, "predict", copy, sounds / "note.wav", "--json").stdout)
    assert "distance" not in entry
    assert entry["probabilities"] == said["note.wav"]["probabilities"]


def test_windows_end_with_the_file_and_hold_little_at_a_time(tmp_path):
    """An hour is read window by window: nothing but one window is ever held."""
    with soundfile.SoundFile(tmp_path / "hour.flac", "w", 8000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(60 * 8000, dtype=np.float32))
    task = _Task(tmp_path / "hour.flac", (), (), (), 32000, 8000, 2.0, "mean", None)
    windows = _windows(task)
    first = next(windows)
    assert (first[0], first[1].y.size) == (0.0, 32000)
    rest = [(start, clip.y.size) for start, clip in windows]
    assert rest[-1] == (3596.0, 32000)
    assert len(rest) == 1798


def test_a_feature_that_fails_on_a_file_costs_that_file_alone(sounds, monkeypatch):
    def failing(networks, features, clip, task):
        raise FusionError("feature embedding: no vector for this path")

    monkeypatch.setattr("fusion.studies.predict._apply", failing)
    task = _Task(sounds / "note.wav", (), (), (), 32000, 8000, 2.0, "mean", None)
    assert predict_file(task) == f"{sounds / 'note.wav'}: feature embedding: no vector for this path"


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda folder: (folder / "metrics.json").unlink(), "no result folder"),
        (lambda folder: (folder / "seed-2" / "model.keras").unlink(), "this network is missing"),
        (lambda folder: (folder / "seed-2" / "model.keras").write_bytes(b"PK\x03\x04nonsense"), "not as its training"),
        (lambda folder: (folder / "seed-2" / "summary.json").write_text("{}"), "not as its training wrote it"),
        (
            lambda folder: (folder / "environment.json").write_text(
                (folder / "environment.json")
                .read_text()
                .replace('"mfcc": [\n      1,', '"mfcc": [\n      99,')
                .replace('"checksum"', '"older"')
            ),
            "trained with version [99, 'fusion_features.mfcc']",
        ),
    ],
)
def test_a_broken_result_is_a_message(place, result, sounds, tmp_path, damage, text):
    copy = tmp_path / "copy"
    shutil.copytree(result, copy)
    damage(copy)
    done = command(place, "predict", copy, sounds / "note.wav", code=2)
    assert text in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("seeds", "found"), [("1,1", "1, 1"), ("2,1,2", "2, 1, 2")])
def test_a_network_counts_once(place, result, sounds, seeds, found):
    for words in (("predict", result, sounds / "note.wav"), ("stress", result, "--with", "noise=20")):
        done = command(place, *words, "--seeds", seeds, code=2)
        assert f"seeds should be one or several, each once, found {found}" in done.stderr


@pytest.mark.parametrize(("threshold", "heard"), [(None, []), (0.25, ["b", "c"]), (0.9, [])])
def test_with_several_labels_it_says_what_counts_as_heard(threshold, heard):
    windows = np.array([[0.1, 0.6, 0.2], [0.3, 0.8, 0.4]], dtype=np.float32)
    said = Prediction(Path("x.wav"), ("a", "b", "c"), (0.0, 1.0), windows, threshold=threshold)
    assert said.heard == heard
    assert said.content(False).get("threshold") == threshold
    assert ("heard" in said.content(False)) == (threshold is not None)
    assert [row["start"] for row in said.content(True)["timeline"]] == [0, 1]
