"""Fetching whole data sets from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusion.datasets.irmas import IRMAS
from fusion.datasets.nsynth import NSynth
from fusion.download import download, get
from fusion.download.get import FetchPlan
from fusion.errors import FusionError
from fusion.runtime.lock import alone
from fusion.runtime.progress import Progress
from fusion.settings.archive import Archive
from tests.support.serving import Place, cut, serving, status

SETS = {"nsynth": NSynth, "irmas": IRMAS}


def packed_part(folder: Path) -> bytes:
    """Return nsynth-<split> as its official archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(folder, folder.name)
    return buffer.getvalue()


def packed_zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def as_described(archive: Archive, content: bytes, audio: int, **other: Any) -> Archive:
    """Return an archive's description with the figures of a small one."""
    md5 = hashlib.md5(content).hexdigest()
    size = {"size": len(content), "unpacked": 4 * len(content) + 10**6, "audio": audio, "md5": md5}
    return replace(archive, **{**size, **other})


@pytest.fixture(scope="module")
def packed(nsynth: Path) -> dict[str, tuple[bytes, int]]:
    parts = [nsynth / f"nsynth-{split}" for split in ("train", "valid", "test")]
    return {part.name: (packed_part(part), len(list((part / "audio").iterdir()))) for part in parts}


@pytest.fixture
def place(packed: dict[str, tuple[bytes, int]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A server with small archives of both data sets, which are described as the official ones."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("FUSION_MIRROR", raising=False)
    noise = np.random.default_rng(1).bytes(200_000)
    with serving() as place:
        small: dict[str, list[Archive]] = {"nsynth": [], "irmas": []}
        for archive in NSynth.archives:
            content, audio = packed[archive.folder]
            place.files[f"/{archive.file}"] = content
            small["nsynth"].append(as_described(archive, content, audio))
        for archive in IRMAS.archives:
            if archive.split == "train":
                members = {f"{archive.folder}/{name}/[{name}][cla]0001__1.wav": noise for name in archive.holds}
                members[f"{archive.folder}/README.txt"] = b"read me"
            else:
                top = archive.inner if archive.inner != "Part3" else f"{archive.folder}/Part3"
                members = {f"{top}/{name}": noise for name in ("a-1.wav", "b-1.wav", "a-1.txt")}
            content = packed_zip(members)
            place.files[f"/{archive.file}"] = content
            small["irmas"].append(as_described(archive, content, len(archive.holds) or 2))
        for name, described in small.items():
            monkeypatch.setattr(SETS[name], "base_url", place.url)
            monkeypatch.setattr(SETS[name], "archives", tuple(described))
        yield place


class Fetch:
    """Calls `get`; keeps the plans that were shown."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plans: list[FetchPlan] = []
        self.agree = True

    def __call__(self, name: str = "nsynth", *splits: str, **options: Any) -> list[Path]:
        def confirm(plan: FetchPlan) -> bool:
            self.plans.append(plan)
            return self.agree

        return get.get(name, SETS[name], splits, self.root, **{"confirm": confirm, **options})

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.root.iterdir()) if self.root.exists() else []


@pytest.fixture
def fetch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    monkeypatch.setattr(download, "sleep", lambda _: None)
    return Fetch(tmp_path / "data" / "set")


def test_nsynth_can_be_read(place: Place, fetch: Fetch, nsynth: Path, capsys: pytest.CaptureFixture[str]) -> None:

    folders = fetch("nsynth", "valid", "test", progress=Progress())
    assert folders == [fetch.root / "nsynth-valid", fetch.root / "nsynth-test"]
    assert fetch.names() == ["nsynth-test", "nsynth-valid"]
    settings = NSynth(name="nsynth", protocol="course")
    mine, official = (settings.read_corpus(root, lambda paths: [""] * len(paths)) for root in (fetch.root, nsynth))
    assert list(mine.table["id"]) == list(official.table["id"])
    (plan,) = fetch.plans
    text = "\n".join(plan.lines())
    for part in ("NSynth", "CC BY 4.0", "nsynth-test.jsonwav.tar.gz", place.url, str(fetch.root), "free"):
        assert part in text
    assert not capsys.readouterr().out


def test_the_command_ends_with_an_audit(
    place: Place, tmp_path: Path, fusion: Callable[..., tuple[int, str, str]]
) -> None:
    words = ("data", "get", "nsynth", "--data", "set", "--yes", "--jobs", 1)
    code, out, err = fusion(*words, "--split", "test")
    assert (code, out) == (0, "set\n")
    assert "not checked: these splits alone are too little" in err
    code, out, err = fusion(*words, "--split", "valid", "--split", "test")
    assert code == 0, err
    assert "nsynth, protocol course" in out
    assert out.splitlines()[-1] == "set"
    assert "An experiment can run on these data." in (tmp_path / "set" / "check.html").read_text()
    code, out, err = fusion(*words)
    assert code == 0, err
    assert "nsynth, protocol official" in out
    report = json.loads((tmp_path / "set" / "check.json").read_text())
    assert all(report["clips"][split] for split in ("train", "validation", "test"))


def test_what_was_fetched_may_be_of_no_use(place: Place, fusion: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = fusion("data", "get", "irmas", "--data", "set", "--yes", "--split", "train")
    assert code == 2
    assert "Traceback" not in err


def test_irmas_has_the_readers_layout(place: Place, fetch: Fetch) -> None:
    assert len(fetch("irmas")) == 4
    inside = {str(path.relative_to(fetch.root)) for path in fetch.root.rglob("*") if path.is_file()}
    assert "IRMAS-TrainingData/cel/[cel][cla]0001__1.wav" in inside
    assert "IRMAS-TrainingData/README.txt" in inside
    for folder in ("Part1/Part1", "Part2/IRTestingData-Part2", "Part3/Part3"):
        assert {f"IRMAS-TestingData-{folder}/{name}" for name in ("a-1.wav", "b-1.wav", "a-1.txt")} <= inside
    assert not [name for name in inside if name.endswith((".zip", ".part"))]
    assert "non-commercial" in "\n".join(fetch.plans[0].lines())


def test_nothing_is_done_twice(place: Place, fetch: Fetch) -> None:
    fetch("nsynth", "test")
    asked = len(place.asked)
    assert fetch("nsynth", "test") == [fetch.root / "nsynth-test"]
    assert len(place.asked) == asked
    assert len(fetch.plans) == 1
    fetch("nsynth", "test", "valid")
    assert [archive.split for archive in fetch.plans[1].missing] == ["valid"]
    assert len(place.asked) == asked + 1


def test_refused_by_the_person(place: Place, fetch: Fetch) -> None:
    fetch.agree = False
    assert fetch("nsynth", "test") == []
    assert not fetch.root.exists()
    assert not place.asked


def test_interrupted_download_goes_on(place: Place, fetch: Fetch) -> None:
    place.tricks = [cut(200_000), status(404)]
    with pytest.raises(FusionError, match="404"):
        fetch("nsynth", "test")
    assert "nsynth-test" not in fetch.names()
    fetch("nsynth", "test")
    assert place.asked[-1][1] is not None
    assert fetch.plans[1].to_fetch < fetch.plans[0].to_fetch
    assert fetch.names() == ["nsynth-test"]


@pytest.mark.parametrize("where", ["fetch", "unpack", "_get_one"])
@pytest.mark.parametrize("after", [False, True])
def test_interrupted_anywhere(
    place: Place, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, where: str, after: bool
) -> None:
    true = getattr(get, where)

    def interrupted(*arguments: Any, **options: Any) -> Any:
        if after:
            true(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(get, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch("nsynth", "test")
    asked = len(place.asked)
    assert fetch("nsynth", "test") == [fetch.root / "nsynth-test"]
    assert fetch.names() == ["nsynth-test"]
    if after:
        assert len(place.asked) == asked  # what was fetched is not fetched again


def test_killed_while_unpacking(place: Place, fetch: Fetch) -> None:
    leftover = fetch.root / ".nsynth-test.fetching" / "unpacked" / "nsynth-test"
    leftover.mkdir(parents=True)
    (leftover / "examples.json").touch()
    fetch("nsynth", "test")
    assert fetch.names() == ["nsynth-test"]


def test_killed_before_it_could_clean_up(place: Place, fetch: Fetch) -> None:
    fetch("nsynth", "test")
    for split in ("test", "valid"):
        (fetch.root / f".nsynth-{split}.fetching").mkdir()
    fetch("nsynth", "test")
    assert fetch.names() == [".nsynth-valid.fetching", "nsynth-test"]  # the other may hold half of an archive
    assert len(fetch.plans) == 1


def test_archives_are_kept_if_asked(place: Place, fetch: Fetch) -> None:
    fetch("nsynth", "test", keep_archives=True)
    fetch("nsynth", "test")
    assert fetch.names() == ["nsynth-test", "nsynth-test.jsonwav.tar.gz"]


def test_an_archive_that_someone_put_there(place: Place, fetch: Fetch) -> None:
    fetch.root.mkdir(parents=True)
    mine = fetch.root / "nsynth-test.jsonwav.tar.gz"
    mine.write_bytes(place.files[f"/{mine.name}"])
    fetch("nsynth", "test")
    assert fetch.plans[0].to_fetch == 0
    assert not place.asked
    assert mine.exists()
    mine.write_bytes(b"other")
    (fetch.root / "nsynth-test").rename(fetch.root / "away")
    with pytest.raises(FusionError, match="not the archive that is expected"):
        fetch("nsynth", "test")
    assert mine.read_bytes() == b"other"


def test_an_archive_that_cannot_be_read_is_named(place: Place, fetch: Fetch) -> None:
    mine = fetch.root / "nsynth-test.jsonwav.tar.gz"
    mine.mkdir(parents=True)
    with pytest.raises(FusionError, match=r"/nsynth-test\.jsonwav\.tar\.gz: cannot be read or written: Is a directory"):
        fetch("nsynth", "test")


def test_half_a_folder_is_left_alone(place: Place, fetch: Fetch) -> None:
    fetch("nsynth", "test")
    next((fetch.root / "nsynth-test" / "audio").iterdir()).unlink()
    with pytest.raises(FusionError, match=r"there but not whole .*left alone: move it away"):
        fetch("nsynth", "test")
    (fetch.root / "nsynth-valid").mkdir()
    fetch("nsynth", "valid")  # an empty folder is nothing


def test_hostile_archive(place: Place, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed_zip({"IRMAS-TrainingData/cel/a.wav": b"1", "../../evil.wav": b"2"})
    place.files["/IRMAS-TrainingData.zip"] = content
    monkeypatch.setattr(IRMAS, "archives", (as_described(IRMAS.archives[0], content, 1),))
    with pytest.raises(FusionError, match=r"'\.\./\.\./evil\.wav' leads out of its folder"):
        fetch("irmas", "train")
    assert fetch.names() == [".IRMAS-TrainingData.fetching"]
    assert not list(fetch.root.parent.parent.glob("evil*"))


def test_a_mirror(place: Place, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    place.files = {f"/mirror{name}": content for name, content in place.files.items()}
    with pytest.raises(FusionError, match="404"):
        fetch("nsynth", "test")
    fetch("nsynth", "test", url=f"{place.url}/mirror/")
    monkeypatch.setenv("FUSION_MIRROR", f"{place.url}/mirror")
    fetch("nsynth", "valid")
    assert [path for path, _ in place.asked[1:]] == [
        "/mirror/nsynth-test.jsonwav.tar.gz",
        "/mirror/nsynth-valid.jsonwav.tar.gz",
    ]


def test_disk_too_small(place: Place, fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get, "free_bytes", lambda _: 1000)
    with pytest.raises(FusionError, match="free some space, fetch fewer splits"):
        fetch("nsynth", "test")
    assert not fetch.plans


def test_read_only(place: Place, fetch: Fetch) -> None:
    fetch.root.parent.mkdir(parents=True)
    fetch.root.write_text("a file")
    with pytest.raises(FusionError, match="is a file; name a folder"):
        fetch("nsynth", "test")
    fetch.root.unlink()
    fetch.root.parent.rmdir()
    fetch.root.parent.write_text("a file")
    with pytest.raises(FusionError, match="Not a directory"):
        fetch("nsynth", "test")


def test_only_one_process(place: Place, fetch: Fetch) -> None:
    fetch.root.mkdir(parents=True)
    with alone(fetch.root / ".fetching.lock", ""), pytest.raises(FusionError, match="another process"):
        fetch("nsynth", "test")


@pytest.mark.parametrize("name", ["nsynth", "irmas"])
def test_an_archive_that_does_not_hold_what_it_should(
    place: Place, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    more = tuple(replace(archive, audio=archive.audio + 1) for archive in SETS[name].archives)
    monkeypatch.setattr(SETS[name], "archives", more)
    with pytest.raises(FusionError, match=r"does not hold the [\d,]+ sound files that it should"):
        fetch(name, "test")
    assert all(entry.startswith(".") for entry in fetch.names())


def test_killed_for_good_and_called_again(place: Place, tmp_path: Path) -> None:
    """A process that is killed in the middle of a download, and another one that goes on."""
    script = (
        "import os, sys, pathlib\n"
        "from dataclasses import replace\n"
        "from fusion.datasets.nsynth import NSynth\n"
        "from fusion.download import download, get\n"
        "from fusion.runtime.progress import Progress\n"
        "figures = dict(size=int(sys.argv[3]), md5=sys.argv[4], audio=int(sys.argv[5]))\n"
        "small = tuple(replace(archive, **figures) for archive in NSynth.archives)\n"
        "NSynth.base_url, NSynth.archives = sys.argv[1], small\n"
        "download.sleep = lambda _: os._exit(9)\n"
        "print(get.get('nsynth', NSynth, ['test'], pathlib.Path(sys.argv[2]), confirm=lambda plan: True))\n"
    )
    archive = next(each for each in NSynth.archives if each.split == "test")
    content = place.files[f"/{archive.file}"]
    words = [place.url, str(tmp_path / "data"), str(len(content)), archive.md5, str(archive.audio)]
    place.tricks = [cut(len(content) // 2)]
    codes = [subprocess.run([sys.executable, "-c", script, *words], timeout=60).returncode for _ in range(2)]
    assert codes == [9, 0]
    assert place.asked[1][1] is not None
    assert sorted(entry.name for entry in (tmp_path / "data").iterdir()) == ["nsynth-test"]
