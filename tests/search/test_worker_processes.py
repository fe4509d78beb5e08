"""Searches in processes: killed, at once, with trials that fail."""

import csv
import json
import signal
import subprocess
import sys
import time

import pytest

from tests.support.command import SEARCH, command

pytestmark = pytest.mark.slow


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_console_names_the_best_trials_and_the_files_own_settings(fusion, many, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH.replace("trials: 3", "trials: 10").replace("folds: 2", "folds: null"))
    code, out, err = fusion("tune", "open.yaml", "--data", many, "--jobs", 1, "--set", "training.epochs=1")
    assert code == 0, err
    assert "own settings: accuracy" in err
    assert "trial 10/10: accuracy" in err
    assert "best of 10 trials (0 without a score)" in out
    folder = tmp_path / out.splitlines()[-1] / "search"
    assert {"trials.csv", "best.yaml", "search.json", "parallel.png", "importance.png"} <= {
        path.name for path in folder.iterdir()
    }
    code, out, err = fusion("tune", "open.yaml", "--data", many, "--set", "training.epochs=1", "--jobs", 1, "--json")
    assert code == 0, err
    content = json.loads(out)
    assert (len(content["trials"]), content["digest"]) == (11, folder.parent.name)
    assert content["best"]["features"]


@pytest.mark.slow
def test_a_search_killed_in_a_trial_keeps_its_finished_folds(many, tmp_path):
    text = SEARCH.replace("epochs: 3", "epochs: 40").replace("trials: 3", "trials: 1")
    (tmp_path / "open.yaml").write_text(text)
    words = [sys.executable, "-m", "fusion.cli", "tune", "open.yaml", "--data", str(many), "--jobs", "1"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (kept := list(tmp_path.glob("results/open/*/search/scores/*.json"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    command(tmp_path, *words[3:], cold=True)
    (folder,) = tmp_path.glob("results/open/*/search")
    assert kept[0].stat().st_mtime_ns == before
    assert len(list((folder / "scores").iterdir())) == 4
    assert [row["status"] for row in rows(folder / "trials.csv")] == ["COMPLETED"] * 2


@pytest.mark.slow
def test_two_trials_at_once(many, tmp_path):
    (tmp_path / "open.yaml").write_text(SEARCH)
    command(tmp_path, "tune", "open.yaml", "--data", many, "--jobs", 2)
    (folder,) = tmp_path.glob("results/open/*/search")
    table = rows(folder / "trials.csv")
    assert [row["status"] for row in table] == ["COMPLETED"] * 4
    kept = {path: path.stat().st_mtime_ns for path in (folder / "scores").iterdir()}
    for jobs, trials in ((2, 3), (1, 4), (2, 5)):  # finished; going on alone; going on with others
        command(tmp_path, "tune", "open.yaml", "--data", many, "--jobs", jobs, "--trials", trials)
        again = rows(folder / "trials.csv")
        assert [row["trial"] for row in again] == [str(number) for number in range(trials + 1)]
        assert again[:4] == table
        assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_failed_trials_keep_their_error_and_a_search_of_failures_says_why(many, tmp_path):
    text = SEARCH.replace("features.mfcc.n_mfcc: {min: 6, max: 10, step: 2}", "features.mfcc.fmin: [7000, 7500]")
    text = text.replace("mfcc: {n_mfcc: 8}", "mfcc: {n_mfcc: 8, fmax: 7800}")
    broken = text.replace("model.dropout: [0.1, 0.2, 0.3]", "features.mfcc.fmax: [100, 200]")
    (tmp_path / "open.yaml").write_text(broken)
    done = command(tmp_path, "tune", "open.yaml", "--data", many, "--jobs", 1, code=2)
    assert "none of 3 trials could be scored" in done.stderr
    assert "do not fit below" in done.stderr
    assert "Traceback" not in done.stderr
    (folder,) = tmp_path.glob("results/open/*/search")
    own, *tried = rows(folder / "trials.csv")
    assert own["status"] == "COMPLETED"
    for row in tried:
        assert row["status"] == "FAILED"
        assert "do not fit below" in row["error"]
        assert row["score"] == ""


@pytest.mark.slow
def test_some_failures_do_not_stop_a_search(many, tmp_path):
    text = SEARCH.replace("features.mfcc.n_mfcc: {min: 6, max: 10, step: 2}", "features.mfcc.fmin: [0, 7500]")
    (tmp_path / "open.yaml").write_text(
        text.replace("n_mfcc: 8}", "n_mfcc: 8, fmax: 7000}").replace("trials: 3", "trials: 6")
    )
    command(tmp_path, "tune", "open.yaml", "--data", many, "--jobs", 1)
    (folder,) = tmp_path.glob("results/open/*/search")
    status = [row["status"] for row in rows(folder / "trials.csv")]
    assert {"COMPLETED", "FAILED"} == set(status)
