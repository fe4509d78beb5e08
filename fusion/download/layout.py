"""Where an archive's content belongs below a data set's root, and whether it is there and whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fusion.download.archives import Archive
from fusion.errors import FusionError
from fusion.sound.reading import SUFFIXES

_DEEPEST = 3  # folders above the content


def is_absent(archive: Archive, root: Path) -> bool:
    """Whether there is nothing where an archive's content belongs; an empty folder is nothing."""
    folder = root / archive.folder
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def is_whole(archive: Archive, root: Path, audio: int | None = None) -> bool:
    """Whether an archive's content is where it belongs, with all its sound files: `audio`, or as many as is known."""
    content = root / archive.folder / archive.inner
    holds = all((content / name).exists() for name in archive.holds)
    return content.is_dir() and holds and count_audio(content) == (archive.audio if audio is None else audio)


def count_audio(folder: Path) -> int:
    """Return the number of sound files in a folder and below it."""
    return sum(name.lower().endswith(SUFFIXES) for _, _, names in os.walk(folder) for name in names)


def arrange(archive: Archive, unpacked: Path, tidy: Path) -> int:
    """Move what was unpacked to the layout that the reader wants, whatever folders the archive put around it.

    Parameters
    ----------
    archive : Archive
    unpacked : Path
        What is in the archive; is used up.
    tidy : Path
        A new folder, to become the archive's `folder`.

    Returns
    -------
    int
        Sound files in it.

    Raises
    ------
    FusionError
        If the content is not in it.
    """
    content = next((folder for folder in _folders(unpacked) if _is_content(archive, folder)), None)
    if content is None:
        wanted = ", ".join(archive.holds) or "a folder with sound files"
        found = ", ".join(sorted(entry.name for entry in unpacked.iterdir())[:5]) or "nothing"
        raise FusionError(
            f"{archive.file}: does not hold what it should ({wanted}); found {found}. Delete it and fetch it again"
        )
    around = [folder for folder in (content, *content.parents) if unpacked in (folder, *folder.parents)][1:]
    target = tidy / archive.inner
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = [entry for folder in around for entry in folder.iterdir() if entry not in (content, *around)]
    content.rename(target)
    for entry in aside:  # a README beside the content, say
        if not (tidy / entry.name).exists():
            entry.rename(tidy / entry.name)
    return count_audio(target)


def _folders(top: Path) -> Iterator[Path]:
    """Give a folder and those below it, the upper ones first, not very deep."""
    level = [top]
    for _ in range(_DEEPEST + 1):
        yield from level
        level = sorted(entry for folder in level for entry in folder.iterdir() if entry.is_dir())


def _is_content(archive: Archive, folder: Path) -> bool:
    if archive.holds:
        return all((folder / name).exists() for name in archive.holds)
    return any(entry.name.lower().endswith(SUFFIXES) for entry in folder.iterdir())
