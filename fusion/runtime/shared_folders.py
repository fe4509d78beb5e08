"""Whether another machine sees the same folders: it is asked for what stands in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fusion.runtime.files import unwritable

Marks = Mapping[str, tuple[str, str]]


@contextmanager
def marked(read: Sequence[Path], written: Sequence[Path]) -> Iterator[Marks]:
    """Say by what another machine knows folders, while it may be asked.

    Parameters
    ----------
    read : sequence of Path
        Known by the names in them, and their number in the file system.
    written : sequence of Path
        Known by a file that lies there meanwhile; one that is not there yet by its parent folder.

    Yields
    ------
    dict of str to two str
        For `unseen`, by folder: what to look at, and what is found there.
    """
    with ExitStack() as left:
        marks: dict[str, tuple[str, str]] = {
            str(folder): (str(folder), _look_of(folder)) for folder in read if folder.is_dir()
        }
        for folder in written:
            there = next(each for each in (folder, *folder.parents) if each.exists())
            file = there / f".fusion-seen-{uuid4().hex}"
            try:
                file.write_text(file.name, encoding="utf-8")
            except OSError as error:
                raise unwritable(folder, error) from error
            left.callback(file.unlink, missing_ok=True)
            marks[str(folder)] = str(file), file.name
        yield marks


def unseen(marks: Marks) -> list[str]:
    """Return the folders of `marked` that are not the same here."""
    return [folder for folder, (path, mark) in marks.items() if not _sees(Path(path), mark)]


def _sees(path: Path, mark: str) -> bool:
    with suppress(OSError, ValueError):
        return (path.read_text(encoding="utf-8") if path.is_file() else _look_of(path)) == mark
    return False


def _look_of(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))  # such come and go
    text = "\0".join([str(folder.stat().st_ino), *names])  # a copy on another disk has another number
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
