"""What people ask, done by the workers of a real Dask scheduler: the same files and numbers as on one machine."""

import csv
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

import fusion
from fusion.runtime import cluster
from fusion.runtime.known_json import read_known
from tests.support.clusters import scheduler, wait, worker, workers_of
from tests.support.command import SEARCH, TRAINED, command

pytestmark = pytest.mark.slow

SMALL = (
    TRAINED.replace("epochs: 25", "epochs: 3").replace("[16, 16]", "[8]").replace("seeds: [1, 2]", "seeds: [1, 2, 3]")
)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A scheduler's file; it has two workers."""
    with scheduler(tmp_path_factory.mktemp("cluster")) as (file, _), worker(file), worker(file):
        wait(lambda: workers_of(file) == 2)
        yield file


@pytest.fixture(scope="module")
def local(nsynth, tmp_path_factory):
    """A folder in which one machine did it."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "small.yaml").write_text(SMALL)
    command(folder, "run", "small.yaml", "--data", nsynth, "--jobs", 2)
    return folder


def result(folder):
    (found,) = folder.glob("results/small/*/metrics.json")
    return found.parent


def stored(folder):
    """Return all values in the store, by feature and key."""
    values = {}
    for table in folder.glob(".fusion/cache/features/*/*/*.csv"):
        with table.open(newline="") as file:
            keys = [row["key"] for row in csv.DictReader(file)]
        rows = np.load(table.with_suffix(".npy"))
        values |= {(table.parent.name, key): row.tobytes() for key, row in zip(keys, rows, strict=True)}
    return values


def assert_same(folder, local):
    here, there = result(folder), result(local)
    assert here.name == there.name
    for name in ("predictions.csv", "references.csv"):
        assert (here / name).read_bytes() == (there / name).read_bytes()
    metrics = [read_known(each / "metrics.json") for each in (here, there)]
    assert [each.pop("seconds") for each in metrics]
    assert metrics[0] == metrics[1]
    assert stored(folder) == stored(local)


def test_a_run_is_the_same_bit_for_bit(address, nsynth, local, tmp_path, monkeypatch):
    (tmp_path / "small.yaml").write_text(SMALL)
    done = command(tmp_path, "extract", "small.yaml", "--data", nsynth, "--cluster", address)
    assert "mfcc: 81 clips extracted" in done.stdout
    assert stored(tmp_path) == stored(local)
    monkeypatch.setenv("FUSION_CLUSTER", str(address))
    done = command(tmp_path, "run", "small.yaml", "--data", nsynth)
    assert "training 3 networks, epochs in all: 9/9" in done.stderr
    assert_same(tmp_path, local)
    assert not list(tmp_path.rglob(".fusion-seen*"))


@pytest.mark.slow
def test_files_travel_where_workers_see_none(address, nsynth, local, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster.Crew, "blind", property(lambda _: {"all"}, lambda *_: None), raising=False)
    (tmp_path / "small.yaml").write_text(SMALL)
    command(tmp_path, "run", "small.yaml", "--data", nsynth, "--cluster", address)
    assert_same(tmp_path, local)


@pytest.mark.slow
def test_a_worker_that_sees_no_folder_of_the_command_gets_its_files(nsynth, local, tmp_path):
    """A mount of its own hides them from it."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("needs a mount namespace of its own")
    command_folder, scheduler_folder = tmp_path / "command", tmp_path / "scheduler"
    command_folder.mkdir()
    scheduler_folder.mkdir()
    (command_folder / "small.yaml").write_text(SMALL)
    hide = f'mount -t tmpfs none {command_folder} && mount -t tmpfs none {nsynth} && exec "$@"'
    with (
        scheduler(scheduler_folder) as (file, _),
        worker(file, before=["unshare", "-m", "sh", "-c", hide, "sh"]),
    ):
        wait(lambda: workers_of(file) == 1)
        command(command_folder, "run", "small.yaml", "--data", nsynth, "--cluster", file)
        assert_same(command_folder, local)


@pytest.mark.slow
def test_an_ablation_with_masks_and_a_check_of_the_data(address, nsynth, local, tmp_path):
    shutil.copytree(local, tmp_path, dirs_exist_ok=True)
    outcomes = []
    for folder, words in ((local, ["--jobs", 2]), (tmp_path, ["--cluster", address])):
        command(folder, "ablate", "small.yaml", "--mode", "mask", "--data", nsynth, *words)
        outcomes.append((result(folder) / "ablation.json").read_text())
        command(folder, "data", "check", "small.yaml", "--data", nsynth, *words)
        outcomes[-1] += (result(folder) / "check.json").read_text()
    assert outcomes[0] == outcomes[1]


@pytest.mark.slow
def test_a_stress_test_is_the_same_with_shared_folders_and_without(address, local, tmp_path, monkeypatch):
    soundfile.write(tmp_path / "room.wav", 0.9 ** np.arange(0, 400, 5.0), 8000)
    folders = [tmp_path / name for name in ("alone", "shared", "travelling")]
    for folder in folders:
        shutil.copytree(local / "results", folder / "results")
    words = ("--with", "noise=60:0,invert=0", "--impulse", tmp_path / "room.wav", "--levels", 1)
    command(folders[0], "stress", result(folders[0]), *words)
    command(folders[1], "stress", result(folders[1]), *words, "--cluster", address)
    monkeypatch.setattr(cluster.Crew, "blind", property(lambda _: {"all"}, lambda *_: None), raising=False)
    monkeypatch.chdir(folders[2])
    kinds = {"noise": [60, 0], "invert": [0]}
    fusion.stress(
        result(folders[2]), kinds=kinds, levels=1, impulse=tmp_path / "room.wav", jobs=1, cluster=str(address)
    )
    one, *others = [((result(folder) / "stress.json").read_text(), stored(folder)) for folder in folders]
    assert "impulse" in one[0]
    assert all(other == one for other in others)


@pytest.mark.slow
def test_a_search_with_shared_folders_and_without(address, many, tmp_path, monkeypatch):
    scores = []
    for name in ("alone", "shared", "travelling"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "open.yaml").write_text(SEARCH)
        if name == "travelling":
            monkeypatch.setattr(cluster.Crew, "blind", property(lambda _: {"all"}, lambda *_: None), raising=False)
        words = ["--jobs", 2] if name == "alone" else ["--cluster", address]
        done = command(folder, "tune", "open.yaml", "--data", many, *words)
        (table,) = folder.glob("results/open/*/search/trials.csv")
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
        assert {row["status"] for row in rows} == {"COMPLETED"}
        assert "trial 3/3: accuracy" in done.stderr or "trial 2/3: accuracy" in done.stderr
        assert table.with_name("best.yaml").exists()
        scores.append(rows[0]["score"])
    assert scores[0] == scores[1] == scores[2]  # which settings are proposed depends on who is ready first
