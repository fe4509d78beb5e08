"""The command line as a process of its own, and small experiments for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TRAINED = """
dataset: {name: nsynth, protocol: course}
features:
  mfcc: {n_mfcc: 12}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [16, 16], dense_units: [16], embedding: 16, dropout: 0.1}
training: {epochs: 25, batch_size: 16, learning_rate: 5.0e-3}
seeds: [1, 2]
"""


def command(folder: Path, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process of its own in a folder, with one worker unless ``--jobs`` asks for more.

    Every worker that trains imports keras, which takes longer than the small trainings of tests.
    """
    jobs = (
        ["--jobs", "1"]
        if words[0] in ("run", "ablate", "curve", "tune", "evaluate", "predict") and "--jobs" not in words
        else []
    )
    line = [sys.executable, "-m", "fusion.cli", *map(str, words), *jobs]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=600)
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
