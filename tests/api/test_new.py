"""Skeletons: they work at once, where plug-ins are found, and hide nothing that is there."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile

import fusion
from fusion.cli import app
from fusion.settings.reading import read_experiment

PLUGINS = {
    "feature": ["plugins/brightness.py", "plugins/tests/test_brightness.py"],
    "dataset": ["plugins/datasets/brightness.py", "plugins/tests/test_brightness.py"],
    "fusion": ["plugins/fusions/brightness.py", "plugins/tests/test_brightness.py"],
}


@pytest.fixture(autouse=True)
def empty(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", PLUGINS)
def test_a_plugin_lies_where_it_is_found_and_its_test_passes(kind):
    written = fusion.new(kind, "brightness")
    assert [path.as_posix() for path in written] == PLUGINS[kind]
    for path in written:
        assert "my_" not in (text := path.read_text())
        assert f"My{kind}".lower() not in text.lower()
    alone = ["-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
    assert pytest.main(["-q", *alone, "plugins"]) == 0


@pytest.mark.parametrize("name", ["network", "names", "model", "values"])
def test_a_fusion_may_have_a_name_that_its_test_uses_too(name):
    fusion.new("fusion", name)
    alone = ["-c", "/dev/null", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib"]
    assert pytest.main(["-q", *alone, "plugins"]) == 0


def test_a_new_feature_is_in_the_registry():
    fusion.new("feature", "two_words", out="own")
    assert "class TwoWords(" in Path("own/two_words.py").read_text()
    row = fusion.features(plugins=["own"]).set_index("name").loc["two_words"]
    assert row["summary"].startswith("Share of each frame's power")
    assert list(row["shape"]) == [4]


@pytest.mark.parametrize("searching", [True, False])
def test_a_new_experiment_is_right(searching):
    (path,) = fusion.new("experiment", "nsynth-v1.2", out="some/where")
    assert path == Path("some/where/nsynth-v1.2.yaml")
    assert f"fusion run {path.name} --sample" in path.read_text()
    experiment = read_experiment(path, searching=searching)
    assert (experiment.name, len(experiment.features)) == ("nsynth-v1.2", 3)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("feture", "x", "new feture: should be one of .*; did you mean 'feature'"),
        ("feature", "two words", "should be letters, digits and _, .*found 'two words'"),
        ("feature", "../x", "should be letters"),
        ("feature", "", "should be letters"),
        ("feature", "class", "no word of Python's own, found 'class'"),
        ("feature", "_hidden", "begin with a letter"),
        ("feature", "keras", "keras is a module"),
        ("feature", "statistics", "statistics is a module"),
        ("feature", "mfcc", "the feature mfcc is there already, from fusion_features.mfcc"),
        ("dataset", "irmas", r"the data set irmas is there already, from fusion\.datasets\.irmas"),
        ("fusion", "concat", r"the fusion concat is there already, from fusion\.learning\.fusions"),
        ("experiment", "../x", "letters, digits, _ . - and @"),
        ("experiment", ".x", "begin with no dot"),
    ],
)
def test_names_that_cannot_be_are_refused_and_nothing_is_written(kind, name, text, tmp_path):
    with pytest.raises(fusion.FusionError, match=text):
        fusion.new(kind, name)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten():
    fusion.new("feature", "brightness")
    with pytest.raises(fusion.FusionError, match=r"brightness is there already, from .*plugins/brightness\.py"):
        fusion.new("feature", "brightness")
    Path("plugins/brightness.py").unlink()
    Path("plugins/tests/test_brightness.py").write_text("mine")
    with pytest.raises(fusion.FusionError, match=r"plugins/tests/test_brightness\.py: is there already"):
        fusion.new("feature", "brightness")
    assert not Path("plugins/brightness.py").exists()
    Path("mine.yaml").symlink_to("nowhere")
    with pytest.raises(fusion.FusionError, match=r"mine\.yaml: is there already"):
        fusion.new("experiment", "mine")
    assert Path("plugins/tests/test_brightness.py").read_text() == "mine"


def test_a_file_in_the_way_of_a_folder_is_named(fusion, tmp_path):
    (tmp_path / "plugins").write_text("mine")
    code, out, err = fusion("new", "feature", "brightness")
    assert (code, out) == (2, "")
    assert err.startswith("error: plugins/brightness.py: cannot be written: File exists")


def test_the_command_says_what_it_wrote_and_what_to_type_next(fusion):
    code, out, err = fusion("new", "feature", "brightness", "--out", "my own")
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == ["wrote my own/brightness.py", "wrote my own/tests/test_brightness.py"]
    assert [line.strip() for line in out.splitlines()[3:]] == [
        "pytest 'my own/tests/test_brightness.py'",
        "fusion features brightness --plugins 'my own'",
        "fusion run EXPERIMENT.yaml --sample --plugins 'my own' --features mfcc,brightness",
        "EXPERIMENT.yaml is an experiment file of yours; fusion new experiment NAME writes one",
    ]
    code, out, err = fusion("new", "experiment", "mine", "--json")
    assert (code, err, json.loads(out)) == (0, "", {"files": ["mine.yaml"], "next": ["fusion run mine.yaml --sample"]})


@pytest.mark.long
@pytest.mark.parametrize(
    "kind",
    ["feature", "experiment", *(pytest.param(kind, marks=pytest.mark.slow) for kind in PLUGINS if kind != "feature")],
)
def test_the_commands_that_are_shown_run_as_printed(fusion, tmp_path, kind):
    """But for the experiment file and the folder of sounds, which are a person's own; one epoch is enough here."""
    assert fusion("new", "experiment", "mine")[0] == 0
    instruments = [(label, number) for label in ("flute", "oboe") for number in range(20)]
    sounds = [(f"{label}{number}.wav", label, f"{label}-{number // 2}") for label, number in instruments]
    for number, (file, *_) in enumerate(sounds):
        tone = 0.3 * np.sin(2 * np.pi * (220 + 10 * number) * np.arange(48000) / 16000)
        soundfile.write(tmp_path / file, tone, 16000)
    lines = ["file,instrument,player", *(",".join(sound) for sound in sounds)]
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    shown = json.loads(fusion("new", kind, "brightness", "--json")[1])["next"]
    for line in [line for line in shown if not line.startswith("pytest ")]:
        words = shlex.split(line.replace("EXPERIMENT.yaml", "mine.yaml").replace(" DIR", " ."))[1:]
        quick = ["--set", "training.epochs=1", "--seeds", "1", "--jobs", "1"] if words[0] == "run" else []
        code, _, err = fusion(*words, *quick)
        assert code == 0, (line, err)


def test_each_kind_is_named_in_the_help():
    (command,) = (each for each in app.app.registered_commands if each.callback.__name__ == "new")
    kinds = {"feature", "dataset", "fusion", "experiment"}
    metavar = command.callback.__signature__.parameters["kind"].annotation.__metadata__[0].metavar
    assert set(metavar.split("|")) == kinds
