"""Whatever is wrong with the input: exit code 2, one clear message, no traceback, nothing half-written."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fusion.runtime.known_json import read_known
from tests.support.notes import SAMPLES, SR, names, tone, write_part

Command = Callable[..., tuple[int, str, str]]

FAMILIES = ["bass", "flute", "reed"]
VALID = names(FAMILIES, [0], range(40, 60, 5))
TEST = names(FAMILIES, [0], range(42, 52, 5))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen notes for the seed protocol, read-only by convention."""
    root = tmp_path_factory.mktemp("small")
    write_part(root / "nsynth-valid", VALID)
    write_part(root / "nsynth-test", TEST)
    return root


@pytest.fixture
def data(small: Path, tmp_path: Path) -> Path:
    """The eighteen notes, to be damaged."""
    return Path(shutil.copytree(small, tmp_path / "data"))


@pytest.fixture(scope="module")
def filled(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds all of them."""
    folder = tmp_path_factory.mktemp("filled")
    file = folder / "x.yaml"
    file.write_text("dataset: {name: nsynth, protocol: course}\nfeatures: {mfcc: {n_mfcc: 8}}\n")
    command = [sys.executable, "-m", "fusion.cli", "extract", file, "--data", small, "--cache", folder / "cache"]
    subprocess.run([str(word) for word in command], check=True, timeout=120, capture_output=True)
    return folder / "cache"


def refusal(done: tuple[int, str, str], *said: object) -> str:
    """Check that a command was refused with a message that has all of `said`, and return the message."""
    code, out, err = done
    assert code == 2, err
    assert out == ""
    assert "Traceback" not in err
    assert "has a bug" not in err
    message = err[err.index("error: ") :]
    for part in said:
        assert str(part) in message
    return message


def assert_nothing_half_written(folder: Path) -> None:
    assert not (folder / "results").exists()
    assert not list(folder.rglob("*.tmp-*"))


def audio(data: Path, note: str) -> Path:
    (path,) = data.glob(f"nsynth-*/audio/{note}.wav")
    return path


# the data set


@pytest.mark.parametrize("words", [["run"], ["extract"], ["data", "check"]], ids=" ".join)
def test_a_missing_data_set_says_how_to_get_one(fusion, experiment, tmp_path, words):
    done = fusion(*words, experiment, "--data", tmp_path / "nothing")
    refusal(done, f"{tmp_path}/nothing: NSynth is not there", "fusion data get nsynth", "--sample", "--data DIR")
    assert_nothing_half_written(tmp_path)


def test_the_data_set_is_looked_for_in_the_default_folder(fusion, experiment, monkeypatch, tmp_path):
    refusal(fusion("data", "check", experiment), "error: data/nsynth: NSynth is not there")
    monkeypatch.setenv("FUSION_DATA", str(tmp_path / "elsewhere"))
    refusal(fusion("data", "check", experiment), f"error: {tmp_path}/elsewhere/nsynth: NSynth is not there")


@pytest.mark.parametrize("lost", ["nsynth-test/audio", "nsynth-valid/examples.json"])
@pytest.mark.parametrize("words", [["run"], ["data", "check"]], ids=" ".join)
def test_a_half_unpacked_data_set_is_named(fusion, experiment, data, tmp_path, words, lost):
    part, name = lost.split("/")
    (data / lost).rename(tmp_path / "lost")
    done = fusion(*words, experiment, "--data", data)
    refusal(done, f"{data}/{part}: half unpacked, {name} missing; unpack nsynth's archive again")
    assert_nothing_half_written(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text[:-50], "nsynth-test/examples.json: not valid JSON, perhaps cut short ("),
        (lambda text: "", "nsynth-test/examples.json: not valid JSON, perhaps cut short ("),
        (lambda text: "[]", "nsynth-test/examples.json: should be one object keyed by note, found a list"),
        (
            lambda text: "{}",
            "no test clip is left; loosen the data set's options that leave clips out, or complete",
        ),
        (lambda text: text.replace('_str": "acoustic"', '_str": "electronic"'), "6 entries do not describe a note"),
        (lambda text: '{"../../etc/passwd-060-100": {}}', "1 entries do not describe a note"),
    ],
    ids=["cut", "empty", "list", "nothing", "disagreeing", "path"],
)
def test_broken_metadata_are_named(fusion, experiment, data, tmp_path, change, said):
    path = data / "nsynth-test" / "examples.json"
    path.write_text(change(path.read_text()))
    refusal(fusion("run", experiment, "--data", data), said)
    assert_nothing_half_written(tmp_path)


def test_notes_without_audio_are_all_named(fusion, experiment, data, tmp_path):
    for note in (VALID[0], TEST[0], TEST[1]):
        audio(data, note).unlink()
    message = refusal(
        fusion("run", experiment, "--data", data),
        f"{data}: 3 clips are named in the metadata but have no audio file; unpack the data set again",
        "set dataset.skip_damaged: true to leave them out",
    )
    for note in (VALID[0], TEST[0], TEST[1]):
        assert f"{note}.wav" in message
    assert_nothing_half_written(tmp_path)


def test_notes_without_audio_can_be_left_out_and_are_counted(fusion, experiment, data):
    audio(data, TEST[0]).unlink()
    words = ["--data", data, "--set", "dataset.skip_damaged=true", "--json"]
    code, out, _ = fusion("data", "check", experiment, *words)
    assert code == 0
    assert "damaged: 1 clips left out (no audio file)" in json.loads(out)["warnings"]


def test_a_pipe_or_a_folder_in_the_place_of_audio_is_named_without_waiting(experiment, data, tmp_path):
    for note in TEST[:2]:
        audio(data, note).unlink()
    os.mkfifo(data / "nsynth-test" / "audio" / f"{TEST[0]}.wav")
    (data / "nsynth-test" / "audio" / f"{TEST[1]}.wav").mkdir()
    command = [sys.executable, "-m", "fusion.cli", "extract", str(experiment), "--data", str(data)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    refusal((done.returncode, done.stdout, done.stderr), "2 clips are named in the metadata but have no audio file")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "dataset.families=[reed]"], "training needs at least two classes, there is only reed"),
        (["--set", "dataset.sources=[synthetic]"], "training needs at least two classes, there is no clip"),
        (
            ["--set", "dataset.limit=1"],
            "no validation clip is left; loosen the data set's options",
        ),
    ],
)
@pytest.mark.parametrize("words", [["run"], ["data", "check"]], ids=" ".join)
def test_too_few_classes_or_clips_are_refused(fusion, experiment, small, tmp_path, words, options, said):
    refusal(fusion(*words, experiment, "--data", small, *options), said)
    assert_nothing_half_written(tmp_path)


def test_a_class_with_one_note_is_a_warning(fusion, experiment, data):
    path = data / "nsynth-valid" / "examples.json"
    examples = json.loads(path.read_text())
    for note in [note for note in examples if note.startswith("reed")][1:]:
        del examples[note]
    path.write_text(json.dumps(examples))
    code, out, _ = fusion("data", "check", experiment, "--data", data, "--json")
    assert code == 0
    report = json.loads(out)
    assert report["classes"]["train"]["reed"] == 1
    assert (
        "missing-class: validation has no clip of reed (its only training group is reed_acoustic_000)"
        in report["warnings"]
    )


# the audio


def damage(data: Path) -> dict[str, str]:
    """Damage nine notes, each another way; return what is said of each."""
    whole = audio(data, VALID[0]).read_bytes()
    y = tone("bass", 60, 100)
    y[1000] = np.nan
    content = {
        VALID[0]: (whole[: len(whole) // 2], "too short: 1.999 s instead of 4 s"),
        VALID[4]: (b"", "cannot be decoded (0 bytes: Format not recognised)"),
        VALID[8]: (whole[:44], "no samples"),
        VALID[9]: (b"These are not sounds.\n", "cannot be decoded (22 bytes: Format not recognised)"),
        TEST[0]: (whole[: 44 + 2 * 10], "too short: 0.001 s instead of 4 s"),  # shorter than a frame
        TEST[2]: (whole[44:], "cannot be decoded (128000 bytes: Format not recognised)"),
        TEST[4]: (b"", "cannot be decoded (0 bytes: Format not recognised)"),  # the same bytes as another
    }
    for note, (left, _) in content.items():
        audio(data, note).write_bytes(left)
    said = {note: reason for note, (_, reason) in content.items()}
    soundfile.write(audio(data, VALID[1]), y, SR, subtype="FLOAT")
    said[VALID[1]] = "NaN or infinity among the samples"
    soundfile.write(audio(data, VALID[5]), tone("flute", 60, 100), 100)
    said[VALID[5]] = "implausible sampling rate of 100 Hz"
    return said


def test_all_damaged_clips_are_listed_together(fusion, experiment, data, tmp_path):
    said = damage(data)
    message = refusal(
        fusion("run", experiment, "--data", data, "--jobs", 2),
        f"{len(said)} clips are damaged; mend or remove them, or set dataset.skip_damaged: true to leave them out",
    )
    listed = message.splitlines()[1:]
    assert sorted(listed) == sorted(f"  {audio(data, note)}: {reason}" for note, reason in said.items())
    assert_nothing_half_written(tmp_path)


def test_damaged_clips_that_are_left_out_stand_in_the_result(fusion, experiment, data, tmp_path):
    said = damage(data)
    words = ["--data", data, "--set", "dataset.skip_damaged=true", "--json"]
    code, out, err = fusion("run", experiment, *words)
    assert code == 0, err
    metrics = json.loads(out)
    (warning,) = [warning for warning in metrics["warnings"] if warning.startswith("damaged: ")]
    assert warning.startswith(f"damaged: {len(said)} clips left out (")
    assert sum(metrics["clips"].values()) == len(VALID + TEST) - len(said)
    (path,) = tmp_path.glob("results/quick/*/metrics.json")
    assert read_known(path) == metrics
    predicted = (path.parent / "predictions.csv").read_text()
    assert len(predicted.splitlines()) == 1 + metrics["clips"]["test"]
    assert not any(note in predicted for note in said)


def test_a_class_whose_training_clips_are_all_damaged_is_left_out(fusion, experiment, data):
    for path in (data / "nsynth-valid" / "audio").glob("flute*"):
        path.write_bytes(b"")
    code, out, err = fusion("extract", experiment, "--data", data, "--set", "dataset.skip_damaged=true")
    assert code == 0, err
    assert out.startswith("mfcc: 14 clips extracted\n")


def test_other_rates_channels_and_depths_and_silence_are_no_damage(fusion, experiment, data, tmp_path):
    y = tone("bass", 60, 100)
    soundfile.write(audio(data, VALID[0]), tone("bass", 60, 100, 4 * 44100, 44100), 44100)
    soundfile.write(audio(data, VALID[1]), tone("bass", 60, 100, 4 * 8000, 8000), 8000)
    soundfile.write(audio(data, VALID[4]), np.stack([y, -y / 2], axis=1), SR)
    soundfile.write(audio(data, VALID[5]), y, SR, subtype="PCM_U8")
    soundfile.write(audio(data, VALID[8]), y, SR, subtype="DOUBLE")
    soundfile.write(audio(data, VALID[9]), np.concatenate([y, y]), SR)
    soundfile.write(audio(data, TEST[0]), np.zeros(SAMPLES), SR)
    code, out, err = fusion("extract", experiment, "--data", data)
    assert code == 0, err
    assert out.startswith("mfcc: 18 clips extracted\n")
    shards = [np.load(path) for path in tmp_path.glob(".fusion/cache/features/nsynth/mfcc-*/*.npy")]
    assert sum(map(len, shards)) == 18
    assert all(np.isfinite(shard).all() for shard in shards)


# the experiment file and the options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trainin: {epochs: 1}\n", "x.yaml:3: trainin: no such setting; did you mean 'training'?"),
        ("training: {epoch: 1}\n", "x.yaml:3: training.epoch: no such setting; did you mean 'epochs'?"),
        ("training: {epochs: many}\n", "x.yaml:3: training.epochs: should be a valid integer, found 'many'"),
        ("dataset: {name: nsynth}\n", "x.yaml:3: dataset: given twice, first in line 1"),
        ("training: {epochs: 1\n", "x.yaml:4: not valid YAML: "),
        ("\ttraining: {}\n", "x.yaml:3: not valid YAML: "),
        ("training: &x {epochs: 1}\nmodel: *x\n", "x.yaml:4: not valid YAML: aliases are not used"),
        ("training: !!python/name:os.system\n", "x.yaml:3: tag tag:yaml.org,2002:python/name:os.system is not allowed"),
    ],
)
@pytest.mark.parametrize("words", [["run"], ["data", "check"]], ids=" ".join)
def test_a_broken_experiment_file_is_named_with_its_line(fusion, tmp_path, words, text, said):
    (tmp_path / "x.yaml").write_text("dataset: {name: nsynth}\nfeatures: {mfcc: {n_mfcc: 8}}\n" + text)
    message = refusal(fusion(*words, "x.yaml"), f"error: {said}")
    assert len(message.splitlines()) == 1
    assert_nothing_half_written(tmp_path)


def test_several_mistakes_are_reported_at_once(fusion, experiment):
    message = refusal(
        fusion("run", experiment, "--set", "model.dropot=0", "--set", "training.epochs=0", "--seeds", "1,1")
    )
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize("name", ["nope.yaml", ".", "data"])
def test_a_missing_experiment_file_is_named(fusion, tmp_path, name):
    (tmp_path / "data").mkdir()
    refusal(fusion("run", name), "error: ", "experiment file")


@pytest.mark.parametrize(
    ("seeds", "said"),
    [
        *[
            (text, f"--seeds {text}: give a number of seeds (3) or the seeds themselves")
            for text in ("x", "1.5", "1e3")
        ],
        *[
            (text, f"--seeds {text}: give a number of seeds (3) or the seeds themselves")
            for text in ("", ",", "-1", "1;2")
        ],
        *[(text, "--seeds: seeds: should be a list of different whole numbers from 1 up") for text in ("1,1", "0,1")],
        ("0", "--seeds 0: a number of seeds goes from 1 to 1000"),
        ("1,99999999999", "--seeds: seeds: should be a list of different whole numbers from 1 up"),
    ],
)
def test_seeds_that_are_none_are_refused(fusion, experiment, seeds, said):
    refusal(fusion("run", experiment, "--seeds", seeds), said)


def test_too_many_seeds_are_refused(fusion, experiment):
    refusal(fusion("run", experiment, "--seeds", "9" * 20), "--seeds")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "x.yaml", "--nope"], "--nope"),
        (["run", "x.yaml", "--jobs", "0"], "--jobs"),
        (["run", "x.yaml", "--jobs", "many"], "--jobs"),
        (["run"], "EXPERIMENT.yaml"),
        (["rum", "x.yaml"], "rum"),
        (["data", "chekc", "x.yaml"], "chekc"),
        (["run", "x.yaml", "y.yaml"], "y.yaml"),
    ],
)
def test_unknown_commands_and_options_are_named(fusion, words, said):
    code, out, err = fusion(*words)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_sample_and_data_are_one_too_many(fusion, experiment, tmp_path):
    refusal(
        fusion("run", experiment, "--sample", "--data", tmp_path), "--sample and --data name two data sets; give one"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--set", "training.epochs"], "--set training.epochs: write key.path=value"),
        (["--set", "dataset.name.x=1"], "--set dataset.name.x=1: dataset.name is not a mapping"),
        (["--features", "mfcc,tonnets"], "--features: features.tonnets: no such feature; did you mean 'tonnetz'?"),
        (["--features", ","], "features: should name at least one feature"),
        (
            ["--set", "features.mfcc.hop_length=60000", "--set", "features.mfcc.deltas=1"],
            "does not fit the clips: deltas",
        ),
        (["--plugins", "nope"], "nope: no such plug-in folder; give --plugins (or plugins:) an existing folder"),
    ],
)
def test_wrong_options_are_named(fusion, experiment, options, said):
    refusal(fusion("extract", experiment, *options), said)


# plug-ins

PLUGIN = """
import numpy as np
from fusion import Feature

class Loudness(Feature):
    def shape(self, samples, sr):
        return (2,)

    def extract(self, clip):
        return {value}
"""


def plugin(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "import nothing_of_this_name\n",
            "odd.py, line 1: the plug-in of feature 'odd' cannot be imported: ModuleNotFound",
        ),
        ("x = 1\n\n\n1 / 0\n", "odd.py, line 4: the plug-in of feature 'odd' cannot be imported: ZeroDivisionError"),
        ("def f(:\n", "the plug-in of feature 'odd' cannot be imported: SyntaxError"),
        ("raise SystemExit(0)\n", "the plug-in of feature 'odd' cannot be imported: SystemExit"),
        ("x = 1\n", "a plug-in defines one subclass of fusion.Feature (with shape and extract)"),
    ],
    ids=["module", "raises", "syntax", "exit", "nothing"],
)
def test_a_plugin_that_cannot_be_imported_is_named(fusion, experiment, small, tmp_path, text, said):
    folder = plugin(tmp_path / "own", "odd", text)
    done = fusion("extract", experiment, "--data", small, "--plugins", folder, "--features", "odd")
    refusal(done, f"--features: features.odd: {folder}/odd.py", said)


def test_a_broken_plugin_that_is_not_used_does_not_matter(fusion, experiment, small, filled, tmp_path):
    folder = plugin(tmp_path / "own", "odd", "1 / 0\n")
    code, out, _ = fusion("extract", experiment, "--data", small, "--cache", filled, "--plugins", folder)
    assert code == 0
    assert "all clips were stored" in out


def test_a_name_that_is_taken_is_refused_with_both_places(fusion, experiment, tmp_path):
    first = plugin(tmp_path / "first", "mfcc", PLUGIN)
    refusal(
        fusion("extract", experiment, "--plugins", first),
        "'mfcc' is taken twice",
        f"{first}/mfcc.py",
        "fusion_features",
    )
    second, third = (plugin(tmp_path / name, "loudness", PLUGIN) for name in ("second", "third"))
    done = fusion("extract", experiment, "--plugins", second, "--plugins", third)
    refusal(done, "'loudness' is taken twice", f"{second}/loudness.py", f"{third}/loudness.py")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("np.zeros(3, np.float32)", "declared float32 (2,), gave float32 (3,); mend its plug-in"),
        ("np.log(0 * np.ones(2, np.float32))", "2 of 2 values are NaN or infinite; mend the feature"),
        ("clip.nothing", "failed on clip nsynth-"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_a_plugin_that_breaks_its_promise_is_named_with_the_clip(fusion, experiment, small, tmp_path, value, said):
    folder = plugin(tmp_path / "own", "odd", PLUGIN.format(value=value))
    words = ["--data", small, "--plugins", folder, "--features", "odd", "--jobs", 1]
    refusal(fusion("run", experiment, *words), "feature odd ", "on clip nsynth-", said)
    assert_nothing_half_written(tmp_path)


# folders that cannot be written


def test_a_cache_that_cannot_be_written_is_named(fusion, experiment, small, tmp_path):
    (tmp_path / "file").write_text("kept")
    for cache in (tmp_path / "file", tmp_path / "file" / "cache"):
        done = fusion("extract", experiment, "--data", small, "--cache", cache)
        refusal(done, f"{cache}/hashes.sqlite: cannot be written: ", "name another folder with --cache")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("folder", ["file", "file/results"])
def test_a_results_folder_that_cannot_be_made_is_named_before_anything_is_done(
    fusion, experiment, small, tmp_path, folder
):
    (tmp_path / "file").write_text("kept")
    done = fusion("run", experiment, "--data", small, "--cache", "cache", "--results", tmp_path / folder)
    refusal(done, f"--results {tmp_path}/{folder}: {tmp_path}/file is a file", "name another one")
    assert (tmp_path / "file").read_text() == "kept"
    assert not (tmp_path / "cache").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_named(fusion, experiment, small, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o500)
    refusal(fusion("extract", experiment, "--data", small, "--cache", cache), f"{cache}/hashes.sqlite", "--cache")
    cache.chmod(0o700)


def test_a_table_of_hashes_that_is_none_is_named(fusion, experiment, small, tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "hashes.sqlite").write_bytes(b"not a database, but long enough to be one" * 100)
    done = fusion("extract", experiment, "--data", small, "--cache", cache)
    refusal(done, f"{cache}/hashes.sqlite: this table of results cannot be used", "delete this file")


@pytest.mark.parametrize(
    ("text", "hint"),
    [("dataset:\n\tname: nsynth\n", "indent by spaces, not tabs"), ("a: 1\n  b: 2\n c: 3\n", "not valid YAML")],
)
def test_what_editors_do_to_yaml_is_named(fusion, tmp_path, text, hint):
    (tmp_path / "x.yaml").write_text(text)
    refusal(fusion("run", tmp_path / "x.yaml", "--sample"), hint)


def test_folders_that_are_no_results_say_what_they_are(fusion, tmp_path):
    (tmp_path / "story" / "0123").mkdir(parents=True)
    (tmp_path / "story" / "0123" / "study.json").write_text("{}")
    (tmp_path / "tuned" / "0123" / "search").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for name, said in (("story", "a study; its arms are results"), ("tuned", "a search; run its search/best.yaml")):
        refusal(fusion("compare", tmp_path / name, tmp_path / name), said)
        refusal(fusion("compare", tmp_path / name / "0123", tmp_path / name), said)
    refusal(fusion("compare", tmp_path / "other", tmp_path / "other"), "no result folder")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("features", "fusion:five", "--plot", "x.wav", "--out", "y.png"), "fusion:five is a list"),
        (("run", "x.yaml", "--data", "nsynth=a", "--data", "nsynth=b"), "--data nsynth=...: given twice"),
        (("run", "x.yaml", "--sample", "--features", "mfcc,mfcc"), "--features mfcc,mfcc: each feature once"),
        (("predict", "nowhere", "x.wav", "--json", "--csv"), "--json and --csv are two forms"),
    ],
)
def test_options_that_contradict_each_other_are_refused(fusion: Command, tmp_path: Path, words, said) -> None:
    (tmp_path / "x.yaml").write_text("dataset: {name: nsynth}\nfeatures: [mfcc]\n")
    refusal(fusion(*words), said)
