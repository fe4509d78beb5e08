"""Content hashes: each file's bytes are read once, until they change."""

import hashlib
import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from fusion.errors import FusionError
from fusion.runtime import content_hash
from fusion.runtime.content_hash import MISSING, content_hashes


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.wav").write_bytes(name.encode() * 1000)
    return sorted(folder.iterdir())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust what these tests have only just written."""
    monkeypatch.setattr(content_hash, "_MOMENT", 0)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are hashed."""
    names: list[str] = []
    original = content_hash._hash
    monkeypatch.setattr(content_hash, "_hash", lambda path: names.append(Path(path).name) or original(path))
    return names


def blake(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def test_a_hash_is_that_of_the_bytes(files: list[Path], cache: Path) -> None:
    assert content_hashes(files, cache) == [blake(path.read_bytes()) for path in files]


def test_files_are_read_once(files: list[Path], cache: Path, read: list[str]) -> None:
    first = content_hashes(files, cache)
    assert sorted(read) == ["a.wav", "b.wav", "c.wav"]
    read.clear()
    assert content_hashes(files, cache) == first
    assert not read


def test_files_that_exchange_names_are_read_again(files: list[Path], cache: Path) -> None:
    first = content_hashes(files, cache)
    for path in files:
        os.utime(path, (1e9, 1e9))  # all alike, as of an archive
    content_hashes(files, cache)
    files[0].rename(files[0].with_suffix(".x"))
    files[1].rename(files[0])
    files[0].with_suffix(".x").rename(files[1])
    assert content_hashes(files, cache) == [first[1], first[0], first[2]]


def test_other_bytes_with_the_times_of_before_are_read(files: list[Path], cache: Path) -> None:
    content_hashes(files, cache)
    times = (files[0].stat().st_atime_ns, files[0].stat().st_mtime_ns)
    files[0].write_bytes(b"y" * 1000)
    os.utime(files[0], ns=times)
    assert content_hashes(files, cache)[0] == blake(b"y" * 1000)


def test_what_changed_a_moment_ago_is_not_trusted(
    files: list[Path], cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_hash, "_MOMENT", 3600 * 10**9)
    content_hashes(files, cache)
    read.clear()
    content_hashes(files, cache)
    assert sorted(read) == ["a.wav", "b.wav", "c.wav"]


def test_only_new_files_are_read(files: list[Path], cache: Path, read: list[str]) -> None:
    content_hashes(files[:2], cache)
    read.clear()
    assert content_hashes(files, cache) == [blake(path.read_bytes()) for path in files]
    assert read == ["c.wav"]


@pytest.mark.parametrize("size", [1000, 1001], ids=["same size", "other size"])
def test_only_a_changed_file_is_read_again(files: list[Path], cache: Path, read: list[str], size: int) -> None:
    content_hashes(files, cache)
    read.clear()
    mtime = files[1].stat().st_mtime_ns
    files[1].write_bytes(b"x" * size)
    os.utime(files[1], ns=(mtime, mtime + (1 if size == 1000 else 0)))
    assert content_hashes(files, cache) == [blake(path.read_bytes()) for path in files]
    assert read == ["b.wav"]
    assert content_hashes([files[1]], cache) == [blake(b"x" * size)]
    assert read == ["b.wav"]


def test_a_changed_file_replaces_its_row_and_the_table_of_an_earlier_version_goes(
    files: list[Path], cache: Path
) -> None:
    cache.mkdir()
    with closing(sqlite3.connect(cache / "hashes.sqlite")) as database:
        database.execute("CREATE TABLE hashes (path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER, hash TEXT)")
        for content in (b"x", b"yy", b"zzz"):
            files[0].write_bytes(content)
            assert content_hashes(files, cache)[0] == blake(content)
        assert database.execute("SELECT count(*) FROM results").fetchone() == (3,)
        assert database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("results",)]


def test_a_file_that_went_back_in_time_is_read_again(files: list[Path], cache: Path) -> None:
    content_hashes(files, cache)
    files[0].write_bytes(b"z" * 1000)
    os.utime(files[0], (0, 0))
    assert content_hashes(files, cache)[0] == blake(b"z" * 1000)


def test_a_missing_file_is_an_empty_hash(files: list[Path], cache: Path) -> None:
    gone = [files[0].with_name("gone.wav"), files[0] / "below a file.wav", cache / "no" / "folder.wav"]
    assert content_hashes([gone[0], files[0], *gone[1:]], cache) == [MISSING, blake(b"a" * 1000), MISSING, MISSING]
    assert MISSING == ""


def test_a_file_that_appears_or_disappears_is_noticed(files: list[Path], cache: Path) -> None:
    late = files[0].with_name("late.wav")
    assert content_hashes([late, *files], cache)[0] == MISSING
    late.write_bytes(b"here")
    assert content_hashes([late], cache) == [blake(b"here")]
    late.unlink()
    assert content_hashes([late], cache) == [MISSING]


def test_order_and_repetition_of_paths_are_kept(files: list[Path], cache: Path, read: list[str]) -> None:
    a, b, _ = files
    assert content_hashes([b, a, b], cache) == [blake(b"b" * 1000), blake(b"a" * 1000), blake(b"b" * 1000)]
    assert sorted(read) == ["a.wav", "b.wav"]


def test_one_file_under_two_spellings_is_read_once(
    files: list[Path], cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files[0].parent)
    content_hashes([files[0]], cache)
    assert content_hashes([Path("a.wav"), Path("../audio/a.wav")], cache) == [blake(b"a" * 1000)] * 2
    assert read == ["a.wav"]


def test_folders_whose_names_begin_alike_do_not_mix(tmp_path: Path, cache: Path) -> None:
    paths = [tmp_path / folder / "x.wav" for folder in ("n", "n-1", "n%", "n_", "N", "n/n")]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(str(path).encode())
    expected = [blake(str(path).encode()) for path in paths]
    assert content_hashes(paths, cache) == expected
    assert content_hashes(paths, cache) == expected


@pytest.mark.parametrize("name", ["it's.wav", 'a"b.wav', "ü ñ 音.wav", "a;b --.wav", "line\nbreak.wav"])
def test_any_name_is_remembered(tmp_path: Path, cache: Path, read: list[str], name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"sound")
    assert content_hashes([path], cache) == content_hashes([path], cache) == [blake(b"sound")]
    assert read == [name]


def test_more_files_than_a_batch(tmp_path: Path, cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_hash, "_BATCH", 4)
    paths = [tmp_path / f"{n}.wav" for n in range(11)]
    for path in paths:
        path.write_bytes(path.name.encode())
    told: list[int] = []
    expected = [blake(path.name.encode()) for path in paths]
    assert content_hashes(paths, cache, jobs=3, advance=told.append) == expected
    assert sum(told) == len(read) == 11
    told.clear()
    assert content_hashes(paths, cache, jobs=3, advance=told.append) == expected
    assert (sum(told), len(read)) == (11, 11)


def test_what_was_hashed_before_an_interruption_is_kept(
    files: list[Path], cache: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(steps: int) -> None:
        if len(read) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(content_hash, "_BATCH", 1)
    with pytest.raises(KeyboardInterrupt):
        content_hashes(files, cache, advance=interrupt)
    content_hashes(files, cache)
    assert read == ["a.wav", "b.wav", "c.wav"]


def test_two_processes_may_share_the_table(files: list[Path], cache: Path) -> None:
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(content_hashes(files, cache))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[blake(path.read_bytes()) for path in files]] * 8


def corrupt(table: Path) -> None:
    table.write_bytes(b"this is not a database, by no means" * 200)


def cut(table: Path) -> None:
    os.truncate(table, 100)


def damage_a_page(table: Path) -> None:
    with table.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)


def other_columns(table: Path) -> None:
    table.unlink()
    with sqlite3.connect(table) as database:
        database.execute("CREATE TABLE results (something TEXT)")
    database.close()


@pytest.mark.parametrize("damage", [corrupt, cut, damage_a_page, other_columns])
def test_a_damaged_table_is_named_with_its_remedy(files: list[Path], cache: Path, damage: object) -> None:
    expected = content_hashes(files, cache)
    table = cache / "hashes.sqlite"
    damage(table)
    with pytest.raises(FusionError, match=r"hashes\.sqlite: this table of results cannot be used: .*delete this"):
        content_hashes(files, cache)
    table.unlink()
    assert content_hashes(files, cache) == expected


def test_a_folder_that_cannot_be_made_is_named(files: list[Path]) -> None:
    with pytest.raises(FusionError, match=r"a\.wav/hashes\.sqlite: cannot be written"):
        content_hashes(files, files[0])


def test_a_folder_in_the_tables_place_is_named(files: list[Path], cache: Path) -> None:
    (cache / "hashes.sqlite").mkdir(parents=True)
    with pytest.raises(FusionError, match=r"hashes\.sqlite: .*cannot be used: unable to open database file"):
        content_hashes(files, cache)


def test_names_that_are_no_utf8(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav"))
    path.write_bytes(b"sound")
    first = content_hashes([path], tmp_path / "cache")
    assert len(first[0]) == 32
    assert content_hashes([path], tmp_path / "cache") == first
