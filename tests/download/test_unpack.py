"""Archives, most of them hostile."""

from __future__ import annotations

import gzip
import io
import random
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.download import unpack as module
from fusion.download.unpack import unpack
from fusion.errors import FusionError

Maker = Callable[[Path, list[tuple[str, bytes]]], Path]


def make_tar(folder: Path, members: list[tuple[str, bytes]]) -> Path:
    path = folder / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_zip(folder: Path, members: list[tuple[str, bytes]]) -> Path:
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")
BOTH = pytest.mark.parametrize("make", [make_tar, make_zip])


def refused(archive: Path, match: str) -> None:
    """Unpacking is refused and leaves nothing, neither in the folder nor beside it."""
    (archive.parent / "new").mkdir(exist_ok=True)
    before = set(archive.parent.rglob("*"))
    with pytest.raises(FusionError, match=match) as caught:
        unpack(archive, archive.parent / "new" / "out")
    assert str(archive) in str(caught.value)
    assert set(archive.parent.rglob("*")) == before


@BOTH
def test_plain(make: Maker, tmp_path: Path) -> None:
    members = [("./", b""), ("a/", b""), ("a/b.wav", b"123"), ("./a/c d.wav", b""), ("e/f/g.txt", b"4567" * 10**5)]
    told: list[tuple[int, int]] = []
    archive = make(tmp_path, members)
    unpack(archive, tmp_path / "out", lambda *news: told.append(news))
    assert (tmp_path / "out/a/b.wav").read_bytes() == b"123"
    assert (tmp_path / "out/a/c d.wav").read_bytes() == b""
    assert len((tmp_path / "out/e/f/g.txt").read_bytes()) == 400_000
    assert told
    assert all(0 <= done <= total == archive.stat().st_size for done, total in told)


@BOTH
@pytest.mark.parametrize(
    "name",
    [
        *("/etc/evil", "//evil", "../evil", "a/../../evil", "a/..", "__MACOSX/../../evil"),
        *("C:/evil", "C:evil", "a/d:evil", "..\\evil", "\\\\server\\evil"),
    ],
)
def test_names(make: Maker, tmp_path: Path, name: str) -> None:
    archive = make(tmp_path, [("good", b"1"), (name, b"2")])
    refused(archive, f"{re.escape(repr(name))} leads out of its folder")


def test_nul_in_a_name(tmp_path: Path) -> None:
    refused(make_tar(tmp_path, [("evil\0.wäv", b"2")]), "leads out")


@BOTH
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("a", "./a"),
        ("x/é", "x/e\u0301"),
        ("a/b", "a"),
        ("a", "a/b"),
        ("a", "a/"),
        ("a/", "a"),
    ],
)
def test_twice(make: Maker, tmp_path: Path, first: str, second: str) -> None:
    refused(make(tmp_path, [(first, b""), (second, b"")]), "cannot be unpacked .*(exists|Not a directory)")


@BOTH
def test_folders_may_come_twice(make: Maker, tmp_path: Path) -> None:
    unpack(make(tmp_path, [("a/b", b"1"), ("a/", b""), ("a/", b"")]), tmp_path / "out")
    assert (tmp_path / "out/a/b").read_bytes() == b"1"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "good", ".."])
def test_special_members_of_a_tar(tmp_path: Path, kind: bytes, target: str) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("good"), io.BytesIO())
        info = tarfile.TarInfo("evil")
        info.type, info.linkname = kind, target
        archive.addfile(info)
        archive.addfile(tarfile.TarInfo("evil/passwd"), io.BytesIO())
    refused(path, "'evil' is a link, a device or otherwise no regular file")


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
def test_special_members_of_a_zip_become_files(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("evil")
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    unpack(path, tmp_path / "out")
    assert stat.S_ISREG((tmp_path / "out" / "evil").lstat().st_mode)
    assert (tmp_path / "out" / "evil").read_text() == "/etc/passwd"


@BOTH
def test_a_bug_is_not_reported_as_damage(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "_write", bug)
    with pytest.raises(RuntimeError, match="a bug"):
        unpack(make(tmp_path, [("a", b"1")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.mkdir()
    with pytest.raises(FusionError, match=r"a\.zip: cannot be read or written: Is a directory"):
        unpack(archive, tmp_path / "out")


def test_disk_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "b.wav")

    monkeypatch.setattr(module, "_write", full)
    with pytest.raises(FusionError, match=r"b\.wav: .*No space left on device; free some space"):
        unpack(make_tar(tmp_path, [("b.wav", b"")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@BOTH
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_short(make: Maker, tmp_path: Path, share: float) -> None:
    archive = make(tmp_path, [(str(number), random.Random(number).randbytes(10**4)) for number in range(9)])
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])
    refused(archive, "cannot be unpacked .*Delete it and fetch it again")


@BOTH
def test_bytes_flipped(make: Maker, tmp_path: Path) -> None:
    archive = make(tmp_path, [("a/b", random.Random(1).randbytes(10**5))])
    content = bytearray(archive.read_bytes())
    content[5 * 10**4] ^= 255
    archive.write_bytes(content)
    refused(archive, "cannot be unpacked")


def test_no_archive_at_all(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar.gz"):
        (tmp_path / name).write_bytes(b"<html>")
        refused(tmp_path / name, "cannot be unpacked")
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"no tar" * 1000))
    refused(tmp_path / "a.tar.gz", "cannot be unpacked")


def test_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(FusionError, match="too long"):
        unpack(make_tar(tmp_path, [("a" * 300, b"")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folder_is_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(FusionError, match="is there already"):
        unpack(make_tar(tmp_path, [("a", b"")]), tmp_path / "out")
    assert (tmp_path / "out" / "mine").exists()


def test_rubbish_of_macos_and_names_in_undeclared_utf8(tmp_path: Path) -> None:
    name = "Joe\u0301.wav".encode()  # as macOS stores it: decomposed, and without saying that it is UTF-8
    archive = make_zip(tmp_path, [("__MACOSX/._x", b"1"), (".DS_Store", b"1"), ("a/._b.wav", b"1"), ("X" * 9, b"2")])
    assert len(name) == 9
    archive.write_bytes(archive.read_bytes().replace(b"X" * 9, name))
    unpack(archive, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.wav")] == ["Jo\u00e9.wav"]
    assert not list((tmp_path / "out").glob("__*"))


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    archive = make_zip(tmp_path, [("Joe\u0301.wav", b"1"), ("X" * 7, b"2")])
    archive.write_bytes(archive.read_bytes().replace(b"X" * 7, "Zoë.wav".encode("cp437")))
    unpack(archive, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"Joé.wav": b"1", "Zoë.wav": b"2"}


PIECES = st.sampled_from(["..", ".", "", "a", "b.wav", "C:", "c:x", "~", "é", " ", "-", "...", "a..b"])


@given(st.lists(PIECES, max_size=6).map("/".join) | st.text(max_size=20))
def test_what_is_accepted_stays_inside(name: str) -> None:
    root = PureWindowsPath("D:/data/root")  # where more is a way out than elsewhere
    if not module._OUTSIDE.search(name):
        path = root / name
        assert root == path or root in path.parents
        assert ".." not in path.parts


@given(st.lists(st.text("abcé -_'()&,", min_size=1, max_size=9), min_size=1))
def test_ordinary_names_are_accepted(parts: list[str]) -> None:
    assert not module._OUTSIDE.search("/".join(parts))
