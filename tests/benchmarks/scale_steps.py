"""The steps of a command, each in a process of its own: the last line that it prints is what it took, as JSON.

python tests/benchmarks/scale_steps.py STEP ROOT JOBS
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from scale_notes import ShortNotes

from fusion.audit.check import check_data
from fusion.datasets.data import Data, read_data
from fusion.extraction.prepare import Prepared, prepare
from fusion.extraction.store import open_stores
from fusion.extraction.windows import cut_windows
from fusion.runtime.progress import Progress
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_experiment
from fusion.studies.ablate import ablate
from fusion.studies.experiment import result_of
from fusion.studies.pending import to_train

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "nsynth_fusion.yaml"
SMALL = ("model={conv_filters: [4], dense_units: [4], embedding: 4}", "training={epochs: 1, batch_size: 1024}")
Figures = dict[str, float]


class Steps:
    """What the commands do with one data set.

    Parameters
    ----------
    root : Path
        Beside the data set's parts, the folders ``cache`` and ``results`` are made.
    jobs : int
    """

    def __init__(self, root: Path, jobs: int) -> None:
        self.workplace = Workplace(root, False, root / "cache", root / "results", jobs, Progress(quiet=True))

    def hash(self) -> Figures:
        """Read the metadata and hash every file."""
        self._forget("hashes.sqlite")
        return measured(self._data)

    def extract(self) -> Figures:
        """Extract the five features."""
        self._forget("features")
        data = self._data()
        return measured(lambda: prepare(self._experiment(), data, self.workplace))

    def start(self) -> Figures:
        """Read all that is known already, as a later command does before its own work."""
        figures = measured(self._prepared)
        experiment = self._experiment()
        stores = open_stores(self.workplace.cache, experiment.dataset, experiment.features, experiment.sources)
        windows = cut_windows(self._data().dataset.table, experiment.dataset).windows
        opened = measured(lambda: [store.rows([store.key(window) for window in windows]) for store in stores])
        return {**figures, "index_seconds": opened["seconds"]}

    def epoch(self) -> Figures:
        """Train a second epoch, which traces nothing."""
        ends: list[tuple[float, float]] = []
        experiment = self._experiment("training.epochs=2", "seeds=[1]")
        prepared = self._prepared(experiment)
        calls = [call for call in self._calls(experiment, prepared) if call[0].endswith("train_seed")]

        def note_end(message: Any) -> None:
            if message[0] == "epoch":  # not that the training is over
                ends.append((time.perf_counter(), _children()))

        _done(calls, 1, on_message=note_end)
        (wall, processor), (wall_after, processor_after) = ends
        return {"seconds": wall_after - wall, "processor": processor_after - processor}

    def references(self) -> Figures:
        """Fit all references of one seed, and let them predict."""
        experiment = self._experiment("seeds=[1]")
        prepared = self._prepared(experiment)
        calls = [call for call in self._calls(experiment, prepared) if call[0].endswith("predict_reference")]
        return measured(lambda: _done(calls, self.workplace.jobs))

    def check(self) -> Figures:
        """Check the data set."""
        self._forget("soundness.sqlite", "similarity.sqlite", "features/nsynth/_*")
        data = self._data()
        return measured(lambda: check_data(data, ShortNotes(validation="official"), self.workplace))

    def ablate(self) -> Figures:
        """Train and evaluate a very small network for an epoch, with each of the 31 sets of features."""
        shutil.rmtree(self.workplace.results, ignore_errors=True)
        return measured(lambda: ablate(self._experiment(*SMALL, "seeds=[1]"), self.workplace, "all"))

    def _experiment(self, *changes: str) -> Experiment:
        experiment = read_experiment(EXPERIMENT, assignments=changes)
        return replace(experiment, dataset=ShortNotes(validation="official"))

    def _data(self) -> Data:
        return read_data(ShortNotes(validation="official"), self.workplace)

    def _prepared(self, experiment: Experiment | None = None) -> Prepared:
        return prepare(experiment or self._experiment(), self._data(), self.workplace)

    def _calls(self, experiment: Experiment, prepared: Prepared) -> list[tuple[str, Any]]:
        shutil.rmtree(self.workplace.results, ignore_errors=True)
        result = result_of(experiment, prepared.data, self.workplace)
        return to_train(experiment, prepared, result, self.workplace).tasks({})

    def _forget(self, *names: str) -> None:
        for name in names:
            for path in self.workplace.cache.glob(name):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _done(calls: list[tuple[str, Any]], jobs: int, **options: Any) -> None:
    """Do calls, and wait until their workers have ended, so that what they spent is known."""
    with run(calls, jobs, **options) as finished:
        for _ in finished:
            pass


def measured(step: Callable[[], object]) -> Figures:
    """Return seconds and seconds of processor time that a step takes, with the processes that it starts and ends."""
    before = sum(_spent(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    started = time.perf_counter()
    step()
    seconds = time.perf_counter() - started
    after = sum(_spent(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": seconds, "processor": after - before}


def _spent(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _children() -> float:
    """Return the processor seconds of the processes that this one started and that still run."""
    ticks = 0
    for process in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        for child in process.read_text().split():
            ticks += sum(map(int, Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    name, root, jobs = sys.argv[1:]
    print(json.dumps(getattr(Steps(Path(root), int(jobs)), name)()))
