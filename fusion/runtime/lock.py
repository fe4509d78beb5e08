"""One process at a time: a lock file that every operating system respects."""

from __future__ import annotations

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fusion.errors import FusionError

_NO_LOCKS = {
    errno.ENOSYS,
    errno.ENOLCK,
    errno.EOPNOTSUPP,
}  # as Lustre, NFS and FUSE may answer


@contextmanager
def alone(lock: Path, busy: str, wait: float = 0.0) -> Iterator[None]:
    """Keep other processes that ask for the same lock out.

    Where the file system has no locks, work goes on without one after a warning: leftover marker files, which would
    do instead, keep everybody out for ever once a process on another computer was killed.

    Parameters
    ----------
    lock : Path
        The lock file; is there as long as the lock is held. Missing parent folders are made.
    busy : str
        What to say if another process holds it.
    wait : float, seconds
        How long to wait for it.

    Raises
    ------
    FusionError
        If another process holds it, and longer than that.
    OSError
        If the file cannot be made.
    """
    from filelock import FileLock, Timeout  # 0.1 s of import, of use only where work begins

    lock.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(lock, timeout=wait, fallback_to_soft=False)
    try:
        held.acquire()
    except Timeout:
        raise FusionError(busy) from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        warnings.warn(f"{lock}: {error.strerror}: no locks here; start nothing else on the same files", stacklevel=3)
    try:
        yield
    finally:
        with suppress(PermissionError):  # Windows removes it on release
            lock.unlink(missing_ok=True)  # before the release, so that nobody's fresh lock is removed
        held.release()
