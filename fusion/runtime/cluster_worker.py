"""What runs on the workers of a Dask scheduler: they say their versions, and do each task in a process beside them.

Such a process is as those that do the same on one machine: spawned, with as many processor threads, and Keras' own
settings. It is kept for further tasks of the same command, and ends when there has been none for a while.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from multiprocessing import current_process
from pathlib import Path
from threading import Lock, Timer
from typing import Any

from fusion.runtime.packing import unpacked
from fusion.runtime.shared_folders import Marks, unseen
from fusion.runtime.signals import end
from fusion.runtime.versions import versions

TOPIC = "fusion"
"""Of Dask's events, by which messages go to the command that they are for."""

_IDLE = 20.0  # seconds after which a process without tasks ends
_LOOK = 0.5  # seconds between two looks at whether a task is still wanted
_PLENTY = 1e9  # of the resource that an admitted worker has: its threads limit it

_STARTING = Lock()  # a process takes its threads from the environment, which all threads share
_IDLING = Lock()
_idle: dict[tuple[str, int], list[_Process]] = {}


@dataclass(frozen=True)
class Versions:
    """What numbers depend on beside settings and data, by name."""

    by_name: Mapping[str, str]

    @property
    def resource(self) -> str:
        """Dask's resource that workers with these versions have."""
        text = json.dumps(dict(self.by_name), sort_keys=True)
        return f"fusion-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def differences(self, wanted: Versions) -> list[str]:
        """Return what differs from the versions wanted, as ``numpy 2.0, not 2.1``."""
        names = sorted({*self.by_name, *wanted.by_name})
        pairs = {name: (self.by_name.get(name, "missing"), wanted.by_name.get(name, "none")) for name in names}
        return [f"{name} {here}, not {there}" for name, (here, there) in pairs.items() if here != there]


def versions_here() -> Versions:
    """Return the versions of this process: fusion's and its plug-ins' by their text, too, and its libraries'."""
    recorded = versions()
    named = {"fusion": recorded["fusion"], "python": recorded["python"], "KERAS_BACKEND": recorded["backend"]}
    groups = [group for group in entry_points().groups if group.startswith("fusion.")]
    points = [point for group in sorted(groups) for point in entry_points(group=group)]
    for point in points:
        package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
        named[f"{point.group} {point.name}"] = f"{point.value}{package}"
    for package in sorted({"fusion", *(point.module.partition(".")[0] for point in points)}):
        named[f"text of {package}"] = _text_hash(package)
    libraries = {**recorded["libraries"], "soxr": version("soxr")}
    return Versions(named | {name: str(installed) for name, installed in libraries.items()})


def _text_hash(package: str) -> str:
    """Return a hash of all Python files of a package, which need not be imported."""
    spec = find_spec(package)
    if spec is None:
        return "missing"
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [(file.relative_to(folder), file) for folder in folders for file in folder.rglob("*.py")]
    whole = hashlib.sha256()
    for name, file in sorted(files) or [(Path(package), Path(str(spec.origin)))]:
        whole.update(f"{name.as_posix()}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


async def admit(wanted: Versions, marks: Marks, must_see: bool, dask_worker: Any) -> dict[str, Any]:
    """Let this worker take tasks of a command, if it has the same versions; runs in it.

    Parameters
    ----------
    wanted : Versions
        Of the command.
    marks : dict
        What tells each folder that the tasks read or write.
    must_see : bool
        Refuse this worker if it does not see them.

    Returns
    -------
    dict
        ``refused``: why, or nothing; ``unseen``: folders that are not seen here; ``gpu``: whether it says to have one.
    """
    hidden = unseen(marks)
    why = versions_here().differences(wanted)
    if must_see:
        why += [f"it does not see {folder}" for folder in hidden]
    had = dask_worker.state.total_resources
    if why and had.get(wanted.resource):
        await dask_worker.set_resources(**{wanted.resource: 0})
    elif not why and not had.get(wanted.resource):
        await dask_worker.set_resources(**{wanted.resource: _PLENTY})
    return {"refused": ", ".join(why), "unseen": hidden, "gpu": bool(had.get("GPU"))}


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
        The task, pickled.
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

    def pass_on(message: Any) -> None:
        worker.log_event(TOPIC, {"run": call.run, "message": pickle.dumps(message)})

    process = _take(call)
    process.on_message = pass_on
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
        self.over: Timer | None = None
        self._open = ExitStack()
        current_process().daemon = False  # as Dask's nanny starts workers, which then may have no process beside them
        with _STARTING:
            self._pool = self._open.enter_context(processes(1, threads, lambda message: self.on_message(message)))
            self._pool.submit(int).result()

    def do(self, call: Call, wanted: Callable[[], bool]) -> Any:
        """Return the result; what goes wrong ends the process, whatever it is."""
        try:
            future = self._pool.submit(do, call)
            while not wait([future], _LOOK).done:
                if not wanted():
                    raise UnwantedError(call.function)
            return future.result()
        except BrokenProcessPool:
            self._open.__exit__(*sys.exc_info())  # says why
            raise
        except BaseException:
            end(list((self._pool._processes or {}).values()))
            self.close()
            raise

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
    """Keep a process for the next task of the same run."""
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
    from fusion.runtime.workers import call_by_name

    if call.files is not None:
        return unpacked(call.payload, call.files, lambda task: call_by_name(call.function, task))
    with suppress(OSError):  # where all paths are absolute, it need not be seen
        os.chdir(call.folder)
    return call_by_name(call.function, pickle.loads(call.payload))
