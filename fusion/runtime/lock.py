"""One process at a time, on whatever machine that shares the folder: a lease, which its holder renews."""

from __future__ import annotations

import math
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion.errors import FusionError

_LEASE = 60.0  # seconds without a sign of life after which another machine's holder counts as dead


@contextmanager
def alone(lock: Path, busy: str, wait: float = 0.0) -> Iterator[None]:
    """Keep other processes that ask for the same lock out.

    The lock is a file that names machine and process of its holder, and is touched by it again and again. So it holds
    on file systems that several machines share, whether these know locks or not; one that was left behind by a process
    of this machine counts no more at once, one from another machine after a while.

    Parameters
    ----------
    lock : Path
        The lock file; is there as long as the lock is held. Missing parent folders are made.
    busy : str
        What to say if another process holds it; who that is is added.
    wait : float, seconds
        How long to wait for it; for ever with ``math.inf``, which a warning tells.

    Raises
    ------
    FusionError
        If another process holds it, and longer than that.
    OSError
        If the file cannot be made.
    """
    from filelock import SoftFileLease, Timeout  # 0.1 s of import, of use only where work begins

    lock.parent.mkdir(parents=True, exist_ok=True)
    held = SoftFileLease(lock, lease_duration=_LEASE, on_compromise=lambda _: _lost(lock))
    try:
        held.acquire(timeout=0 if wait == math.inf else wait)
    except Timeout:
        owner = held.owner
        elsewhere = owner is not None and owner.hostname != socket.gethostname()
        who = f"{busy}: it is process {owner.pid} on {owner.hostname}" if owner else busy
        if wait == math.inf:
            warnings.warn(who, stacklevel=3)
        elif not elsewhere or wait > _LEASE:
            raise FusionError(who) from None
        try:  # whether it lives on another machine shows within the time of a lease
            held.acquire(timeout=-1 if wait == math.inf else 1.2 * _LEASE, poll_interval=1)
        except Timeout:
            raise FusionError(who) from None
    try:
        yield
    finally:
        held.release()


def held_elsewhere(lock: Path) -> bool:
    """Say whether a process of another machine holds a lock, or left it behind."""
    from filelock import SoftFileLease

    owner = SoftFileLease(lock).owner
    return owner is not None and owner.hostname != socket.gethostname()


def _lost(lock: Path) -> None:
    warnings.warn(f"{lock}: another process took this lock, because this one gave no sign of life", stacklevel=2)
