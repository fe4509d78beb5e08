"""Worker processes of the real pool that have imported keras and librosa when they begin: forked from a server.

Everything else of a worker stays as it is: a process of its own, its messages, its death, its environment.
"""

from __future__ import annotations

import os
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from unittest import mock

from fusion.runtime.spawn import Context, Worker
from fusion.runtime.workers import _THREADS

ROOT = Path(__file__).parents[2]
COLD = Context
"""Of workers as people have them."""


def start_server() -> None:
    """Start the server if there is none; with one processor thread, which libraries take from it."""
    forkserver.set_forkserver_preload(["tests.support.preloaded"])
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with mock.patch.dict(os.environ, {"PYTHONPATH": path, **dict.fromkeys(_THREADS, "1")}):
        forkserver._forkserver.ensure_running()  # `preloaded` replaces it


def stop_server() -> None:
    """End the server, if there is one, and wait for it."""
    forkserver._forkserver._stop()


class WarmWorker(Worker):
    """A worker that is forked, with the environment of the process that starts it."""

    _start_method = "forkserver"
    _Popen = staticmethod(ForkServerProcess._Popen)

    def start(self) -> None:
        self.environment = dict(os.environ)
        start_server()
        super().start()

    def run(self) -> None:
        os.environ.clear()
        os.environ.update(self.environment)
        super().run()


class WarmContext(ForkServerContext):
    Process = WarmWorker
