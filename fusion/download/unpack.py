"""Unpacking an archive whose checksum was right: regular files only, inside one folder, none of them twice.

`tarfile`'s filters would do for tar alone, and the Python of Debian 12 (3.11.2) has none.
"""

from __future__ import annotations

import gzip
import re
import shutil
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.progress import AdvanceTo

_BLOCK = 2**20
_UTF8 = 0x800  # flag of a zip's member: how its name is written
_OUTSIDE = re.compile(r"^/|(^|/)\.\.(/|$)|(^|/)[A-Za-z]:|[\\\0]")  # absolute, upwards, a drive; on Windows, too
_MACOS = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|\._[^/]*$)")
_REFUSED = (
    *(tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError),  # damaged since it was verified
    *(ValueError, FileExistsError, NotADirectoryError),  # the folder is new: a member lies in the way of another
)


def unpack(archive: Path, folder: Path, progress: AdvanceTo | None = None) -> None:
    """Unpack a ``.zip`` or a ``.tar.gz``; a table (``.csv``) is copied.

    Names are brought to Unicode NFC; what macOS adds to archives (``__MACOSX``, ``.DS_Store``) is left out.

    Parameters
    ----------
    archive : Path
    folder : Path
        A new folder, removed again if anything goes wrong.
    progress : callable, optional
        Called with (bytes of the archive read, bytes of the archive).

    Raises
    ------
    FusionError
        If a member would be written elsewhere, is a link or a device or comes twice, if the archive is damaged, or if
        the disk is full or the folder read-only.
    """
    if folder.exists():
        raise FusionError(f"{folder}: is there already; unpacking needs a new folder")
    try:
        folder.mkdir(parents=True)
        size = archive.stat().st_size
        with archive.open("rb") as file:
            for name, source in _members(archive, file):
                if _OUTSIDE.search(name):
                    raise ValueError(f"{name[:200]!r} leads out of its folder")
                if not _MACOS.search(name):
                    _write(source, folder / unicodedata.normalize("NFC", name))
                if progress:
                    progress(min(file.tell(), size), size)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _REFUSED):
            raise FusionError(
                f"{archive}: cannot be unpacked ({error}); nothing was. Is it the official archive? Delete it and "
                "fetch it again"
            ) from None
        if isinstance(error, OSError):
            raise unwritable(error.filename or folder, error, "read or written") from None
        raise


def _write(source: IO[bytes] | None, path: Path) -> None:
    """Write a file that is not there yet, or a folder where there is no source."""
    (path.parent if source else path).mkdir(parents=True, exist_ok=True)
    if source:
        with source, path.open("xb") as target:
            shutil.copyfileobj(source, target, _BLOCK)


def _members(archive: Path, file: IO[bytes]) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Give names and contents of an archive; a table is its own only member."""
    suffix = archive.suffix.lower()
    if suffix == ".csv":
        return iter([(archive.name, archive.open("rb"))])
    return _zip_members(file) if suffix == ".zip" else _tar_members(file)


def _zip_members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Give names and contents; a link's content is where it leads, which is written as text."""
    with _as_damage():
        opened = zipfile.ZipFile(file)
    with opened:
        for info in opened.infolist():
            name = info.filename
            if not info.flag_bits & _UTF8:
                with suppress(UnicodeError):  # then it is as old as zip
                    name = name.encode("cp437").decode("utf-8")  # as macOS writes it, without declaring it
            with _as_damage():
                source = None if info.is_dir() else opened.open(info)
            yield name, source


@contextmanager
def _as_damage() -> Iterator[None]:
    """Raise as damage what zipfile raises of encryption, of versions it does not know, and of fields without sense."""
    try:
        yield
    except (RuntimeError, IndexError, struct.error) as error:
        raise zipfile.BadZipFile(str(error)) from None


def _tar_members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Give names and contents in one pass: a second one would decompress it all again."""
    with tarfile.open(fileobj=file, mode="r:gz") as opened:
        while info := opened.next():
            opened.members.clear()  # type: ignore[attr-defined]  # hundreds of thousands otherwise; only links need them
            if not (info.isdir() or info.isreg()):
                raise ValueError(f"{info.name[:200]!r} is a link, a device or otherwise no regular file")
            yield info.name, opened.extractfile(info)
        while opened.fileobj and opened.fileobj.read(_BLOCK):
            pass  # up to gzip's checksum
