"""Strangers' files, damaged by chance: a message or a right result, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fuzzing import KINDS

QUICK = [kind for kind in KINDS if kind not in ("network", "result")]


def fuzz(kind, count, folder, result=None, seed=1):
    """Give a reader so many damaged inputs, in a process of its own; return how many it was given and refused."""
    shutil.rmtree(folder / "inside", ignore_errors=True)
    (folder / "inside").mkdir()
    if result:
        shutil.copytree(result, folder / "inside" / "result")
    line = [sys.executable, "-m", "tests.support.fuzzing", kind, str(count), str(seed), str(folder / "inside")]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(line, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    report = json.loads(done.stdout.splitlines()[-1])
    print(kind, report["tried"], report["refused"], len(report["failures"]))
    return report


@pytest.mark.parametrize("kind", QUICK)
def test_a_few_damaged_inputs(kind, tmp_path):
    report = fuzz(kind, 60, tmp_path)
    assert report["failures"] == []
    assert 0 < report["refused"] <= report["tried"]


def test_a_few_damaged_results(tmp_path, result):
    assert fuzz("result", 60, tmp_path, result)["failures"] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_damaged_inputs(kind, tmp_path, result):
    count = int(os.environ.get("FUSION_FUZZ", "2000"))
    parts = 1 if kind != "network" else max(1, count // 250)  # TensorFlow keeps memory of each network
    for seed in range(1, parts + 1):
        assert fuzz(kind, count // parts, tmp_path, result, seed)["failures"] == []
