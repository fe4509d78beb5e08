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
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.download import unpack as module
from fusion.download.unpack import member_path, unpack
from fusion.errors import FusionError

Maker = Callable[[Path, list[tuple[str, bytes]]], Path]
ENOUGH = 10**7


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


def refused(archive: Path, match: str, most: int = ENOUGH) -> None:
    """Unpacking is refused and leaves nothing, neither in the folder nor beside it."""
    (archive.parent / "new").mkdir(exist_ok=True)
    before = set(archive.parent.rglob("*"))
    with pytest.raises(FusionError, match=match) as caught:
        unpack(archive, archive.parent / "new" / "out", most=most)
    assert str(archive) in str(caught.value)
    assert set(archive.parent.rglob("*")) == before


@BOTH
def test_plain(make: Maker, tmp_path: Path) -> None:
    members = [("./", b""), ("a/", b""), ("a/b.wav", b"123"), ("./a/c d.wav", b""), ("e/f/g.txt", b"4567" * 10**5)]
    told: list[tuple[int, int]] = []
    archive = make(tmp_path, members)
    unpack(archive, tmp_path / "out", most=ENOUGH, progress=lambda *news: told.append(news))
    assert (tmp_path / "out/a/b.wav").read_bytes() == b"123"
    assert (tmp_path / "out/a/c d.wav").read_bytes() == b""
    assert len((tmp_path / "out/e/f/g.txt").read_bytes()) == 400_000
    assert told
    assert all(0 <= done <= total == archive.stat().st_size for done, total in told)


@BOTH
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/evil", "absolute"),
        ("//evil", "absolute"),
        ("../evil", "out of its folder"),
        ("a/../../evil", "out of its folder"),
        ("a/..", "out of its folder"),
        ("C:/evil", "drive letter"),
        ("C:evil", "drive letter"),
        ("a/d:evil", "drive letter"),
        ("..\\evil", "backslash"),
        ("\\\\server\\evil", "backslash"),
        ("__MACOSX/../../evil", "out of its folder"),
        (".", "no name"),
    ],
)
def test_names(make: Maker, tmp_path: Path, name: str, why: str) -> None:
    archive = make(tmp_path, [("good", b"1"), (name, b"2")])
    refused(archive, f"member {re.escape(repr(name.rstrip('/')))} .*{why}")


def test_nul_in_a_name(tmp_path: Path) -> None:
    archive = make_zip(tmp_path, [("good.wav", b"1"), ("evilX.wav", b"2")])
    archive.write_bytes(archive.read_bytes().replace(b"evilX", b"evil\0"))
    refused(archive, "has a NUL in its name")
    archive = make_tar(tmp_path, [("evil\0.wäv", b"2")])
    refused(archive, "has a NUL in its name")


@BOTH
@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("a", "a", "comes twice"),
        ("a", "./a", "comes twice"),
        ("x/é", "x/e\u0301", "comes twice"),
        ("a/b", "a", "comes twice"),
        ("a", "a/b", "no folder"),
        ("a", "a/", "comes twice"),
        ("a/", "a", "comes twice"),
    ],
)
def test_twice(make: Maker, tmp_path: Path, first: str, second: str, why: str) -> None:
    refused(make(tmp_path, [(first, b""), (second, b"")]), why)


@BOTH
def test_folders_may_come_twice(make: Maker, tmp_path: Path) -> None:
    unpack(make(tmp_path, [("a/b", b"1"), ("a/", b""), ("a/", b"")]), tmp_path / "out", most=ENOUGH)
    assert (tmp_path / "out/a/b").read_bytes() == b"1"


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
@pytest.mark.parametrize("target", ["/etc/passwd", "good", ".."])
def test_special_members_of_a_tar(tmp_path: Path, kind: bytes, target: str) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("good"), io.BytesIO())
        info = tarfile.TarInfo("evil")
        info.type, info.linkname = kind, target
        archive.addfile(info)
        archive.addfile(tarfile.TarInfo("evil/passwd"), io.BytesIO())
    refused(path, "'evil' is a link, a device or otherwise no regular file|damaged")


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
@pytest.mark.parametrize("name", ["evil", "evil/"])
def test_special_members_of_a_zip(tmp_path: Path, mode: int, name: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(path, f"'{name}' is a link, a device or otherwise no regular file")


def test_encrypted(tmp_path: Path) -> None:
    archive = make_zip(tmp_path, [("a", b"1")])
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(archive, "member 'a' is encrypted; refused")


@BOTH
def test_bombs(make: Maker, tmp_path: Path) -> None:
    archive = make(tmp_path, [(f"{number}", bytes(10**6)) for number in range(20)])
    assert archive.stat().st_size < 10**5
    refused(archive, "larger than the 10,000,000 bytes")
    unpack(archive, tmp_path / "out", most=2 * 10**7)


def test_a_folder_of_negative_size_does_not_make_room_for_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, size in (("folder", tarfile.DIRTYPE, -(2**60)), ("bomb", tarfile.REGTYPE, 2 * ENOUGH)):
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, size
            archive.addfile(info, io.BytesIO(bytes(max(size, 0))))
    refused(path, "'folder' has a negative size|damaged")


def test_the_size_that_a_tar_gives_a_folder_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        info = tarfile.TarInfo("folder")
        info.type, info.size = tarfile.DIRTYPE, 2 * ENOUGH
        archive.addfile(info)
    unpack(path, tmp_path / "out", most=ENOUGH)
    assert (tmp_path / "out" / "folder").is_dir()


def test_padding_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make_tar(tmp_path, [("a", b"1")])
    read, blocks = gzip.GzipFile.read, []

    def padded(file: gzip.GzipFile, size: int = -1) -> bytes:
        if size != module._BLOCK:
            return read(file, size)
        blocks.append(size)
        assert len(blocks) < 1000
        return bytes(size)

    monkeypatch.setattr(gzip.GzipFile, "read", padded)
    unpack(archive, tmp_path / "out", most=ENOUGH)
    assert len(blocks) == 64


@BOTH
def test_a_bug_is_not_reported_as_damage(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(module, "_write", bug)
    with pytest.raises(RuntimeError, match="a bug"):
        unpack(make(tmp_path, [("a", b"1")]), tmp_path / "out", most=ENOUGH)
    assert not (tmp_path / "out").exists()


def test_an_archive_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.mkdir()
    with pytest.raises(FusionError, match=r"a\.zip: cannot be read or written: Is a directory"):
        unpack(archive, tmp_path / "out", most=ENOUGH)


@BOTH
def test_more_than_is_free(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "free_bytes", lambda _: 1000)
    refused(make(tmp_path, [("a", bytes(1001))]), "larger than the 1,000 bytes")


@BOTH
def test_too_many(make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_MEMBERS", 5)
    refused(make(tmp_path, [(str(number), b"") for number in range(6)]), "more than 5 members")


def test_a_zip_that_lies_about_sizes(tmp_path: Path) -> None:
    archive = make_zip(tmp_path, [("a", bytes(10**6))])
    content = archive.read_bytes()
    archive.write_bytes(content.replace((10**6).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    refused(archive, "damaged", most=10**5)


@BOTH
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_cut_short(make: Maker, tmp_path: Path, share: float) -> None:
    archive = make(tmp_path, [(str(number), random.Random(number).randbytes(10**4)) for number in range(9)])
    content = archive.read_bytes()
    archive.write_bytes(content[: int(share * len(content))])
    refused(archive, r"damaged, cannot be unpacked .*delete it and fetch it again")


@BOTH
def test_bytes_flipped(make: Maker, tmp_path: Path) -> None:
    archive = make(tmp_path, [("a/b", random.Random(1).randbytes(10**5))])
    content = bytearray(archive.read_bytes())
    content[5 * 10**4] ^= 255
    archive.write_bytes(content)
    refused(archive, "damaged")


def test_no_archive_at_all(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar.gz"):
        (tmp_path / name).write_bytes(b"<html>")
        refused(tmp_path / name, "damaged")
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"no tar" * 1000))
    refused(tmp_path / "a.tar.gz", "damaged")


def test_name_too_long(tmp_path: Path) -> None:
    with pytest.raises(FusionError, match="too long"):
        unpack(make_tar(tmp_path, [("a" * 300, b"")]), tmp_path / "out", most=ENOUGH)
    assert not (tmp_path / "out").exists()


def test_folder_is_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(FusionError, match="is there already"):
        unpack(make_tar(tmp_path, [("a", b"")]), tmp_path / "out", most=ENOUGH)
    assert (tmp_path / "out" / "mine").exists()


def test_rubbish_of_macos_and_names_in_undeclared_utf8(tmp_path: Path) -> None:
    name = "Joe\u0301.wav".encode()  # as macOS stores it: decomposed, and without saying that it is UTF-8
    archive = make_zip(tmp_path, [("__MACOSX/._x", b"1"), (".DS_Store", b"1"), ("a/._b.wav", b"1"), ("X" * 9, b"2")])
    assert len(name) == 9
    archive.write_bytes(archive.read_bytes().replace(b"X" * 9, name))
    unpack(archive, tmp_path / "out", most=ENOUGH)
    assert [path.name for path in (tmp_path / "out").rglob("*.wav")] == ["Jo\u00e9.wav"]
    assert not list((tmp_path / "out").glob("__*"))


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    archive = make_zip(tmp_path, [("Joe\u0301.wav", b"1"), ("X" * 7, b"2")])
    archive.write_bytes(archive.read_bytes().replace(b"X" * 7, "Zoë.wav".encode("cp437")))
    unpack(archive, tmp_path / "out", most=ENOUGH)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {"Joé.wav": b"1", "Zoë.wav": b"2"}


PIECES = st.sampled_from(["..", ".", "", "a", "b.wav", "C:", "c:x", "~", "é", " ", "-", "...", "a..b"])


@given(st.lists(PIECES, max_size=6).map("/".join) | st.text(max_size=20))
def test_what_is_accepted_stays_inside(name: str) -> None:
    try:
        path = member_path(name)
    except ValueError:
        return
    assert not path.is_absolute()
    assert not {"..", "."} & set(path.parts)
    assert not any(character in str(path) for character in "\0\\")
    root = Path("/data/root")
    joined = Path(str(root / path))
    assert joined == root or root in joined.parents


@given(st.lists(st.text("abcé -_'()&,", min_size=1, max_size=9), min_size=1))
def test_ordinary_names_are_accepted(parts: list[str]) -> None:
    assert member_path("/".join(parts)).parts == tuple(parts)
