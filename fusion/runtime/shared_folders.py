"""Whether another machine sees the same folders: it is asked for what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from fusion.runtime.files import unwritable

Marks = Mapping[str, Mapping[str, int | str]]

_LOOKED_AT = 8  # names in a folder


@contextmanager
def marked(read: Sequence[Path], written: Sequence[Path]) -> Iterator[Marks]:
    """Say by what another machine knows folders, while it may be asked.

    Parameters
    ----------
    read : sequence of Path
        Folders or files, known by their numbers in the file system, folders by those of some things in them, too: a
        copy on another disk has others. What is added meanwhile does not matter.
    written : sequence of Path
        Known by a file that lies there meanwhile; one that is not there yet by its parent folder.

    Yields
    ------
    dict of str to dict
        For `unseen`, by folder: what to look at, and what is found there, a number or a text.
    """
    with ExitStack() as left:
        marks: dict[str, dict[str, int | str]] = {
            str(path): {str(each): each.lstat().st_ino for each in (path, *_some(path))}
            for path in read
            if path.exists()
        }
        for folder in written:
            there = next(each for each in (folder, *folder.parents) if each.exists())
            file = there / f".fusion-seen-{uuid4().hex}"
            try:
                file.write_text(file.name, encoding="utf-8")
            except OSError as error:
                raise unwritable(folder, error) from error
            left.callback(file.unlink, missing_ok=True)
            marks[str(folder)] = {str(file): file.name}
        yield marks


def unseen(marks: Marks) -> list[str]:
    """Return the folders of `marked` that are not the same here."""
    return [
        folder for folder, known in marks.items() if not all(_is(Path(path), found) for path, found in known.items())
    ]


def _is(path: Path, found: int | str) -> bool:
    with suppress(OSError, ValueError):
        return (path.read_text(encoding="utf-8") if isinstance(found, str) else path.lstat().st_ino) == found
    return False


def _some(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    return sorted(each for each in path.iterdir() if each.name[0] not in "._")[:_LOOKED_AT]  # such come and go
