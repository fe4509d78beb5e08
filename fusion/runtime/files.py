"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from fusion.errors import FusionError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write a file or a folder to; rename it when all went well.

    Parameters
    ----------
    path : Path
        What to replace. Missing parent folders are made.

    Yields
    ------
    Path
        Does not exist yet; keeps the suffix of `path`.

    Raises
    ------
    FusionError
        If the disk is full, the folder read-only and the like. Nothing half-written is left behind.
    """
    temporary = path.with_name(f"{path.stem}.tmp-{uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        for written in (*(temporary.rglob("*") if temporary.is_dir() else ()), temporary):
            _to_disk(written)
        if temporary.is_dir() and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif temporary.is_dir():
            path.unlink(missing_ok=True)  # what else stands in its place
        temporary.replace(path)
        _to_disk(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):  # must not hide why it could not be written
                temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: a machine that loses its power forgets the rest."""
    if os.name != "posix":  # where a folder cannot be opened, and a file only to be written
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that cannot
            raise
    finally:
        os.close(opened)


def unwritable(path: Path, error: OSError, verb: str = "written") -> FusionError:
    """Return the error for a file or folder that could not be written, or whatever `verb` says."""
    return FusionError(
        f"{path}: cannot be {verb}: {error.strerror or error}; free some space, mend the permissions, or name another "
        "folder with --cache, --results, --data or --out. What was finished is kept, the same command goes on from "
        "there"
    )


def content_hash(path: Path) -> str:
    """Return a hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def is_content(path: Path, content: object) -> bool:
    """Say whether a file is there and has this content hash."""
    try:
        return content_hash(path) == content
    except OSError:
        return False


def content_hashes_in(folder: Path) -> dict[str, str]:
    """Return the content hash of each file directly in a folder, by name."""
    return {path.name: content_hash(path) for path in sorted(folder.iterdir()) if path.is_file()}


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
