"""What ends a command from outside: SIGTERM of batch systems and SIGHUP of closed terminals count as Ctrl-C does."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from threading import current_thread, main_thread
from typing import Any

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]  # Windows has no SIGHUP
_HEARD = 1.5  # seconds in which a worker ends by itself


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt on these signals; the second one of a kind ends the process at once.

    Yields
    ------
    list of int
        The numbers of signals that came.
    """
    came: list[int] = []
    if current_thread() is not main_thread():  # only the main thread may set handlers
        yield came
        return

    def interrupt(number: int, _: Any) -> None:
        came.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        if before[number] is not signal.SIG_IGN:  # nohup asks for it
            signal.signal(number, interrupt)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_to_parent() -> None:
    """Let a worker pass over what the process that started it answers; asked by that one, it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that temporary files are removed


def start_resource_tracker() -> None:
    """Start Python's own process that removes what processes share, so that it works in silence, and to the end.

    A closed terminal must not end it before the others. What it removes after some that were killed concerns nobody.
    """
    if os.name != "posix":
        return  # Windows has none
    from multiprocessing.resource_tracker import ensure_running

    hangup = {signal.SIGHUP} if hasattr(signal, "SIGHUP") else set()
    options = list(sys.warnoptions)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, hangup) if hangup else set()  # it inherits both
    sys.warnoptions.append("ignore:resource_tracker")
    try:
        ensure_running()
    finally:
        sys.warnoptions[:] = options
        if hangup:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end(processes: Sequence[BaseProcess]) -> None:
    """End processes: ask them, and kill those that do not hear, as in a library's long call."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _HEARD
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            process.kill()
