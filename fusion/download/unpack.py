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
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from fusion.errors import FusionError
from fusion.runtime.disk import free_bytes, unwritable

Told = Callable[[int, int], None]

_BLOCK = 2**20
_MOST_MEMBERS = 2_000_000
_MOST_PADDING = 64  # blocks after the last member
_DRIVE = re.compile(r"[A-Za-z]:")
_UTF8 = 0x800  # flag of a zip's member: its name is UTF-8
_ENCRYPTED = 0x1
_KINDS = {stat.S_IFLNK: "a symbolic link", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFIFO: "a pipe"}


class _Member(NamedTuple):
    """One file or folder of an archive; a folder has nothing to open."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None] | None


def unpack(archive: Path, folder: Path, *, most: int, progress: Told | None = None) -> int:
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

    Returns
    -------
    int
        Bytes written.

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
        most = min(most, free_bytes(folder))
        return _write_all(archive, folder, most, progress)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _DAMAGE):
            raise FusionError(
                f"{archive}: damaged, cannot be unpacked ({error}); delete it and fetch it again"
            ) from None
        if isinstance(error, OSError):
            raise unwritable(folder, error) from None
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


def _write_all(archive: Path, folder: Path, most: int, progress: Told | None) -> int:
    """Write the members one by one; each is judged before it is written."""
    written = 0
    seen: dict[str, bool] = {}  # case-folded path: is it a folder?
    size = archive.stat().st_size
    zipped = archive.suffix.lower() == ".zip"
    with archive.open("rb") as file:
        members = _zip_members(archive, file, most) if zipped else _tar_members(archive, file, folder)
        for number, member in enumerate(members):
            try:
                path = member_path(member.name)
                _refuse_again(path, member.open is None, seen)
            except ValueError as error:
                raise _refused(archive, member.name, str(error)) from None
            if number >= _MOST_MEMBERS:
                raise FusionError(f"{archive}: more than {_MOST_MEMBERS:,} members; refused, nothing was unpacked")
            if written + member.size > most:
                raise FusionError(_too_large(archive, most))
            if _rubbish(path):
                continue
            if member.open is None:
                (folder / path).mkdir(parents=True, exist_ok=True)
                continue
            written += _write(member, folder / path, archive, most - written)
            if progress:
                progress(min(file.tell(), size), size)
    return written


def _refuse_again(path: PurePosixPath, is_folder: bool, seen: dict[str, bool]) -> None:
    """Refuse a path that was there, also one that only differs in case, or that a file's path leads through."""
    if not path.parts and not is_folder:
        raise ValueError("has no name")
    for parent in path.parents:
        if parent.parts and not seen.setdefault(str(parent).casefold(), True):
            raise ValueError("lies in a member that is no folder")
    key = str(path).casefold()
    if key in seen and not (is_folder and seen[key]):
        raise ValueError("comes twice")
    seen[key] = is_folder


def _write(member: _Member, path: Path, archive: Path, most: int) -> int:
    """Write one file; what its header announces is not believed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    source = member.open() if member.open else None
    if source is None:
        raise _refused(archive, member.name, "is no regular file")
    with source, path.open("xb") as target:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > most:
                raise FusionError(_too_large(archive, most))
            target.write(block)
    if written != member.size:
        raise EOFError(f"{member.name[:200]}: {written:,} of {member.size:,} bytes")
    return written


def _zip_members(archive: Path, file: IO[bytes], most: int) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as opened:
        infos = opened.infolist()
        if sum(info.file_size for info in infos) > most:
            raise FusionError(_too_large(archive, most))
        for info in infos:
            name = _zip_name(info)
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(archive, name, f"is {_KINDS.get(kind, 'no regular file')}")
            if info.flag_bits & _ENCRYPTED:
                raise _refused(archive, name, "is encrypted")
            yield _Member(name, info.file_size, None if name.endswith("/") else partial(opened.open, info))


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name as it was stored: not cut at a NUL, and read as UTF-8 also where that is not declared."""
    name = info.orig_filename
    if info.flag_bits & _UTF8:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _tar_members(archive: Path, file: IO[bytes], folder: Path) -> Iterator[_Member]:
    """Give the members in one pass: a second one would decompress it all again."""
    with gzip.GzipFile(fileobj=file) as plain, tarfile.open(fileobj=plain, mode="r:", errorlevel=2) as opened:
        while info := opened.next():
            opened.members.clear()  # type: ignore[attr-defined]  # hundreds of thousands otherwise; only links would need them
            name = info.name + "/" * info.isdir()
            if info.issym() or info.islnk():
                raise _refused(archive, name, f"is a {'symbolic' if info.issym() else 'hard'} link")
            if info.issparse() or not (info.isreg() or info.isdir()):
                raise _refused(archive, name, "is a device, a pipe or otherwise no regular file")
            yield _Member(name, info.size, None if info.isdir() else partial(_open_filtered, opened, info, folder))
        for _ in range(_MOST_PADDING):  # up to the checksum at its end
            if not plain.read(_BLOCK):
                break


def _open_filtered(opened: tarfile.TarFile, info: tarfile.TarInfo, folder: Path) -> IO[bytes] | None:
    """Open a member, if Python's own filter for data has nothing against it either."""
    if hasattr(tarfile, "data_filter"):  # from 3.11.4
        tarfile.data_filter(info, str(folder))
    return opened.extractfile(info)


def _rubbish(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name == ".DS_Store" or path.name.startswith("._")


def _refused(archive: Path, name: str, why: str) -> FusionError:
    return FusionError(
        f"{archive}: member {name[:200]!r} {why}; refused, nothing was unpacked. Is it the official archive?"
    )


def _too_large(archive: Path, most: int) -> str:
    return (
        f"{archive}: its content is larger than the {most:,} bytes that are expected or free; refused, nothing was "
        "unpacked. Free some space if it is the official archive"
    )
