"""Downloads from a server that misbehaves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.datasets.folder import Folder
from fusion.datasets.irmas import IRMAS
from fusion.datasets.nsynth import NSynth
from fusion.download import download
from fusion.download.archives import base_url, choose, shown
from fusion.download.download import fetch
from fusion.errors import FusionError
from fusion.settings.archive import Archive
from tests.support.serving import Handler, Place, announcing, corrupting, cut, serving, status

BODY = np.random.default_rng(1).bytes(1_000_000)
OTHER = np.random.default_rng(2).bytes(1_000_000)


def md5(body: bytes) -> str:
    return hashlib.md5(body).hexdigest()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("NO_PROXY", "*")
    with serving() as place:
        place.files["/a.zip"] = BODY
        yield place


def described(body: bytes = BODY, tolerance: float = 0.2) -> Archive:
    return Archive("all", "a.zip", len(BODY), md5(body), 0, 0, "a", tolerance=tolerance)


class Call:
    """One download with everything short; keeps what was said and slept."""

    def __init__(self, place: Place, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.place, self.path = place, path
        self.slept: list[float] = []
        self.said: list[str] = []
        self.told: list[tuple[int, int]] = []
        patch.setattr(download, "sleep", self.slept.append)
        patch.setattr(download, "_TIMEOUT", 5.0)
        self.patch = patch

    def __call__(self, expected: bytes = BODY, *, tries: int = 3, base: str = "", tolerance: float = 0.2) -> bytes:
        self.patch.setattr(download, "_TRIES", tries)
        archive = described(expected, tolerance)
        fetch(archive, base or self.place.url, self.path, lambda *told: self.told.append(told), self.said.append)
        assert not list(self.path.parent.glob("*.part*"))
        return self.path.read_bytes()


@pytest.fixture
def call(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    return Call(place, tmp_path / "new" / "a.zip", monkeypatch)


def test_plain(call: Call) -> None:
    assert call() == BODY
    assert call.told[-1] == (len(BODY), len(BODY))
    assert not call.slept


def test_cut_connections_are_taken_up(call: Call) -> None:
    call.place.tricks = [cut(300_000), cut(200_000)]
    assert call() == BODY
    starts = [int((asked or "bytes=0-")[6:-1]) for _, asked in call.place.asked]
    assert starts[0] == 0
    assert starts[2] > starts[1] > 200_000  # less than a block is lost
    assert call.slept == [1.0, 2.0]


def test_a_later_call_goes_on(call: Call) -> None:
    call.place.tricks = [cut(500_000)]
    with pytest.raises(FusionError, match=r"the connection was cut .*kept in .*a\.zip\.part"):
        call(tries=1)
    assert not call.path.exists()
    assert call() == BODY
    assert call.place.asked[-1][1] is not None


def test_complete_but_not_renamed(call: Call) -> None:
    call.place.tricks = [cut(999_990)]
    with pytest.raises(FusionError):
        call(tries=1)
    part = call.path.with_name("a.zip.part")
    part.write_bytes(BODY)  # killed before the checksum was made
    assert call() == BODY
    assert call.place.asked[1:] == [("/a.zip", "bytes=1000000-")]  # nothing is sent again


def test_progress_counts_the_attempts_anew(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_STEP", 100_000)
    call.place.tricks = [cut(200_000)] * 4
    assert call() == BODY
    assert call.slept == [1.0] * 4


def test_gives_up_without_progress(call: Call) -> None:
    call.place.tricks = [cut(100)] * 20
    with pytest.raises(FusionError, match="3 attempts without progress"):
        call()
    assert call.slept == [1.0, 2.0]


@pytest.mark.parametrize("code", [429, 500, 503])
def test_errors_that_pass(call: Call, code: int) -> None:
    call.place.tricks = [status(code), status(code, Retry_After="7")]
    assert call() == BODY
    assert call.slept == [1.0, 7.0]
    assert str(code) in call.said[0]


def test_not_found_is_told_at_once_and_may_recover(call: Call) -> None:
    call.place.tricks = [status(404)]
    with pytest.raises(FusionError, match=r"/a\.zip: the server answers 404 Not Found; look whether.*--url"):
        call()
    assert not call.slept
    assert call() == BODY


def test_errors_that_stay(call: Call) -> None:
    call.place.tricks = [status(500)] * 9
    with pytest.raises(FusionError, match="answers 500"):
        call()
    assert len(call.place.asked) == 3


def test_ranges_ignored(call: Call) -> None:
    call.place.ranges = False
    call.place.tricks = [cut(600_000)]
    assert call() == BODY
    assert call.place.asked[1][1] is not None


def test_changed_file_is_started_anew(call: Call) -> None:
    call.place.files["/a.zip"] = OTHER
    call.place.tricks = [cut(600_000)]
    with pytest.raises(FusionError):
        call(tries=1)
    call.place.files["/a.zip"] = BODY
    assert call() == BODY
    assert "checksum is wrong" in call.said[0]


def test_shorter_file(call: Call) -> None:
    call.place.tricks = [cut(950_000)]
    with pytest.raises(FusionError):
        call(tries=1)
    call.place.files["/a.zip"] = BODY[:850_000]
    assert call(BODY[:850_000]) == BODY[:850_000]


def test_complete_for_a_server_that_does_not_say_how_long_the_file_is(call: Call) -> None:
    call.place.tricks = [cut(999_990), status(416)]
    with pytest.raises(FusionError):
        call(tries=1)
    call.path.with_name("a.zip.part").write_bytes(BODY)
    assert call() == BODY


def test_other_mirror_goes_on(call: Call) -> None:
    call.place.tricks = [cut(600_000)]
    with pytest.raises(FusionError):
        call(tries=1)
    call.place.files["/b/a.zip"] = BODY
    assert call(base=f"{call.place.url}/b") == BODY
    assert call.place.asked[-1] == ("/b/a.zip", call.place.asked[-1][1])
    assert call.place.asked[-1][1] is not None


def test_corrupt_once(call: Call) -> None:
    call.place.tricks = [corrupting]
    assert call() == BODY


def test_corrupt_always(call: Call) -> None:
    call.place.files["/a.zip"] = OTHER
    with pytest.raises(FusionError, match=r"its MD5 is [0-9a-f]{32}, should be"):
        call()
    assert not list(call.path.parent.iterdir())


@pytest.mark.parametrize("length", [1000, 2_000_000])
def test_announces_another_file(call: Call, length: int) -> None:
    call.place.tricks = [announcing(length)] * 9
    with pytest.raises(FusionError, match=f"announces {length:,} bytes, the file should have 1,000,000"):
        call()
    assert not list(call.path.parent.iterdir())


def test_announces_a_little_too_much(call: Call) -> None:
    call.place.tricks = [announcing(1_100_000)]
    assert call() == BODY  # it turns out, on asking for the rest, that nothing is missing


def test_announces_a_little_too_little(call: Call) -> None:
    call.place.tricks = [announcing(900_000)] * 9
    with pytest.raises(FusionError, match="not the expected one"):
        call()


def test_sends_more_than_the_file_has(call: Call) -> None:
    call.place.chunked = True
    call.place.files["/a.zip"] = BODY + OTHER
    with pytest.raises(FusionError, match="not the expected one"):
        call()
    assert not list(call.path.parent.iterdir())


def test_length_unknown(call: Call) -> None:
    call.place.chunked = True
    call.place.tricks = [cut(600_000), cut(300_000)]
    assert call() == BODY
    starts = [asked for _, asked in call.place.asked]
    assert starts == [None, "bytes=600000-", "bytes=900000-"]
    assert call.said[0].startswith("a.zip: the connection was cut")
    assert [total for _, total in call.told][-1] == len(BODY)  # the server says it where it sends the rest


def test_an_exact_size_tells_what_is_missing(call: Call) -> None:
    call.place.chunked = True
    call.place.tricks = [cut(999_999)]
    assert call(tolerance=0.0) == BODY
    assert [asked for _, asked in call.place.asked] == [None, "bytes=999999-"]


def test_a_size_that_is_not_exactly_the_announced_one(call: Call) -> None:
    call.place.tricks = [announcing(1_000_001)]
    with pytest.raises(FusionError, match="announces 1,000,001 bytes, the file should have 1,000,000"):
        call(tolerance=0.0)


def test_stall(call: Call) -> None:
    def stall(handler: Handler, body: bytes) -> bool:
        handler.answer(body, most=500_000)
        handler.wfile.flush()
        handler.place.released.wait(20)
        return True

    call.place.tricks = [stall]
    call.patch.setattr(download, "_TIMEOUT", 0.3)
    assert call() == BODY
    assert "stopped sending" in call.said[0]


def test_redirects(call: Call) -> None:
    call.place.files["/else/b.zip"] = BODY
    to = f"{call.place.url}/else/b.zip"
    call.place.tricks = [status(302, Location=to), cut(600_000), status(307, Location="/else/b.zip")]
    assert call() == BODY
    assert call.place.asked[-1][0] == "/else/b.zip"
    assert call.place.asked[-1][1] is not None


def test_redirects_without_end(call: Call) -> None:
    call.place.tricks = [status(302, Location="/a.zip")] * 40
    with pytest.raises(FusionError, match="redirects without end"):
        call()


def test_log_in_page(call: Call) -> None:
    call.place.tricks = [status(200, Content_Type="text/html; charset=utf-8")]
    with pytest.raises(FusionError, match="a web page instead of the file"):
        call()


def test_odd_ranges(call: Call) -> None:
    wrong, nonsense = (status(206, Content_Range=text) for text in ("bytes 7-9/1000000", "nonsense"))
    call.place.tricks = [cut(600_000), wrong, cut(600_000), nonsense, cut(600_000), status(416), wrong]
    assert call(tries=9) == BODY


def test_nobody_listens(call: Call) -> None:
    with pytest.raises(FusionError, match="refuses the connection"):
        call(base="http://127.0.0.1:9")
    assert call.slept == [1.0, 2.0]


@pytest.mark.parametrize("url", ["http://", "http://[::1", "ftp://a/b", "http://a b/c", "http://" + "a" * 70 + ".x/y"])
def test_bad_addresses(call: Call, url: str) -> None:
    with pytest.raises(FusionError):
        call(base=url)


def test_disk_full_on_the_way(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "a.zip.part")

    with monkeypatch.context() as patch:
        patch.setattr(download, "_transfer", full)
        with pytest.raises(FusionError, match=r"a\.zip: .*No space left on device; free some space"):
            call()
    assert call() == BODY


def test_interrupted_by_the_keyboard(call: Call) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    call.place.tricks = [cut(600_000)]
    with pytest.raises(KeyboardInterrupt):
        fetch(described(), call.place.url, call.path, stop)
    assert call() == BODY


def test_partial_file_longer_than_the_file(call: Call) -> None:
    call.path.parent.mkdir()
    call.path.with_name("a.zip.part").write_bytes(OTHER + b"x")
    assert call() == BODY
    assert "checksum is wrong" in call.said[0]


def test_table_of_archives() -> None:
    for name, dataset in (("nsynth", NSynth), ("irmas", IRMAS)):
        archives = choose(name, dataset, [])
        assert len({archive.folder for archive in archives}) == len(archives)
        for archive in archives:
            assert len(archive.md5) == 32
            assert archive.unpacked > archive.size > 10**8
        assert base_url(dataset, None) == dataset.base_url
    assert [archive.file for archive in choose("irmas", IRMAS, ["test"])] == [
        f"IRMAS-TestingData-Part{number}.zip" for number in (1, 2, 3)
    ]
    with pytest.raises(FusionError, match="folder: has no archive that can be fetched"):
        choose("folder", Folder, [])
    with pytest.raises(FusionError, match="did you mean 'valid'"):
        choose("nsynth", NSynth, ["valid", "valdi"])


def test_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_MIRROR", "https://mirror.example/a/")
    assert base_url(NSynth, None) == "https://mirror.example/a"
    assert base_url(NSynth, "http://else.example") == "http://else.example"
    for wrong in ("file:///tmp", "mirror.example", "/tmp", "http://", "http://a:99999", "http://[", "http://a:b"):
        with pytest.raises(FusionError, match="a mirror"):
            base_url(NSynth, wrong)
    assert shown("https://me:secret@mirror.example/a?token=1") == "https://mirror.example/a"
