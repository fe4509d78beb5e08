"""What runs on the workers of a Dask scheduler: they do each task in a process beside them.

Such a process is as those that do the same on one machine: spawned, with as many processor threads, and Keras' own
settings. It is kept for further tasks of the same command, and ends when there has been none for a while, or when
another command needs its place.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import current_process
from pathlib import Path
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

_LOCK = Lock()
_numbers: set[int] = set()  # of the processes that there are
_idle: list[_Process] = []


@dataclass(frozen=True)
class Call:
    """One task for a worker.

    Attributes
    ----------
    session : str
        Names the command.
    run : str or None
        Names the one of its runs that it belongs to; None: nobody hears its messages.
    function : str
        As ``module:name``.
    payload : bytes
        The task, packed by the command, so that Dask's own process imports nothing of what it is made of.
    files : dict of str to bytes, or None
        What it reads, where the file system is not shared.
    threads : int
        Processor threads of its numerical libraries.
    folder : str
        Where the command runs, from which its relative paths go.
    trains : bool
        Whether it trains a network.
    """

    session: str
    run: str | None
    function: str
    payload: bytes
    files: dict[str, bytes] | None
    threads: int
    folder: str
    trains: bool


def perform(call: Call) -> Any:
    """Do a task in a process beside this worker; end that one if nobody wants the result any more."""
    from distributed import get_worker

    from fusion.runtime.workers import MOST_TRAINED

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        state = worker.state.tasks.get(key)
        return state is not None and state.state in ("executing", "long-running")

    process = _take(call, Path(worker.local_directory))
    process.on_message = lambda message: (
        worker.log_event(TOPIC, {"run": call.run, "message": json.dumps(message)}) if call.run else None
    )
    result = process.do(call, wanted)
    process.trainings += call.trains
    if process.trainings < MOST_TRAINED:
        _keep(process)
    else:
        process.close()
    return result


class UnwantedError(Exception):
    """The task was cancelled."""


class _Process:
    """A process for one task after another of one command, with so many threads."""

    over: Timer
    """Ends it, once it is idle."""

    def __init__(self, kind: tuple[str, int], folder: Path) -> None:
        from fusion.runtime.workers import processes

        with _LOCK:
            number = next(number for number in count() if number not in _numbers)
            _numbers.add(number)
        self.kind = kind
        self.trainings = 0
        self.on_message: Callable[[Any], None] = lambda _: None
        self._heard = Event()
        self._open = ExitStack()
        self._open.callback(_numbers.discard, number)
        current_process().daemon = False  # as Dask's nanny starts workers, which then may have no process beside them
        # two processes that compile one of librosa's functions at once can leave a cache that crashes every later call;
        # what a process leaves that was killed, Dask removes
        own = {"NUMBA_CACHE_DIR": str(folder / f"numba-{number}"), "TMPDIR": str(folder)}
        self._pool = self._open.enter_context(processes(1, kind[1], self._hear, own))

    def do(self, call: Call, wanted: Callable[[], bool]) -> Any:
        """Return the result; what goes wrong ends the process, whatever it is."""
        self._heard.clear()
        try:
            future = self._pool.submit(do, call)
            while not wait([future], _LOOK).done:
                if not wanted():
                    raise UnwantedError(call.function)
            if call.run and not isinstance(future.exception(), BrokenProcessPool):
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


def _take(call: Call, folder: Path) -> _Process:
    """Return an idle process, or a new one in the place of what is idle: it may hold the memory that this one needs."""
    kind = call.session, call.threads
    with _LOCK:
        process = next((each for each in _idle if each.kind == kind), _idle[0] if _idle else None)
        if process:
            process.over.cancel()
            _idle.remove(process)
    if process and process.kind == kind:
        return process
    if process:
        process.close()
    return _Process(kind, folder)


def _keep(process: _Process) -> None:
    """Keep a process for the next task of the same command."""

    def forget() -> None:
        with _LOCK:
            if process not in _idle:
                return
            _idle.remove(process)
        process.close()

    process.over = Timer(_IDLE, forget)
    process.over.daemon = True
    with _LOCK:
        _idle.append(process)
        process.over.start()


def do(call: Call) -> Any:
    """Do a task, in a process of its own."""
    from fusion.runtime.workers import call_by_name, send_message

    try:
        if call.files is None:
            with suppress(OSError):  # where all paths are absolute, it need not be seen
                os.chdir(call.folder)
        return unpacked(call.payload, call.files, lambda task: call_by_name(call.function, task))
    finally:
        if call.run:
            send_message(_OVER)
