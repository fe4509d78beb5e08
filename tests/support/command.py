"""The command line, and small experiments for it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from fusion.cli import app

TRAINED = """
dataset: {name: nsynth, protocol: course}
features:
  mfcc: {n_mfcc: 12}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [16, 16], dense_units: [16], embedding: 16, dropout: 0.1}
training: {epochs: 25, batch_size: 16, learning_rate: 5.0e-3}
seeds: [1, 2]
"""


def command(folder: Path, *words: object, code: int = 0, cold: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, in this process, with one worker unless ``--jobs`` asks for more.

    Its workers are processes, but warm ones (`tests.support.warm`): importing keras takes longer than the small
    trainings of tests. A cold command is a process of its own, with workers that import for themselves: what people run.
    """
    several = ("run", "ablate", "curve", "tune", "evaluate", "predict", "stress")
    line = [*map(str, words), *(["--jobs", "1"] if words[0] in several and "--jobs" not in words else [])]
    if cold:
        start = [sys.executable, "-m", "fusion.cli"]
        done = subprocess.run([*start, *line], cwd=folder, capture_output=True, text=True, timeout=600)
    else:
        out, err = StringIO(), StringIO()
        with chdir(folder), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
            app.main(line)
        assert isinstance(stop.value.code, int)
        done = subprocess.CompletedProcess(line, stop.value.code, out.getvalue(), err.getvalue())
    assert done.returncode == code, done.stderr
    return done


SEARCH = """
dataset: {name: nsynth}
features:
  mfcc: {n_mfcc: 8}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [8], dense_units: [8], embedding: 8, dropout: 0.1}
training: {epochs: 3, batch_size: 16, learning_rate: 5.0e-3}
search:
  trials: 3
  folds: 2
  space:
    model.dropout: [0.1, 0.2, 0.3]
    model.conv_filters: [[8], [8, 8]]
    training.learning_rate: {min: 1.0e-3, max: 1.0e-2, log: true}
    features.mfcc.n_mfcc: {min: 6, max: 10, step: 2}
seeds: [1]
"""
