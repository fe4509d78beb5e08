"""What the audio files contain, remembered by path, size and modification time."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from fusion.errors import FusionError
from fusion.runtime.files import unwritable

MISSING = ""

Advance = Callable[[int], None]

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
    table = cache / "hashes.sqlite"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(table, timeout=60)) as database:
            database.execute(
                "CREATE TABLE IF NOT EXISTS hashes (path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER, hash TEXT)"
            )
            names = [os.fsencode(os.path.abspath(path)) for path in paths]  # bytes: not every name is UTF-8
            return _hashes(names, database, jobs, advance or (lambda _: None))
    except OSError as error:
        raise unwritable(table, error) from error
    except sqlite3.Error as error:
        raise FusionError(
            f"{table}: the table of content hashes cannot be used: {error}; free some space, mend the permissions, "
            "delete this file, or name another folder with --cache"
        ) from error


def _hashes(paths: list[bytes], database: sqlite3.Connection, jobs: int, advance: Advance) -> list[str]:
    known = _known(paths, database)
    hashes: dict[bytes, str] = {}
    stale: list[tuple[bytes, int, int]] = []
    for path in dict.fromkeys(paths):
        try:
            status = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            hashes[path] = MISSING
            continue
        if not stat.S_ISREG(status.st_mode):  # a pipe would never end
            hashes[path] = MISSING
            continue
        size, mtime, digest = known.get(path, (-1, -1, ""))
        if (size, mtime) == (status.st_size, status.st_mtime_ns):
            hashes[path] = digest
        else:
            stale.append((path, status.st_size, status.st_mtime_ns))
    advance(len(hashes))
    with ThreadPoolExecutor(jobs) as pool:
        for first in range(0, len(stale), _BATCH):
            batch = stale[first : first + _BATCH]
            digests = list(pool.map(_hash, [path for path, _, _ in batch]))
            rows = [(*entry, digest) for entry, digest in zip(batch, digests, strict=True)]
            with database:
                database.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?, ?, ?)", rows)
            hashes.update({path: digest for path, _, _, digest in rows})
            advance(len(batch))
    return [hashes[path] for path in paths]


def _known(paths: Iterable[bytes], database: sqlite3.Connection) -> dict[bytes, tuple[int, int, str]]:
    folders = {os.path.dirname(path) for path in paths}
    known: dict[bytes, tuple[int, int, str]] = {}
    for folder in folders:
        inside = (folder + b"/", folder + b"0")  # 0 comes after /
        rows = database.execute("SELECT path, size, mtime, hash FROM hashes WHERE path >= ? AND path < ?", inside)
        known.update({path: (size, mtime, digest) for path, size, mtime, digest in rows})
    return known


def _hash(path: bytes) -> str:
    try:
        with open(path, "rb", buffering=0) as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise FusionError(
            f"{os.fsdecode(path)}: cannot be read: {error.strerror or error}; mend its permissions or the disk"
        ) from None
