"""A disk that fails at one call: a clear message, nothing half-written, and the same command finishes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.notes import names, write_part


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    for split, numbers in (("train", [0, 1, 3]), ("valid", [2]), ("test", [5])):
        first = 41 if split == "test" else 40
        write_part(
            folder / "nsynth" / f"nsynth-{split}", names(["bass", "flute"], numbers, range(first, first + 20, 5))
        )
    return folder


def failing(place, command, first, last):
    line = [sys.executable, "-m", "tests.support.faults", str(place), str(first), str(last), command]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(line, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    print(command, report["calls"], report["faults"], len(report["failures"]))
    return report


@pytest.mark.long
@pytest.mark.slow
def test_at_every_call_of_an_extraction(place):
    assert failing(place, "extract", 0, -1)["failures"] == []


@pytest.mark.slow
def test_at_every_call_of_a_run(place):
    assert failing(place, "run", 0, -1)["failures"] == []
