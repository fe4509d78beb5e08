"""Killed anywhere: commands that are killed again and again, then run to their end, end as if nothing had happened."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from fusion.datasets.nsynth import NSynth
from tests.support.clusters import scheduler, wait, worker, workers_of
from tests.support.left_behind import SPEC, finished, leftovers, snapshot
from tests.support.notes import names, write_part
from tests.support.processes import alive, below
from tests.support.serving import Place, serving
from tests.support.soundfonts import noise, write_font
from tests.support.zygote import Zygote, zygote

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
HEARD = 10.0  # seconds on a busy machine; two are promised where there is nothing else to do

WORDS = {
    "extract": ["extract", "x.yaml"],
    "run": ["run", "x.yaml"],
    "ablate": ["ablate", "x.yaml", "--mode", "leave-one-out", "--seeds", "1,"],
    "curve": ["curve", "x.yaml", "--groups", "6,9", "--seeds", "1,"],
    "tune": ["tune", "x.yaml"],
    "stress": ["stress", "results/x", "--with", "noise=40:20:0,highpass,resample"],
    "get": ["data", "get", "nsynth", "--split", "valid", "--split", "test", "--yes"],
    "render": [
        "data",
        "render",
        "nsynth",
        "--out",
        "made",
        "--preset",
        "sample",
        "--train-font",
        "tiny.sf2",
        "--jobs",
        "2",
    ],
}
TRAINING = ("run", "ablate", "curve", "tune", "stress")


@dataclass(frozen=True)
class Scene:
    """A command with its data: what is needed to start it in a new folder."""

    name: str
    words: list[object]
    prepare: Callable[[Path], None]
    before: str = ""


def gone(server: Zygote) -> bool:
    """Say whether all workers end by themselves, soon."""
    deadline = time.monotonic() + HEARD
    while server.workers() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not server.workers()


def run(server: Zygote, scene: Scene, folder: Path) -> float:
    """Run a command to its end; return the seconds that it took."""
    began = time.monotonic()
    assert server.start(folder, scene.words, scene.before).code() == 0, (folder / "err").read_text()
    assert gone(server)
    assert leftovers(folder) == []
    return time.monotonic() - began


def kill(server: Zygote, scene: Scene, folder: Path, after: float, number: signal.Signals) -> bool:
    """Start a command and kill it after some seconds; see that it ends, and all its workers; say if it was quicker."""
    before = finished(folder)
    files = {*(folder / "tmp").iterdir()} if (folder / "tmp").exists() else set()
    command = server.start(folder, scene.words, scene.before)
    time.sleep(after)
    with suppress(ProcessLookupError):  # it was quicker
        os.kill(command.pid, number)
    began = time.monotonic()
    code = command.code()
    assert time.monotonic() - began < HEARD
    err = (folder / "err").read_text() if (folder / "err").exists() else ""  # killed before it opened that
    assert code in (0, -number, 128 + number), (code, err)
    assert "Traceback" not in err, err
    assert gone(server), "workers outlive the command"
    assert {path: finished(folder).get(path) for path in before} == before, "finished work was lost or done again"
    if code == 128 + number:
        assert {*(folder / "tmp").iterdir()} <= files  # those of commands that had no time to remove them
    return code == 0


def killed_and_whole(server: Zygote, scene: Scene, place: Path, rounds: int, kills: int, seed: int) -> int:
    """Kill a command so often in each of some rounds, then let it end; compare with an uninterrupted one."""
    whole = place / "whole"
    whole.mkdir()
    scene.prepare(whole)
    seconds = run(server, scene, whole)
    wanted = snapshot(whole)
    chosen = random.Random(f"{seed} {scene.name}")
    done = 0
    for number in range(rounds):
        folder = place / f"round-{number}"
        folder.mkdir()
        scene.prepare(folder)
        for _ in range(kills):
            done += 1
            quicker = kill(server, scene, folder, chosen.uniform(0, 0.4 * seconds), chosen.choice(SIGNALS))
            if refuses := quicker and scene.name == "render":  # what is complete is not rendered again
                break
        before = finished(folder)
        if not refuses:
            run(server, scene, folder)
        assert {path: finished(folder).get(path) for path in before} == before, "finished work was done again"
        found = snapshot(folder)
        assert found.keys() == wanted.keys()
        assert [name for name in wanted if found[name] != wanted[name]] == []
        shutil.rmtree(folder)
    return done


@pytest.fixture(scope="module")
def server():
    with zygote() as started:
        yield started


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("killed") / "nsynth"
    families = ["bass", "flute", "reed"]
    write_part(root / "nsynth-train", names(families, [0, 1, 3, 4], range(40, 60, 5)))
    write_part(root / "nsynth-valid", names(families, [2], range(40, 60, 5)))
    write_part(root / "nsynth-test", names(families, [5, 6], range(41, 61, 5)))
    return root


def archives(data: Path, place: Place) -> str:
    """Serve two splits as archives; return the code that has a command know them."""
    import io
    import tarfile

    lines = [f"NSynth.base_url = {place.url!r}", "small = []"]
    for archive in NSynth.archives:
        if archive.split == "train":
            continue
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
            opened.add(data / archive.folder, archive.folder)
        content = place.files[f"/{archive.file}"] = buffer.getvalue()
        audio = len(list((data / archive.folder / "audio").iterdir()))
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        known = replace(archive, size=len(content), unpacked=4 * len(content) + 10**6, audio=audio, md5=md5)
        lines.append(f"small.append({known!r})")
    imports = "from fusion.datasets.nsynth import NSynth\nfrom fusion.settings.archive import Archive\n"
    return imports + "\n".join([*lines, "NSynth.archives = tuple(small)"])


def prepare(folder: Path) -> None:
    (folder / "x.yaml").write_text(SPEC)
    samples = {f"{program}": noise(program) for program in (32, 33, 64, 65, 73, 74)}
    write_font(
        folder / "tiny.sf2", samples, {program: [(f"{program}", 0, 127)] for program in (32, 33, 73, 74, 64, 65)}
    )


def scene_of(name: str, data: Path, place: Place, trained: Path) -> Scene:
    words: list[object] = list(WORDS[name])
    if name in ("extract", *TRAINING):
        words += ["--data", data, "--cache", "cache", "--jobs", 2]
        words += ["--results", "results"] if name in TRAINING else []
    if name == "stress":
        copied = partial(shutil.copytree, trained, dirs_exist_ok=True, ignore=shutil.ignore_patterns("tmp"))
        return Scene(name, words, copied)
    before = archives(data, place) if name == "get" else ""
    return Scene(name, words, prepare, before)


@pytest.fixture(scope="module")
def trained(server, data, tmp_path_factory):
    """A folder with a finished result."""
    folder = tmp_path_factory.mktemp("trained")
    prepare(folder)
    with serving() as place:
        run(server, scene_of("run", data, place, folder), folder)
    return folder


def chosen(key: str, few: int) -> int:
    return int(os.environ.get(f"FUSION_{key}", few))


@pytest.mark.slow
@pytest.mark.parametrize("name", WORDS)
def test_killed_anywhere(server, data, tmp_path, name, request):
    rounds, kills = chosen("ROUNDS", 3), chosen("KILLS", 10)
    trained = request.getfixturevalue("trained") if name == "stress" else tmp_path
    with serving() as place:
        scene = scene_of(name, data, place, trained)
        done = killed_and_whole(server, scene, tmp_path, rounds, kills, chosen("SEED", 1))
    print(f"{name}: {done} kills")


def workers_killed(server: Zygote, scene: Scene, folder: Path, address: Path, kills: int, random: random.Random) -> int:
    """Run a command of a cluster, and kill one of its two workers so often, each time for another one; return how often.

    Each ends with the processes that it had beside it. A task that ended three workers is given up with a message.
    """
    done = 0
    with ExitStack() as last:
        crew = [last.enter_context(worker(address)) for _ in range(2)]
        wait(lambda: workers_of(address) >= 2)
        command = server.start(folder, scene.words, scene.before)
        while done < kills and alive(command.pid):
            time.sleep(random.uniform(1, 8))
            if alive(command.pid):
                victim = crew.pop(random.randrange(2))
                beside = below(victim.pid)
                victim.send_signal(random.choice(SIGNALS[1:3]))
                victim.wait()
                wait(lambda beside=beside: not any(map(alive, beside)))
                crew.append(last.enter_context(worker(address)))
                done += 1
        code, err = command.code(), (folder / "err").read_text()
        assert code == 0 or (code == 2 and "a task ended every worker that took it" in err), (code, err)
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", ["extract", "run"])
def test_workers_of_a_cluster_killed_anywhere(server, data, tmp_path, name):
    kills, random_ = chosen("KILLS", 10), random.Random(f"{chosen('SEED', 1)} cluster {name}")
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    with serving() as place, scheduler(tmp_path) as (address, _):
        scene = scene_of(name, data, place, tmp_path)
        for each in (whole, folder):
            each.mkdir()
            scene.prepare(each)
        run(server, scene, whole)
        scene = replace(scene, words=[*scene.words[: scene.words.index("--jobs")], "--cluster", address])
        if name == "run":
            scene.words.extend(["--results", "results"])
        done = rounds = 0
        while done < kills and rounds < kills:
            shutil.rmtree(folder / "cache", ignore_errors=True)
            shutil.rmtree(folder / "results", ignore_errors=True)
            done += workers_killed(server, scene, folder, address, kills - done, random_)
            with worker(address):
                wait(lambda: workers_of(address))
                run(server, scene, folder)
            rounds += 1
            assert snapshot(folder) == snapshot(whole)
    assert done
    print(f"workers of {name}: {done} kills")


@pytest.mark.long
@pytest.mark.parametrize("name", ["extract", pytest.param("run", marks=pytest.mark.slow), "get"])
def test_killed_a_few_times(server, data, tmp_path, name):
    with serving() as place:
        assert killed_and_whole(server, scene_of(name, data, place, tmp_path), tmp_path, 1, 3, 2) == 3
