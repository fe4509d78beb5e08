"""The sound files of somebody's own folder, in any format that libsndfile decodes, and what is odd about them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from fusion.datasets.files import refuse_undecodable
from fusion.errors import FusionError, listing
from fusion.runtime.names import readable

FORMATS = (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64")
OTHER_FORMATS = (".m4a", ".aac", ".mp4", ".wma", ".ape", ".wv", ".webm")  # sound, too, but not for libsndfile

_HIDDEN = (".", "__MACOSX")

Sounds = dict[PurePosixPath, Path]


def own_sounds(root: Path, skip: bool) -> tuple[Sounds, list[str]]:
    """Find the sound files of a folder and those below it.

    Names that begin with a dot are passed over. Links are followed if they lead to something inside the folder.

    Parameters
    ----------
    root : Path
    skip : bool
        Leave out files of formats that cannot be decoded.

    Returns
    -------
    sounds : dict of PurePosixPath to Path
        Files by where they are below the folder, in Unicode's composed form (NFC), sorted.
    undecodable : list of str
        Where files are that were left out.

    Raises
    ------
    FusionError
        If the folder is not there or holds no sound, links lead out of it or in circles, a name is not UTF-8 or
        has a control character, or files are there that cannot be decoded and are not to be skipped.
    """
    if not root.is_dir():
        raise FusionError(f"{root}: no such folder; name the folder of your sounds with --data DIR")
    sounds: Sounds = {}
    undecodable: list[str] = []
    wrong: list[str] = []
    for path in _files(root, (root.resolve(),), wrong):
        inside = PurePosixPath(unicodedata.normalize("NFC", path.relative_to(root).as_posix()))
        if path.name.lower().endswith(OTHER_FORMATS):
            undecodable.append(f"{inside}")
        elif path.name.lower().endswith(FORMATS):
            if not readable(str(inside)):
                wrong.append(f"{str(inside)!a}: a control character in a name")
            elif sounds.setdefault(inside, path) != path:
                wrong.append(f"{inside}: there twice, in two forms of Unicode")
    if wrong:
        raise FusionError(f"{root}: {len(wrong)} files or links cannot be used; mend or remove them:\n{listing(wrong)}")
    if undecodable and not skip:
        raise FusionError(
            f"{root}: {len(undecodable)} files are of formats that cannot be decoded; convert them (to .flac, say), or "
            f"set dataset.skip_damaged: true to leave them out:\n{listing(undecodable)}"
        )
    if not sounds:
        raise FusionError(f"{root}: no sound file ({', '.join(FORMATS)}) in it; name the folder of your sounds")
    return dict(sorted(sounds.items())), undecodable


def _files(folder: Path, above: tuple[Path, ...], wrong: list[str]) -> Iterator[Path]:
    """Yield files, those behind links, too; what links do wrong is added to `wrong`.

    Parameters
    ----------
    folder : Path
    above : tuple of Path
        The real paths of the root, of folders below it and of this one.
    wrong : list of str
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise FusionError(f"{folder}: cannot be read ({error.strerror})") from None
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(_HIDDEN):
            continue
        refuse_undecodable(folder, entry.name)
        is_folder = path.is_dir()  # a DirEntry's own raises for a link to itself
        if entry.is_symlink():
            real = Path(os.path.realpath(path))
            inside = real.is_relative_to(above[0])
            counts = is_folder or entry.name.lower().endswith((*FORMATS, *OTHER_FORMATS))
            if counts and (not inside or real in above):
                wrong.append(f"{path}: a link {'in a circle' if inside else f'out of the folder, to {real}'}")
                continue
        if is_folder:
            yield from _files(path, (*above, Path(os.path.realpath(path))), wrong)
        else:
            yield path


def empty_folders(folder: Path, sounds: Sounds, root: Path) -> list[str]:
    """Return the names of folders directly in one that hold no sound, however deep."""
    used = {parent for path in sounds.values() for parent in path.parents}
    entries = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(_HIDDEN)]
    return [str(entry.relative_to(root)) for entry in entries if entry not in used]
