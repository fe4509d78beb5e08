"""Unpacking an archive that is not trusted: regular files only, inside one folder, of no more than so many bytes."""

from __future__ import annotations

import gzip
import lzma
import re
import shutil
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.progress import AdvanceTo

_BLOCK = 2**20
_MOST_MEMBERS = 2_000_000
_MOST_PADDING = 64  # blocks after the last member
_DRIVE = re.compile(r"[A-Za-z]:")
_UTF8, _ENCRYPTED = 0x800, 0x1  # flags of a zip's member: how its name is written, and its content
_SPECIAL = "is a link, a device or otherwise no regular file"


class _Member(NamedTuple):
    """One entry of an archive; `fault` says why it must not be written, or is empty."""

    name: str
    size: int
    folder: bool
    fault: str
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, folder: Path, *, most: int, progress: AdvanceTo | None = None) -> None:
    """Unpack a ``.zip`` or ``.tar.gz``.

    Names are brought to Unicode NFC; what macOS adds to archives (``__MACOSX``, ``.DS_Store``) is left out.

    Parameters
    ----------
    archive : Path
    folder : Path
        A new folder, removed again if anything goes wrong.
    most : int
        Bytes that the content may have; more is refused. Never more than the disk has free.
    progress : callable, optional
        Called with (bytes of the archive read, bytes of the archive).

    Raises
    ------
    FusionError
        If a member would be written elsewhere, is a link or a device or comes twice, if it is all too large, or if
        the archive is damaged.
    """
    if folder.exists():
        raise FusionError(f"{folder}: is there already; unpacking needs a new folder")
    try:
        folder.mkdir(parents=True)
        _write_all(archive, folder, min(most, free_bytes(folder)), progress)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _DAMAGE):
            raise FusionError(
                f"{archive}: damaged, cannot be unpacked ({error}); delete it and fetch it again"
            ) from None
        if isinstance(error, OSError):
            raise unwritable(error.filename or folder, error, "read or written") from None
        raise


_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,  # zipfile's, for a method of compression that it does not know
    ValueError,
    OverflowError,
)


def free_bytes(folder: Path) -> int:
    """Return the free bytes where a folder is, or will be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def member_path(name: str) -> PurePosixPath:
    """Return the path of a member below the folder it is unpacked to.

    Raises
    ------
    ValueError
        Why it must not be written.
    """
    if "\0" in name:
        raise ValueError("has a NUL in its name")
    if "\\" in name:
        raise ValueError("has a backslash in its name")
    if name.startswith("/"):
        raise ValueError("has an absolute path")
    parts = [part for part in unicodedata.normalize("NFC", name).split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("leads out of its folder")
    if any(_DRIVE.match(part) for part in parts):
        raise ValueError("has a drive letter in its path")
    return PurePosixPath(*parts)


def _write_all(archive: Path, folder: Path, most: int, progress: AdvanceTo | None) -> None:
    """Write the members one by one; each is judged before it is written."""
    announced, size = 0, archive.stat().st_size
    with archive.open("rb") as file:
        members = _zip_members(file) if archive.suffix.lower() == ".zip" else _tar_members(file)
        for number, member in enumerate(members):
            announced += 0 if member.folder else member.size  # neither library gives more than that
            if announced > most or number >= _MOST_MEMBERS:
                raise FusionError(
                    f"{archive}: its content is larger than the {most:,} bytes that are expected or free, or has more "
                    f"than {_MOST_MEMBERS:,} members; refused, nothing was unpacked. Free some space if it is the "
                    "official archive"
                )
            try:
                path = _judged(member)
            except ValueError as error:
                raise _refused(archive, member, str(error)) from None
            try:
                if not _is_macos_extra(path):
                    _write(member, folder / path)
            except (FileExistsError, NotADirectoryError):
                raise _refused(archive, member, "comes twice, or lies in a member that is no folder") from None
            if progress:
                progress(min(file.tell(), size), size)


def _judged(member: _Member) -> PurePosixPath:
    path = member_path(member.name)
    if member.fault:
        raise ValueError(member.fault)
    if member.size < 0:
        raise ValueError("has a negative size")
    if not member.folder and not path.parts:
        raise ValueError("has no name")
    return path


def _write(member: _Member, path: Path) -> None:
    """Write a folder, or a file that is not there yet: nothing is ever replaced."""
    (path if member.folder else path.parent).mkdir(parents=True, exist_ok=True)
    source = None if member.folder else member.open()
    if source:
        with source, path.open("xb") as target:
            shutil.copyfileobj(source, target, _BLOCK)
            if target.tell() != member.size:
                raise EOFError(f"{member.name[:200]}: {target.tell():,} of {member.size:,} bytes")


def _zip_members(file: IO[bytes]) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as opened:
        for info in opened.infolist():
            name = info.orig_filename  # not cut at a NUL
            if not info.flag_bits & _UTF8:
                with suppress(UnicodeError):  # then it is as old as zip
                    name = name.encode("cp437").decode("utf-8")  # as macOS writes it, without declaring it
            regular = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)
            fault = _SPECIAL if not regular else "is encrypted" if info.flag_bits & _ENCRYPTED else ""
            yield _Member(name, info.file_size, name.endswith("/"), fault, partial(opened.open, info))


def _tar_members(file: IO[bytes]) -> Iterator[_Member]:
    """Give the members in one pass: a second one would decompress it all again."""
    with gzip.GzipFile(fileobj=file) as plain, tarfile.open(fileobj=plain, mode="r:") as opened:
        while info := opened.next():
            opened.members.clear()  # type: ignore[attr-defined]  # hundreds of thousands otherwise; only links would need them
            regular = info.isdir() or (info.isreg() and not info.issparse())
            fault = "" if regular else _SPECIAL
            yield _Member(info.name, info.size, info.isdir(), fault, partial(opened.extractfile, info))
        for _ in range(_MOST_PADDING):  # up to the checksum at its end
            if not plain.read(_BLOCK):
                break


def _refused(archive: Path, member: _Member, why: str) -> FusionError:
    return FusionError(
        f"{archive}: member {member.name[:200]!r} {why}; refused, nothing was unpacked. Is it the official archive?"
    )


def _is_macos_extra(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name == ".DS_Store" or path.name.startswith("._")
