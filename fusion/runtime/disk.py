"""The disk that data sets go to: room, one process at a time, and what to say when it cannot be written."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion.errors import FusionError


def free_bytes(folder: Path) -> int:
    """Return the free bytes where a folder is, or will be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def gigabytes(size: int) -> str:
    """Return a size as people read it.

    >>> gigabytes(1_068_767_009)
    '1.07 GB'
    """
    return f"{size / 10**9:.2f} GB"


def unwritable(path: Path, error: OSError) -> FusionError:
    """Return the error for a path that could not be written or read."""
    where = error.filename if isinstance(error.filename, str) else path
    return FusionError(
        f"{where}: {error.strerror or error}; free some space, mend the permissions or name another folder. What was "
        "finished is kept, the same command goes on from there"
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other processes that ask the same from a folder.

    Raises
    ------
    FusionError
        If another one is at work there.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FusionError(f"{folder}: another process is fetching to this folder; wait for it") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)
