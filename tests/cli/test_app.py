"""The command line: what it imports, what it prints where, and how it ends."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fusion.cli import app
from fusion.errors import FusionError
from fusion.runtime.workers import processors
from tests.support.notes import names, write_part

HEAVY = ("keras", "tensorflow", "pandas", "librosa.core", "scipy", "sklearn", "matplotlib")

IMPORTS = """
import contextlib, io, sys
from fusion.cli import app
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    try:
        app.main(sys.argv[1:])
    except SystemExit as stop:
        code = stop.code
print(code, *sorted(sys.modules))
"""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["run", "--help"], 0),
        (["data", "check", "--help"], 0),
        (["run", "wrong.yaml"], 2),
        (["run", "broken.yaml"], 2),
        (["run", "fitting.yaml", "--seeds", "x"], 2),
    ],
)
def test_help_and_errors_about_a_file_import_nothing_heavy(tmp_path, words, code):
    features = "features: {{mfcc: {{n_mfcc: {}}}, tonnetz: , spectral_rolloff: , zero_crossing_rate: }}\n"
    for name, text in (("wrong", features.format("x")), ("fitting", features.format(8)), ("broken", "a: [\n")):
        (tmp_path / f"{name}.yaml").write_text("dataset: {name: nsynth}\n" + text)
    command = [sys.executable, "-c", IMPORTS, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True)
    found, *modules = done.stdout.split()
    assert int(found) == code
    assert "fusion.cli" in modules
    assert not set(HEAVY) & set(modules)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(fusion, option):
    code, out, err = fusion(option)
    assert (code, err) == (0, "")
    for command in ("run", "extract", "features", "data"):
        assert command in out


@pytest.mark.parametrize("words", [[], ["data"]])
def test_no_command_shows_the_help(fusion, words):
    code, out, err = fusion(*words)
    assert code in (0, 2)
    assert "Usage: " in out + err


# exit codes


def raising(error: BaseException) -> object:
    def read_data(*_: object) -> None:
        raise error

    return read_data


def test_success_exits_with_0(fusion):
    code, out, err = fusion("features")
    assert (code, err) == (0, "")
    assert "mfcc" in out


def test_what_the_user_can_mend_exits_with_2_and_the_message_alone(fusion, experiment, monkeypatch):
    monkeypatch.setattr("fusion.api.data.read_data", raising(FusionError("here: that; do this")))
    assert fusion("data", "check", experiment) == (2, "", "error: here: that; do this\n")


def test_a_full_disk_exits_with_2(fusion, experiment, monkeypatch):
    error = OSError(28, "No space left on device", "/somewhere/file")
    monkeypatch.setattr("fusion.api.data.read_data", raising(error))
    assert fusion("data", "check", experiment) == (2, "", "error: /somewhere/file: No space left on device\n")


@pytest.mark.parametrize("error", [RuntimeError("unheard of"), KeyError("x"), AssertionError(), MemoryError()])
def test_a_bug_exits_with_1_and_asks_for_debug(fusion, experiment, monkeypatch, error):
    monkeypatch.setattr("fusion.api.data.read_data", raising(error))
    code, out, err = fusion("data", "check", experiment)
    assert (code, out) == (1, "")
    assert f"has a bug: {type(error).__name__}" in err
    assert "--debug" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("error", [RuntimeError("unheard of"), FusionError("here: that")])
def test_debug_raises(experiment, monkeypatch, error):
    monkeypatch.setenv("FUSION_DEBUG", "")  # set by --debug; this takes it back afterwards
    monkeypatch.setattr("fusion.api.data.read_data", raising(error))
    with pytest.raises(type(error), match=str(error)):
        app.main(["data", "check", str(experiment), "--debug"])
    assert os.environ["FUSION_DEBUG"] == "1"


def test_an_interruption_exits_with_130(fusion, experiment, monkeypatch):
    monkeypatch.setattr("fusion.api.data.read_data", raising(KeyboardInterrupt()))
    code, out, _ = fusion("data", "check", experiment)
    assert (code, out) == (130, "")


def test_an_interruption_says_that_the_same_command_goes_on(fusion, experiment, monkeypatch):
    monkeypatch.setattr("fusion.api.data.read_data", raising(KeyboardInterrupt()))
    _, _, err = fusion("data", "check", experiment)
    assert "interrupted; what was finished is kept, the same command goes on from there" in err
    assert "Traceback" not in err


SLOW = """
import time
from pathlib import Path

import numpy as np
from fusion import Feature

class Slow(Feature):
    def shape(self, samples, sr):
        return (1,)

    def extract(self, clip):
        Path(__file__).with_suffix(".begun").touch()
        time.sleep(0.5)
        return np.zeros(1, np.float32)
"""


def session(leader: int) -> list[str]:
    """Return the living processes of a session, as name and state."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = status.read_text().rsplit(")", 1)
        except OSError:  # gone meanwhile
            continue
        state, _, _, leader_of_it = rest.split()[:4]
        if int(leader_of_it) == leader and state not in "ZX":
            found.append(f"{name}) {state}")
    return found


NOTEBOOK = """
import multiprocessing, fusion
try:
    fusion.run("x.yaml", data="data", cache="cache", jobs=2)
except KeyboardInterrupt:
    print("stopped", multiprocessing.active_children())
"""


@pytest.fixture(
    params=[
        *[("terminal", signal.SIGINT), ("process", signal.SIGINT), ("notebook", signal.SIGINT)],
        *[("terminal", signal.SIGTERM), ("process", signal.SIGTERM), ("terminal", signal.SIGHUP)],
    ],
    ids=str,
)
def working(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """An extraction whose workers are at work, who is to get a signal (all, its own process alone), and which."""
    who, number = request.param
    root = tmp_path / "data"
    for part, pitch in (("valid", 40), ("test", 60)):
        write_part(root / f"nsynth-{part}", names(["bass", "reed"], [0], range(pitch, pitch + 8)))
    (tmp_path / "scratch").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "slow.py").write_text(SLOW)
    (tmp_path / "x.yaml").write_text("dataset: {name: nsynth, protocol: course}\nfeatures: {slow: }\nplugins: [own]\n")
    words = ["-m", "fusion.cli", "extract", "x.yaml", "--data", "data", "--cache", "cache", "--jobs", "2"]
    process = subprocess.Popen(
        [sys.executable, *(["-c", NOTEBOOK] if who == "notebook" else words)],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path / "scratch")},
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # these tests may run under nohup
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    begun = tmp_path / "own" / "slow.begun"
    for _ in range(600):
        if begun.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    yield process, who, number
    if session(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_an_interrupted_extraction_leaves_no_process_and_no_half_file_in_the_store(working, tmp_path):
    process, who, number = working
    assert process.poll() is None, process.communicate()
    assert len(session(process.pid)) >= 3  # itself and two workers
    (os.killpg if who == "terminal" else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=60)
    if who == "notebook":
        assert (process.returncode, out) == (0, "stopped []\n")
    else:
        assert (process.returncode, out) == (128 + number, "")
        assert err.endswith("interrupted; what was finished is kept, the same command goes on from there\n")
    assert "leaked" not in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("scratch/fusion-*"))
    for _ in range(100):  # Python's own resource tracker ends a moment later
        if not session(process.pid):
            break
        time.sleep(0.1)
    assert session(process.pid) == []
    for table in tmp_path.glob("cache/features/nsynth/slow-*/*.csv"):
        assert table.with_suffix(".npy").exists()


# stdout


def test_stdout_ends_with_where_the_features_are(fusion, experiment, nsynth, tmp_path):
    words = ["extract", experiment, "--data", nsynth, "--set", "dataset.limit=2", "--cache", "kept"]
    code, out, err = fusion(*words)
    assert code == 0, err
    assert out.splitlines() == ["mfcc: 12 clips extracted", "kept/features/nsynth"]
    assert list((tmp_path / "kept" / "features" / "nsynth").glob("mfcc-*/*.npy"))
    assert "extracting: 12/12" in err
    code, out, _ = fusion(*words)
    assert code == 0
    assert out.splitlines() == ["mfcc: all clips were stored, nothing extracted", "kept/features/nsynth"]
    code, out, _ = fusion(*words, "--json")
    assert code == 0
    assert set(json.loads(out)) == {"computed", "seconds"}
    assert json.loads(out)["computed"] == {"mfcc": 0}


def test_a_check_has_the_fixed_keys_and_the_right_counts(fusion, experiment, nsynth):
    code, out, _ = fusion("data", "check", experiment, "--data", nsynth, "--json")
    assert code == 0
    report = json.loads(out)
    assert {"dataset", "protocol", "clips", "groups", "classes", "duplicates", "warnings"} <= set(report)
    assert (report["dataset"], report["protocol"]) == ("nsynth", "course")
    assert report["clips"] == {"train": 54, "validation": 6, "test": 24}
    assert report["groups"] == {"train": 3, "validation": 3, "test": 3}
    assert report["classes"]["test"] == {"bass": 8, "flute": 8, "reed": 8}
    assert report["duplicates"]["pairs"] == 3  # each family's note of pitch 56 and velocity 100, in valid and in test
    near = report["duplicates"]["near_of_one_group"]  # a note of one pitch struck harder
    assert near == report["duplicates"]["near_identical"] == 1
    words = ["shared-groups", "few-groups", "duplicates", "duplicates"]
    assert [warning.split(":")[0] for warning in report["warnings"]] == words


def test_a_check_prints_the_same_for_people(fusion, experiment, nsynth, tmp_path):
    code, out, _ = fusion("data", "check", experiment, "--data", nsynth)
    assert code == 0
    assert "nsynth, protocol course: clips" in out
    assert "! shared-groups: 3 of 3 test instruments (24 of 24 clips)" in " ".join(out.split())
    assert (tmp_path / out.splitlines()[-1] / "check.html").exists()


def test_features_are_listed_as_json(fusion):
    code, out, err = fusion("features", "--json")
    assert (code, err) == (0, "")
    listed = {entry["name"]: entry.get("shape", entry.get("needs")) for entry in json.loads(out)}
    assert (listed["mfcc"], listed["onnx"]) == ([126, 20], ["model", "sr"])
    assert set(listed) >= {"mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate"}
    code, out, err = fusion("features", "tonnetz", "--json")
    assert (code, err) == (0, "")
    assert {parameter["name"] for parameter in json.loads(out)["parameters"]} >= {"chroma", "tuning", "statistics"}


def test_an_unknown_feature_is_named_with_a_near_match(fusion):
    code, out, err = fusion("features", "tonnets", "--json")
    assert (code, out) == (2, "")
    assert err.startswith("error: tonnets: no such feature; did you mean 'tonnetz'?")


def test_the_cache_of_the_environment_is_used(fusion, experiment, nsynth, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_CACHE", str(tmp_path / "elsewhere"))
    assert fusion("data", "check", experiment, "--data", nsynth)[0] == 0
    assert (tmp_path / "elsewhere" / "hashes.sqlite").exists()
    assert not (tmp_path / ".fusion").exists()


def test_the_data_of_the_environment_are_used(fusion, experiment, nsynth, tmp_path, monkeypatch):
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "nsynth").symlink_to(nsynth)
    monkeypatch.setenv("FUSION_DATA", str(tmp_path / "all"))
    assert fusion("data", "check", experiment)[0] == 0


def test_commands_that_train_nothing_write_no_results(fusion, experiment, nsynth, tmp_path):
    assert fusion("data", "check", experiment, "--data", nsynth, "--quick")[0] == 0
    assert fusion("features")[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"quick.yaml", ".fusion"}


def test_fetching_without_an_answer_says_what_scripts_need(fusion, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, _, err = fusion("data", "get", "irmas", "--data", tmp_path / "irmas", "--split", "train")
    assert code == 2
    assert "agree with --yes" in err


def test_fetching_shows_licence_and_sizes_and_asks_first(fusion, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    code, _, err = fusion("data", "get", "irmas", "--data", tmp_path / "irmas", "--split", "train")
    assert code == 2
    assert all(text in err for text in ("CC BY-NC-SA 3.0", "3.20 GB", "Fetch it?", "nothing was fetched"))
    assert not (tmp_path / "irmas").exists()


def test_what_cannot_be_fetched_is_named(fusion):
    code, _, err = fusion("data", "get", "mnist")
    assert code == 2
    assert "mnist: no such data set (known: folder, irmas, " in err


def test_only_known_layouts_are_rendered(fusion, tmp_path):
    code, _, err = fusion("data", "render", "mnist", "--out", tmp_path / "x")
    assert code == 2
    assert "mnist: this data set cannot be rendered; known: nsynth, irmas" in err


@pytest.mark.parametrize("words", [("data", "check"), ("extract",), ("tune",), ("ablate",)])
def test_commands_for_one_experiment_refuse_a_study(fusion, tmp_path, words):
    (tmp_path / "story.yaml").write_text("arms:\n  one: {}\n")
    code, out, err = fusion(*words, "story.yaml", "--sample")
    assert (code, out) == (2, "")
    assert err.startswith("error: story.yaml: has arms, so it is a study")


@pytest.mark.parametrize("words", [("run",), ("data", "get"), ("data", "check"), ("predict",)])
def test_help_loses_no_default(fusion, words):
    code, out, _ = fusion(*words, "--help")
    assert code == 0
    assert not re.search(r"\w \.(\s|$)", out, re.MULTILINE)  # something in brackets was taken for markup


def test_several_folders_are_named(fusion, experiment):
    code, _, err = fusion("data", "check", experiment, "--data", "x", "--data", "nsynth=y")
    assert code == 2
    assert err.startswith("error: --data x: several folders are NAME=DIR each, NAME a data set's")


def test_rendering_takes_all_processors_unless_told(fusion, tmp_path, monkeypatch):
    """`--jobs` is one for the functions of a render when it is left out there; the command line says all."""
    given = []
    monkeypatch.setattr(
        "fusion.rendering.notes.render.render_nsynth", lambda out, options, jobs, progress: given.append(jobs)
    )
    fusion("data", "render", "nsynth", "--out", tmp_path / "notes", "--preset", "sample")
    assert given == [processors()]


@pytest.mark.parametrize("words", [["features", "mfcc"], ["features"], ["features", "--json"]])
def test_a_pipe_that_nobody_reads_any_more_is_no_error(words):
    read, write = os.pipe()
    os.close(read)
    try:
        line = [sys.executable, "-m", "fusion.cli", *words]
        done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_without_stdout_does_its_work():
    line = ["sh", "-c", f"{sys.executable} -m fusion.cli features mfcc >&-"]
    done = subprocess.run(line, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_workers_do_theirs_where_streams_are_closed(experiment, nsynth, tmp_path, closed):
    line = f"{sys.executable} -m fusion.cli extract {experiment} --data {nsynth} --cache {tmp_path / 'cache'} --jobs 2"
    done = subprocess.run(["sh", "-c", f"{line} {closed}"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("cache/features/nsynth/mfcc-*/*.npy"))
