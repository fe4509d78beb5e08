"""Dask schedulers and workers as processes, as people start them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def scheduler(folder: Path, path: Sequence[Path] = ()) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """Give a scheduler's file and its process; folders of `path` are where it finds modules first."""
    file = folder / "scheduler.json"
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with _dask(words, folder, path) as process:
        wait(file.exists)
        yield file, process


@contextmanager
def worker(
    file: Path,
    *more: str,
    path: Sequence[Path] = (),
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Give the process of a worker with one thread and `more` options.

    Folders of `path` are where it finds modules first.
    """
    words = ["worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard"]
    words += ["--scheduler-file", str(file), "--local-directory", str(file.parent), *more]
    with _dask(words, file.parent, path, before, environment) as process:
        yield process


@contextmanager
def _dask(
    words: Sequence[str],
    folder: Path,
    path: Sequence[Path] = (),
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    modules = os.pathsep.join(map(str, [*path, ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]))
    line = [*before, sys.executable, "-m", "dask", *words]
    with (folder / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            line, env={**os.environ, "PYTHONPATH": modules, **(environment or {})}, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def workers_of(file: Path) -> int:
    """Return how many workers a scheduler has."""
    from distributed import Client

    with Client(json.loads(file.read_text())["address"], set_as_default=False) as client:
        return len(client.nthreads())


def wait(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
