"""What the audio files contain, remembered by path, size and modification time."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fusion.errors import FusionError
from fusion.runtime.files import content_hash
from fusion.runtime.memory import remembered
from fusion.runtime.progress import Advance

MISSING = ""

_VERSION = 2
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
            lambda batch: [(states[name], digest) for name, digest in zip(batch, pool.map(_hash, batch), strict=True)],
            batch=_BATCH,
            is_current=lambda key, result: result[0] == states[there[key]],
            advance=advance,
        )
    return [results[ascii(name)][1] if states[name] else MISSING for name in names]


def _state(name: str) -> str:
    """Return what changes with a file's content, empty if there is no such file (a pipe would never end)."""
    try:
        status = os.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if not stat.S_ISREG(status.st_mode):
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _hash(name: str) -> str:
    try:
        return content_hash(Path(name))
    except OSError as error:
        raise FusionError(
            f"{name}: cannot be read: {error.strerror or error}; mend its permissions or the disk"
        ) from None
