"""What the audio files contain, remembered by path, size, inode and times.

The time of the last change of any kind (ctime) counts beside that of the content: archives and copies repeat the
latter, and nobody can set the former. What changed a moment ago is not trusted, because it may change again within one
step of the file system's clock.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fusion.errors import FusionError
from fusion.runtime.files import content_hash
from fusion.runtime.memory import remembered
from fusion.runtime.progress import Advance

MISSING = ""

State = tuple[int, ...]
"""Size, inode, time of the last modification and of the last change of any kind (ns)."""

_VERSION = 3
_MOMENT = 2 * 10**9  # ns: the coarsest clock, that of FAT
_BATCH = 512  # files hashed between two writes to the table


def content_hashes(paths: Sequence[Path], cache: Path, jobs: int = 1, advance: Advance | None = None) -> list[str]:
    """Return a hash of each file's bytes; only new and changed files are read.

    Parameters
    ----------
    paths : sequence of Path
    cache : Path
        Folder of the table ``hashes.sqlite``.
    jobs : int
        Files read at once.
    advance : callable, optional
        Called with a number of files done.

    Returns
    -------
    list of str
        32 hex digits (BLAKE2b) each, empty for a file that is not there.

    Raises
    ------
    FusionError
        If the table cannot be written or a file cannot be read.
    """
    names = [os.path.abspath(path) for path in paths]
    states = {name: _state(name) for name in dict.fromkeys(names)}
    there = {ascii(name): name for name, state in states.items() if state}  # in ASCII: not every name is UTF-8
    if advance:
        advance(len(states) - len(there))
    with ThreadPoolExecutor(jobs) as pool:
        results = remembered(
            cache / "hashes.sqlite",
            _VERSION,
            there,
            lambda batch: list(zip((_settled(states[name]) for name in batch), pool.map(_hash, batch), strict=True)),
            batch=_BATCH,
            is_current=lambda key, result: result[0] == list(states[there[key]]),
            advance=advance,
        )
    return [results[ascii(name)][1] if states[name] else MISSING for name in names]


def _state(name: str) -> State:
    """Return what changes with a file's content, nothing if there is no such file (a pipe would never end)."""
    try:
        status = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    if not stat.S_ISREG(status.st_mode):
        return ()
    return status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _settled(state: State) -> State:
    """Return a file's state if it has not changed for a moment, else nothing, which is no file's state."""
    return state if max(state[2:]) < time.time_ns() - _MOMENT else ()


def _hash(name: str) -> str:
    try:
        return content_hash(Path(name))
    except OSError as error:
        raise FusionError(
            f"{name}: cannot be read: {error.strerror or error}; mend its permissions or the disk"
        ) from None
