"""The machine that fusion is on: read-only, narrow, full, without a home or shared memory, with another clock."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path

import pytest

from fusion.result.folder import ResultFolder
from tests.support.cold import ROOT, apart, mounts_allowed, start
from tests.support.command import command
from tests.support.left_behind import SPEC, leftovers, snapshot
from tests.support.notes import names, write_part

mounts = pytest.mark.skipif(not mounts_allowed(), reason="needs the right to mount")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder with data and an experiment of one short training."""
    folder = tmp_path_factory.mktemp("machine")
    for split, numbers, first in (("train", [0, 1, 3], 40), ("valid", [2], 40), ("test", [5], 41)):
        write_part(
            folder / "nsynth" / f"nsynth-{split}", names(["bass", "flute"], numbers, range(first, first + 15, 5))
        )
    (folder / "x.yaml").write_text(SPEC.replace("epochs: 2", "epochs: 1").replace("seeds: [1, 2]", "seeds: [1]"))
    return folder


@pytest.fixture(scope="module")
def usual(tiny, tmp_path_factory):
    """What the run leaves behind where nothing is unusual."""
    folder = tmp_path_factory.mktemp("usual")
    started = start(folder, words(tiny))
    assert not started.wait(), started.stdout.read()
    return snapshot(folder)


def words(tiny, *more):
    return ["run", tiny / "x.yaml", "--data", tiny / "nsynth", "--cache", "cache", "--results", "results", *more]


def unusual(tiny, folder, script, *more, **changes):
    """Run the experiment after a script has made the surroundings; return what it said."""
    done = apart(folder, f"{script}\n$FUSION {shlex.join(map(str, words(tiny, *more)))}", **changes)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


READ_ONLY = "".join(
    f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder} || exit 9\n"
    for folder in (ROOT, Path(sys.prefix))
)


@mounts
@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "changes"),
    [
        (f"{READ_ONLY}mount -t tmpfs -o size=64m tmpfs /dev/shm\nulimit -n 96", {"HOME": None}),
        (f"{READ_ONLY}exec <&-", {"HOME": "/nonexistent", "USER": None, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}),
        ("exec >&- 2>&-", {"PYTHONUTF8": "0"}),
    ],
    ids=["read-only-few-descriptors-and-64-MB-of-shm", "read-only-no-home-no-stdin-and-ascii", "no-stdout-and-stderr"],
)
def test_a_run_is_the_usual_one(tiny, usual, tmp_path, script, changes):
    unusual(tiny, tmp_path, script, "--jobs", 2, NUMBA_CACHE_DIR=None, **changes)
    assert snapshot(tmp_path) == usual
    assert leftovers(tmp_path) == []


@mounts
@pytest.mark.slow
def test_without_shared_memory_it_works_or_says_what_to_do(tiny, tmp_path):
    hidden = "mkdir empty && mount --bind empty /dev/shm && mount -o remount,bind,ro /dev/shm"
    done = apart(tmp_path, f"{hidden}\n$FUSION {shlex.join(map(str, words(tiny)))}")
    assert done.returncode in (0, 2), done.stderr
    assert "has a bug" not in done.stderr
    if done.returncode:
        assert "/dev/shm" in done.stderr, done.stderr


@mounts
@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [40, 600])
def test_a_disk_that_is_full_is_told_and_the_rerun_finishes(tiny, usual, tmp_path, kilobytes):
    run = f"(cd small && $FUSION {shlex.join(map(str, words(tiny)))})"
    done = apart(
        tmp_path,
        f"mkdir small && mount -t tmpfs -o size={kilobytes}k tmpfs small && {run}\n"
        f"echo first $?\nfind small -name '*.tmp-*'\nmount -o remount,size=100m small && {run}\n"
        "echo second $?\ncp -r small kept",
    )
    assert "first 2" in done.stdout, (done.stdout, done.stderr)
    assert "second 0" in done.stdout, (done.stdout, done.stderr)
    assert "free some space" in done.stderr
    assert "Traceback" not in done.stderr
    assert ".tmp-" not in done.stdout
    assert snapshot(tmp_path / "kept") == usual


def test_a_clock_that_steps_back_changes_no_number(result, nsynth, tmp_path, monkeypatch):
    copy = tmp_path / "results" / "small" / result.name
    shutil.copytree(result, copy)
    (copy / "metrics.json").unlink()
    now, steps = time.time(), iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: now - 60.0 * next(steps))
    spec = copy / "spec.yaml"
    command(tmp_path, "run", spec, "--data", nsynth, "--results", tmp_path / "results", "--cache", tmp_path / "cache")
    again, before = ResultFolder(copy).finished(), ResultFolder(result).finished()
    assert again["test"] == before["test"]
    assert all(seconds >= 0 for seconds in again["seconds"].values())
