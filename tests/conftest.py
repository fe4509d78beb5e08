"""Small data in real layouts, and the command line, for all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from threadpoolctl import threadpool_limits

from fusion.cli import app
from fusion.errors import FusionError
from fusion.rendering import fluidsynth as synthesis
from fusion.runtime import workers
from tests.support.command import TRAINED, command
from tests.support.notes import names, write_part
from tests.support.warm import WarmContext, stop_server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take an option of the regression tests."""
    parser.addoption("--store", action="store_true", help="store what tests/regression measures, instead of comparing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, so that one process does not end on them while the other one waits."""
    longest = {"test_every_dataset.py", "test_docstrings.py", "search", "studies", "regression"}
    items.sort(key=lambda item: not longest & set(item.path.parts))
    items.sort(key=lambda item: item.path.name != "test_every_dataset.py")


# a shell without job control starts what it starts in the background with this signal ignored, and so would be all
# that tests start to interrupt it
signal.signal(signal.SIGINT, signal.default_int_handler)

# two processes that compile one of librosa's functions at once can leave a cache that crashes every later call; set
# anew in each test process, since those of xdist inherit the variable from the one that started them
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".pytest_cache" / f"numba-{_WORKER}")


@pytest.fixture(scope="session", autouse=True)
def warm_workers() -> Iterator[None]:
    """Workers that this process starts need not import keras; those of cold commands do."""
    with mock.patch.object(workers, "Context", WarmContext):
        yield
    stop_server()


@pytest.fixture(scope="session")
def nsynth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set in NSynth's layout: three families, read-only by convention."""
    root = tmp_path_factory.mktemp("nsynth")
    families = ["bass", "flute", "reed"]
    write_part(root / "nsynth-train", names(families, [0, 1], range(40, 80, 5)))
    write_part(root / "nsynth-valid", names(families, [2], range(40, 80, 2)))
    write_part(root / "nsynth-test", names(families, [2], range(41, 81, 5)))
    return root


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """A quick experiment file."""
    path = tmp_path / "quick.yaml"
    path.write_text(
        "dataset: {name: nsynth, protocol: course}\n"
        "features:\n"
        "  mfcc: {n_mfcc: 8}\n"
        "model: {conv_filters: [8], dense_units: [8], embedding: 8}\n"
        "training: {epochs: 2, batch_size: 16}\n"
        "seeds: [1]\n"
    )
    return path


@pytest.fixture
def fusion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """The command line in an empty folder: takes words, gives exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FUSION_DATA", raising=False)
    monkeypatch.delenv("FUSION_CACHE", raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            app.main([str(word) for word in words])
        out, err = capsys.readouterr()
        code = stop.value.code
        assert isinstance(code, int)
        return code, out, err

    return call


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in workers: boosting is many times slower where its threads wait for a processor that others use."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def place(nsynth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an experiment, small.yaml, that has been run once."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.yaml").write_text(TRAINED)
    done = command(folder, "run", "small.yaml", "--data", nsynth)
    (folder / "stdout.txt").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture(scope="session")
def result(place: Path) -> Path:
    """The result folder of that experiment."""
    return place / (place / "stdout.txt").read_text().splitlines()[-1]


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three families with four training instruments each, enough for folds of instruments."""
    root = tmp_path_factory.mktemp("many")
    families = ["bass", "flute", "reed"]
    write_part(root / "nsynth-train", names(families, [0, 1, 2, 3], range(40, 80, 8)))
    write_part(root / "nsynth-test", names(families, [4], range(41, 81, 10)))
    return root


@pytest.fixture(scope="session")
def fluidsynth() -> None:
    """Skip the test where FluidSynth is not installed."""
    try:
        synthesis.check_fluidsynth()
    except FusionError as error:
        pytest.skip(str(error))
