"""A network taken elsewhere says what the result's own networks say."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

import fusion as package
from fusion.api.predictions import predict_files
from fusion.feature.summary import OF_DELTA, STATISTICS, summarise_series
from fusion.settings.reading import read_experiment
from fusion.sound.clip import Clip
from fusion.sound.reading import read_audio
from fusion.studies import export
from tests.support.command import command
from tests.support.notes import tone

WITHOUT_KERAS = """
import sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras", "keras_tuner")))
from fusion.cli.app import main
main(sys.argv[1:])
"""
WITHOUT_FUSION = """
import runpy, sys
sys.modules.update(dict.fromkeys(("tensorflow", "keras", "fusion", "fusion_features")))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def exported(place: Path, result: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mean of a result's two networks, as ONNX."""
    folder = tmp_path_factory.mktemp("elsewhere") / "network"
    done = command(place, "export", result, "--out", folder)
    assert done.stdout.splitlines()[-1] == str(folder)
    return folder


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several windows, at a rate and with channels of its own."""
    path = tmp_path_factory.mktemp("long") / "long.wav"
    y = tone("reed", 51, 100, 9 * 44100, 44100)
    soundfile.write(path, np.column_stack([y, y]), 44100)
    return path


def probabilities(folder: Path, *files: Path) -> np.ndarray:
    predictions, problems = predict_files(folder, files, jobs=1)
    assert not problems
    return np.stack([prediction.probabilities for prediction in predictions])


def test_every_test_clip_gets_the_probabilities_of_keras(
    exported: Path, result: Path, nsynth: Path, long: Path
) -> None:
    files = nsynth / "nsynth-test" / "audio", long
    assert np.abs(probabilities(exported, *files) - probabilities(result, *files)).max() < 1e-5


def test_it_predicts_where_there_is_no_keras(exported: Path, long: Path) -> None:
    line = [sys.executable, "-c", WITHOUT_KERAS, "predict", "--engine", "onnx", exported, long, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    (entry,) = json.loads(done.stdout)
    assert list(entry["probabilities"].values()) == pytest.approx(probabilities(exported, long)[0], abs=1e-6)


def test_the_example_predicts_where_there_is_no_fusion(exported: Path, long: Path) -> None:
    line = [sys.executable, "-c", WITHOUT_FUSION, exported / "example.py", long]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    said = {name: float(value) for value, name in map(str.split, done.stdout.splitlines())}
    classes = json.loads((exported / "preprocessing.json").read_text())["classes"]
    assert [said[name] for name in classes] == pytest.approx(probabilities(exported, long)[0], abs=1e-3)


def test_the_example_refuses_silence_and_takes_several_files(exported: Path, long: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(16000), 16000)
    line = [sys.executable, exported / "example.py", long, tmp_path / "silence.wav"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{long}:\n")
    assert done.stderr.startswith(f"{tmp_path / 'silence.wav'}: no sound: silence, NaN or infinity")


@pytest.fixture(scope="module")
def example(exported: Path) -> dict[str, Any]:
    return runpy.run_path(str(exported / "example.py"))


@pytest.mark.parametrize("name", [*STATISTICS, *OF_DELTA, "median", "p0", "p7", "p100"])
@pytest.mark.parametrize("frames", [1, 2, 3, 8, 126])
def test_the_example_sums_up_as_fusion_does(example: dict[str, Any], name: str, frames: int) -> None:
    series = np.random.default_rng(frames).normal(size=(frames, 3))
    expected = summarise_series(series, [name])
    np.testing.assert_allclose(example["summary"](series.T, name), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("how", ["mean", "mean-logit", "sum-normalised", "max"])
def test_the_example_joins_windows_as_fusion_does(example: dict[str, Any], how: Any) -> None:
    from fusion.evaluation.aggregate import aggregate

    windows = np.random.default_rng(0).dirichlet(np.ones(4), size=5)
    example["ABOUT"]["aggregate"] = how
    expected = aggregate(windows, np.zeros(5, dtype=np.int64), how)[0]
    np.testing.assert_allclose(example["together"](windows), expected, atol=1e-12)


def test_the_example_has_the_features_that_the_network_learnt(tmp_path: Path) -> None:
    features = {
        "mfcc": {"deltas": 1},
        "spectral_rolloff": {},
        "spectral_centroid": {"active_db": 40.0, "statistics": ["mean", "delta_std"]},
        "spectral_contrast": {},
        "harmonics": {},
        "log_mel": {"active_db": 30.0},
    }
    experiment = read_experiment({"name": "x", "dataset": {"name": "nsynth"}, "features": features})
    shapes = experiment.shapes()
    about = {
        name: {"shape": shapes[name], "parameters": feature.model_dump(mode="json")}
        for name, feature in experiment.features.items()
    }
    (tmp_path / "example.py").write_text(export._example(experiment))
    (tmp_path / "preprocessing.json").write_text(json.dumps({"sr": 16000, "features": about}))
    y = tone("reed", 51, 100, 64000, 16000)
    y[40000:] *= 1e-3
    found = runpy.run_path(str(tmp_path / "example.py"))["values"](y)
    for name, feature in experiment.features.items():
        expected = feature.extract(Clip(y, 16000))
        reach = 1e-3 * np.abs(expected).max()
        np.testing.assert_allclose(found[name][0], expected, rtol=0, atol=reach, err_msg=name)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("start", [0.0, 0.3, 1.23457, 2.9])  # the third is between samples, past the middle
def test_the_example_reads_the_windows_that_the_network_learnt(tmp_path: Path, rate: int, start: float) -> None:
    experiment = read_experiment({"name": "x", "dataset": {"name": "nsynth"}, "features": ["mfcc"]})
    (tmp_path / "example.py").write_text(export._example(experiment))
    (tmp_path / "preprocessing.json").write_text(json.dumps({"sr": 16000, "samples": 16000}))
    noise = np.random.default_rng(0).normal(0, 0.1, (round(3.9 * rate), 2))
    soundfile.write(tmp_path / "noise.wav", noise, rate)
    found = runpy.run_path(str(tmp_path / "example.py"))["read"](str(tmp_path / "noise.wav"), start)
    np.testing.assert_allclose(found, read_audio(tmp_path / "noise.wav", 16000, start, 1.0), rtol=0, atol=1e-6)


def test_the_example_names_the_folder_of_a_plug_in(tmp_path: Path) -> None:
    package.new("feature", "brightness", out=tmp_path / "own")
    spec = {"name": "x", "dataset": {"name": "nsynth"}, "features": ["brightness", "spectral_centroid"]}
    text = export._example(read_experiment(spec, plugins=[tmp_path / "own"]))
    (written,) = (line for line in text.splitlines() if "fusion.extract('brightness'" in line)
    assert f"plugins=[{str(tmp_path / 'own')!r}]" in written
    (tmp_path / "line.py").write_text(f"import fusion\nfeature = {written.partition(': ')[2].rstrip(',')}\n")
    feature = runpy.run_path(str(tmp_path / "line.py"))["feature"]
    assert feature(np.sin(np.arange(64000)), 16000).size


def test_one_seed(place: Path, result: Path, tmp_path: Path, nsynth: Path) -> None:
    command(place, "export", result, "--seed", 2, "--out", tmp_path / "two")
    files = nsynth / "nsynth-test" / "audio"
    predictions, _ = predict_files(result, files, seeds=[2], jobs=1)
    own = np.stack([prediction.probabilities for prediction in predictions])
    assert np.abs(probabilities(tmp_path / "two", files) - own).max() < 1e-5
    assert json.loads((tmp_path / "two" / "preprocessing.json").read_text())["seeds"] == [2]


@pytest.mark.long
@pytest.mark.parametrize(
    ("form", "name"), [("keras", "model.keras"), ("saved-model", "model"), ("litert", "model.tflite")]
)
def test_other_formats_are_held_to_keras_before_they_are_told_of(
    place: Path, result: Path, tmp_path: Path, form: str, name: str
) -> None:
    command(place, "export", result, "--format", form, "--out", tmp_path / form)
    assert (tmp_path / form / name).exists()
    done = command(place, "predict", tmp_path / form, "x.wav", code=2)
    assert f"exported as {form}" in done.stderr


@pytest.mark.long  # it imports keras in this process
def test_a_network_that_says_something_else_is_refused(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fusion.errors import FusionError
    from fusion.learning import export
    from fusion.learning.jobs import ExportJob

    job = ExportJob((result / "seed-1" / "model.keras",), tmp_path / "m.keras", "keras", ("bass", "flute", "reed"))
    assert export.export_network(job) <= export.TOLERANCE
    read = export._READERS["keras"]
    monkeypatch.setitem(export._READERS, "keras", lambda path, inputs: read(path, inputs) + 2e-5)
    with pytest.raises(FusionError, match="differ by up to 2e-05"):
        export.export_network(job)


def test_the_card_is_read_by_a_hub_and_has_interval_warnings_and_features(exported: Path) -> None:
    _, header, text = (exported / "README.md").read_text().split("---\n", 2)
    about = yaml.safe_load(header)
    assert about["pipeline_tag"] == "audio-classification"
    (figure,) = about["model-index"][0]["results"][0]["metrics"]
    assert figure["type"] == "accuracy"
    assert f"{figure['value']:.3f}" in text
    assert re.search(
        r"\. Accuracy on test clips:\n\S.*\. It is (one trained network|the mean of .* networks)\.\n", text
    )
    assert "shared-groups:" in text
    assert "`mfcc`" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "onx"), "did you mean 'onnx'"),
        (("--out", "small.yaml"), "no export"),
        (("--seed", 9), "has no seed 9; it has 1, 2"),
    ],
)
def test_bad_input_is_a_message(place: Path, result: Path, words: tuple[object, ...], message: str) -> None:
    assert message in command(place, "export", result, *words, code=2).stderr


def test_an_engine_that_does_not_fit_is_a_message(place: Path, result: Path, exported: Path, long: Path) -> None:
    assert "no exported network" in command(place, "predict", "--engine", "onnx", result, long, code=2).stderr
    wrong = command(place, "predict", "--engine", "tensorflow", result, long, code=2).stderr
    assert "--engine tensorflow: should be onnx, for exported networks, or keras" in wrong
    assert "an exported network" in command(place, "predict", "--engine", "keras", exported, long, code=2).stderr
    assert "is one" in command(place, "predict", exported, long, "--seeds", 1, code=2).stderr


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("preprocessing.json", b"{}", "not what `fusion export` writes"),
        ("preprocessing.json", b"[" * 100_000, "not what `fusion export` writes"),
        ("model.onnx", b"", "model.onnx: not as fusion wrote it"),
        ("model.onnx", None, "missing"),
        ("spec.yaml", b"features: [", "spec.yaml"),
    ],
)
def test_damage_is_a_message(
    place: Path, exported: Path, tmp_path: Path, long: Path, file: str, damage: bytes | None, message: str
) -> None:
    copy = shutil.copytree(exported, tmp_path / "copy")
    (copy / file).unlink()
    if damage is not None:
        (copy / file).write_bytes(damage)
    assert message in command(place, "predict", copy, long, code=2).stderr


def test_a_network_of_other_features_is_refused(place: Path, exported: Path, tmp_path: Path, long: Path) -> None:
    copy = shutil.copytree(exported, tmp_path / "copy")
    text = (copy / "spec.yaml").read_text()
    assert "n_mfcc: 12" in text
    (copy / "spec.yaml").write_text(text.replace("n_mfcc: 12", "n_mfcc: 13"))
    assert "spec.yaml: not as fusion wrote it" in command(place, "predict", copy, long, code=2).stderr
    written = json.loads((copy / "preprocessing.json").read_text())
    del written["files"], written["checksum"]  # as an older fusion
    (copy / "preprocessing.json").write_text(json.dumps(written))
    assert "it is another's" in command(place, "predict", copy, long, code=2).stderr


def test_without_onnxruntime_it_says_what_to_install(
    place: Path, exported: Path, long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fusion.studies.predict import _load

    _load.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", ModuleType("onnxruntime"))
    assert "pip install" in command(place, "predict", exported, long, code=2).stderr


def test_a_folder_that_is_exported_anew_predicts_anew_in_the_same_process(
    place: Path, result: Path, long: Path, tmp_path: Path
) -> None:
    said = []
    for seed in (1, 2):
        shutil.rmtree(tmp_path / "network", ignore_errors=True)
        command(place, "export", result, "--seed", seed, "--out", tmp_path / "network")
        said.append(probabilities(tmp_path / "network", long))
    assert np.abs(said[0] - said[1]).max() > 1e-4
