"""The files below a data set's folder that count: names that begin with a dot never do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from fusion.errors import FusionError, listing
from fusion.sound.reading import SUFFIXES


def sounds_below(folder: Path) -> Iterator[Path]:
    """Yield the sound files of a folder; where one is there in several formats, .wav before .flac before .ogg."""
    chosen: dict[Path, Path] = {}
    for suffix in SUFFIXES:
        for path in files_below(folder, (suffix,)):
            chosen.setdefault(path.with_suffix(""), path)
    yield from sorted(chosen.values())


def files_below(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of a folder and those below it with one of some suffixes, in any case.

    Links to folders count as the folders do: large data sets are spread over disks so.

    Raises
    ------
    FusionError
        For a name that is not UTF-8, and for a link to a folder above.
    """
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in sorted(folders) if not name.startswith((".", "__MACOSX"))]
        for link in filter(Path.is_symlink, (Path(place) / name for name in folders)):
            if Path(place).resolve().is_relative_to(link.resolve()):
                raise FusionError(f"{link}: a link in a circle; remove it")
        for name in sorted(names):
            if name.lower().endswith(suffixes) and not name.startswith("."):
                refuse_undecodable(place, name)
                yield Path(place) / name


def refuse_undecodable(place: str | Path, name: str) -> None:
    """Raise a FusionError for a name that is not UTF-8."""
    if name.encode(errors="replace").decode() != name:
        raise FusionError(f"{place}: the name {name!a} is not UTF-8; unpack again, or rename the file")


def missing_audio(missing: Sequence[str], skip: bool, folder: Path) -> list[str]:
    """Return the note about clips that metadata name but that have no audio file.

    Raises
    ------
    FusionError
        If there are any and they are not to be skipped.
    """
    if missing and not skip:
        paths = "mend their paths, which have / between folders, " if any("\\" in name for name in missing) else ""
        raise FusionError(
            f"{folder}: {len(missing)} clips are named in the metadata but have no audio file; {paths}unpack the "
            "data set again, mend links that lead nowhere and names in other letters (A is not a), or set "
            f"dataset.skip_damaged: true to leave them out:\n{listing(missing)}"
        )
    return [f"damaged: {len(missing)} clips left out (no audio file)"] if missing else []
