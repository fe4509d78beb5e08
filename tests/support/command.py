"""The command line, in this process or in one of its own, and small experiments for it."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from fusion.cli import app
from fusion.runtime import workers

TRAINED = """
dataset: {name: nsynth, protocol: course}
features:
  mfcc: {n_mfcc: 12}
  spectral_centroid: {statistics: [mean, std]}
model: {conv_filters: [16, 16], dense_units: [16], embedding: 16, dropout: 0.1}
training: {epochs: 25, batch_size: 16, learning_rate: 5.0e-3}
seeds: [1, 2]
"""


def command(folder: Path, *words: object, code: int = 0) -> CompletedProcess[str]:
    """Run the command line in a folder, in this process; workers' tasks too, so that keras is imported only once."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, chdir(folder), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(workers, "_processes", _no_processes)
        with pytest.raises(SystemExit) as stop:
            app.main([str(word) for word in words])
    assert stop.value.code == code, err.getvalue()
    return CompletedProcess(list(words), code, out.getvalue(), err.getvalue())


def own_process(folder: Path, *words: object, code: int = 0) -> CompletedProcess[str]:
    """Run the command line as a process of its own, with its workers: where these are what is tested."""
    done = subprocess.run(
        [sys.executable, "-m", "fusion.cli", *map(str, words)], cwd=folder, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stderr
    return done


class _Here:
    """A pool without processes: a task is done when it is submitted."""

    def __init__(self) -> None:
        self._processes: dict[int, Any] = {}

    def submit(self, function: Callable[..., Any], *arguments: object) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _no_processes(count: int, threads: int, listen: Callable[[Any], None] | None) -> Iterator[_Here]:
    """Stand in for a pool of workers that are heard."""
    with workers._environment(threads), pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "_outlet", listen or (lambda message: None))
        yield _Here()


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
