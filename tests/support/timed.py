"""Tasks whose processor time is recorded: of real runs, for simulations of larger ones."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fusion.runtime import workers

_run = workers.run  # whatever a benchmark puts in its place


@dataclass(frozen=True)
class Timed:
    """A task that was done.

    Attributes
    ----------
    function : str
        As ``module:name``.
    task : object
    marks : tuple of float
        Processor seconds of its process: when the task began, at each of its messages, and when it was done.
    first : bool
        Whether its process had done none before.
    """

    function: str
    task: Any
    marks: tuple[float, ...]
    first: bool


def record(into: list[Timed]) -> Any:
    """Return what does as `fusion.runtime.workers.run`, one task after another in one process, and records each."""

    @contextmanager
    def run(
        calls: Sequence[tuple[str, Any]], workers: Any, threads: int = 1, on_message: Any = None
    ) -> Generator[Iterator[tuple[Any, Any]], None, None]:
        timed = [("tests.support.timed:do", (function, task)) for function, task in calls]
        with _run(timed, 1, threads, on_message) as finished:
            yield unpacked(finished)

    def unpacked(finished: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        for number, ((function, task), (value, marks)) in enumerate(finished):
            into.append(Timed(function, task, marks, not number))
            yield task, value

    return run


def do(call: tuple[str, Any]) -> tuple[Any, tuple[float, ...]]:
    """Do a task, in a worker; return its result and the marks."""
    function, task = call
    marks = [time.process_time()]
    send = workers._send

    def marked(message: Any) -> None:
        marks.append(time.process_time())
        send(message)

    workers._send = marked
    try:
        value = workers.call_by_name(function, task)
    finally:
        workers._send = send
    return value, (*marks, time.process_time())
