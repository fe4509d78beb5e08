"""What runs on the workers of a Dask scheduler: they do each task in a process beside them.

Such a process is as those that do the same on one machine: spawned, with as many processor threads, and Keras' own
settings. It is kept for further tasks of the same command, and ends when there has been none for a while.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import current_process
from threading import Event, Lock, Timer
from typing import Any

from fusion.runtime.packing import unpacked
from fusion.runtime.signals import end

TOPIC = "fusion"
"""Of Dask's events, by which messages go to the command that they are for."""

_IDLE = 20.0  # seconds after which a process without tasks ends
_LOOK = 0.5  # seconds between two looks at whether a task is still wanted
_LAST = 5.0  # seconds in which a process' last messages arrive
_OVER = "fusion: no more messages of this task"

_STARTING = Lock()  # a process takes its threads from the environment, which all threads share
_IDLING = Lock()
_idle: dict[tuple[str, int], list[_Process]] = {}


@dataclass(frozen=True)
class Call:
    """One task for a worker.

    Attributes
    ----------
    run : str
        Names the run that it belongs to.
    function : str
        As ``module:name``.
    payload : bytes
        The task, pickled by the command, so that Dask's own process imports nothing of what it is made of. It comes
        by the scheduler, which may run anything here in any case: who reaches it is trusted.
    files : dict of str to bytes, or None
        What it reads, where the file system is not shared.
    threads : int
        Processor threads of its numerical libraries.
    folder : str
        Where the command runs, from which its relative paths go.
    """

    run: str
    function: str
    payload: bytes
    files: dict[str, bytes] | None
    threads: int
    folder: str


def perform(call: Call) -> Any:
    """Do a task in a process beside this worker; end that one if nobody wants the result any more."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state in ("executing", "long-running")

    process = _take(call)
    process.calls += 1
    process.on_message = lambda message: worker.log_event(TOPIC, {"run": call.run, "message": json.dumps(message)})
    result = process.do(call, wanted)
    _keep(call, process)
    return result


class UnwantedError(Exception):
    """The task was cancelled."""


class _Process:
    """A process for one task after another."""

    def __init__(self, threads: int) -> None:
        from fusion.runtime.workers import processes

        self.on_message: Callable[[Any], None] = lambda _: None
        self.calls = 0
        self._heard = Event()
        self.over: Timer | None = None
        self._open = ExitStack()
        current_process().daemon = False  # as Dask's nanny starts workers, which then may have no process beside them
        with _STARTING:
            self._pool = self._open.enter_context(processes(1, threads, self._hear))
            self._pool.submit(int).result()

    def do(self, call: Call, wanted: Callable[[], bool]) -> Any:
        """Return the result; what goes wrong ends the process, whatever it is."""
        self._heard.clear()
        try:
            future = self._pool.submit(do, call)
            while not wait([future], _LOOK).done:
                if not wanted():
                    raise UnwantedError(call.function)
            self._heard.wait(_LAST)
            return future.result()
        except BrokenProcessPool:
            self._open.__exit__(*sys.exc_info())  # says why
            raise
        except BaseException:
            end(list((self._pool._processes or {}).values()))
            self.close()
            raise

    def _hear(self, message: Any) -> None:
        if message == _OVER:
            self._heard.set()
        else:
            self.on_message(message)

    def close(self) -> None:
        """End the process."""
        self._open.close()


def _take(call: Call) -> _Process:
    with _IDLING:
        if kept := _idle.get((call.run, call.threads)):
            process = kept.pop()
            if process.over:
                process.over.cancel()
            return process
    return _Process(call.threads)


def _keep(call: Call, process: _Process) -> None:
    """Keep a process for the next task of the same run, unless it has done as many as one does."""
    from fusion.runtime.workers import MOST_TRAINED

    if process.calls >= MOST_TRAINED:
        process.close()
        return
    with _IDLING:
        kept = _idle.setdefault((call.run, call.threads), [])
        kept.append(process)

        def forget() -> None:
            with _IDLING:
                if process not in kept:
                    return
                kept.remove(process)
                if not kept:
                    _idle.pop((call.run, call.threads), None)
            process.close()

        process.over = Timer(_IDLE, forget)
        process.over.daemon = True
        process.over.start()


def do(call: Call) -> Any:
    """Do a task, in a process of its own."""
    from fusion.runtime.workers import call_by_name, send_message

    try:
        if call.files is not None:
            return unpacked(call.payload, call.files, lambda task: call_by_name(call.function, task))
        with suppress(OSError):  # where all paths are absolute, it need not be seen
            os.chdir(call.folder)
        return call_by_name(call.function, pickle.loads(call.payload))
    finally:
        send_message(_OVER)
