"""Every benchmark runs to its end at its smallest size: what nobody starts for months breaks without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fusion.datasets.roots import sample_root

FOLDER = Path(__file__).parent
OPTIONS = {
    "backends": ("--epochs", 1, "--rounds", 1),
    "cluster": ("--rounds", 0),
    "epoch": (),
    "extraction": ("--clips", 4, "--rounds", 1),
    "features": ("--clips", 2, "--rounds", 1),
    "mutation": ("--rooms", "evaluation", "--mutants", 1),
    "near_identical": (sample_root("nsynth") / "nsynth-train", "--clips", 8, "--window", 4),
    "overhead": ("--epochs", 1, "--rounds", 1),
    "pages": (20,),
    "references": (),
    "scale": ("{folder}", "--sizes", "300,600", "--jobs", 1),
    "statistics": (),
    "training": ("--clips", 64, "--rounds", 1),
}
PARTS = {"scale_notes", "scale_steps"}  # of scale


def test_every_benchmark_is_tried():
    assert {path.stem for path in FOLDER.glob("*.py")} - {Path(__file__).stem} == OPTIONS.keys() | PARTS


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_runs_to_its_end(name: str, tmp_path: Path):
    options = [str(option).format(folder=tmp_path) for option in OPTIONS[name]]
    alone = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}  # one runs pytest itself
    words = [sys.executable, str(FOLDER / f"{name}.py"), *options]
    done = subprocess.run(words, cwd=tmp_path, env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert any(character.isdigit() for character in done.stdout)
