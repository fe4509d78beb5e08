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


def failing(place, command, first, last, step=1):
    """Have a command fail at each step-th call from first to last; return how many calls there are, and what was wrong."""
    numbers = map(str, (first, last, step))
    line = [sys.executable, "-m", "tests.support.faults", str(place), *numbers, command]
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
def test_at_many_calls_of_a_run(place):
    step = int(os.environ.get("FUSION_STEP", "3"))
    first, calls = 0, 1
    while first < calls:  # a process each 20 faults: TensorFlow keeps memory of each network
        report = failing(place, "run", first, first + 20 * step, step)
        assert report["failures"] == []
        first, calls = first + 20 * step, report["calls"]
