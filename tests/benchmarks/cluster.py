"""What a Dask scheduler costs, and how far more workers would help.

    python -m tests.benchmarks.cluster [--data /data/nsynth] [--rounds 3]

Starts a scheduler and workers of one thread on this machine, and prints

- the overhead of 300 tasks of 0.1 s on two workers: the time over 15 s, less one;
- how many times as fast two workers extract five features as one, the median of rounds that take turns, counted from when
  as many shards are done as there are workers, which have imported by then what they need;
- a **simulation**, no measurement, of how many workers extract all of NSynth: the tasks of `fusion extract` with the
  seconds a note that were measured here, and a scheduler that takes the time for each task that was measured, too. One
  disk gives so many MB a second to all. It says what ends the growth.
"""

from __future__ import annotations

import argparse
import heapq
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from fusion.datasets.data import read_data
from fusion.datasets.roots import sample_root
from fusion.extraction.extract import extract
from fusion.extraction.store import open_stores
from fusion.extraction.windows import cut_windows
from fusion.runtime.cluster import connect
from fusion.runtime.progress import Progress
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from tests.support.clusters import ROOT, scheduler, wait, worker, workers_of

TASKS, SECONDS = 300, 0.1
NOTES, NOTE_MB = 305_979, 0.128  # all of NSynth's, 4 s each
DISK = 1000.0  # MB a second
FEATURES = ["mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate"]
EXPERIMENT = ROOT / "experiments" / "nsynth_fusion.yaml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="in NSynth's layout, instead of the sample")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_now:
        folder = Path(name)
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        files = []
        for count in (1, 2):
            file, _ = open_now.enter_context(scheduler(folder / ("one", "two")[count - 1]))
            for _ in range(count):
                open_now.enter_context(worker(file))
            wait(lambda file=file, count=count: workers_of(file) == count)
            files.append(file)
        overhead = overhead_of(files[1])
        print(f"{TASKS} tasks of {SECONDS} s on two workers: {100 * overhead:.1f} % overhead")
        rates = [
            [extraction(file, folder / f"{count}-{number}", options.data) for count, file in enumerate(files)]
            for number in range(options.rounds)
        ]
        ratios = [two / one for one, two in rates]
        one = np.median(rate for rate, _ in rates)
        print(
            f"two workers extract {np.median(ratios):.2f} times as fast as one "
            f"({', '.join(f'{ratio:.2f}' for ratio in ratios)}; one: {one:.0f} notes a second)"
        )
    simulate(1 / float(one), max(overhead, 0.0) * SECONDS / 2)


def overhead_of(file: Path) -> float:
    """Return by which share tasks take longer than they do nothing, once both processes are there."""
    with run(
        [("tests.benchmarks.cluster:sleep", SECONDS) for _ in range(TASKS + 2)], connect(str(file), [], [])
    ) as finished:
        next(finished)
        next(finished)
        began = time.perf_counter()
        assert sum(1 for _ in finished) == TASKS
        return (time.perf_counter() - began) / (TASKS * SECONDS / 2) - 1


def sleep(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)


def extraction(file: Path, folder: Path, root: Path | None) -> float:
    """Return notes a second, counted from the first shard on."""
    experiment = read_experiment(EXPERIMENT, features=FEATURES)
    sample, root = root is None, root or sample_root("nsynth")
    cluster = connect(str(file), [root], [folder / "cache", folder / "results"])
    quiet = Progress(quiet=True)
    workplace = Workplace(root, sample, folder / "cache", folder / "results", 1, quiet, cluster)
    data = read_data(experiment.dataset, workplace)
    stores = open_stores(workplace.cache, experiment.dataset, experiment.features, experiment.sources)
    windows = cut_windows(data.dataset.table, experiment.dataset).windows
    steps: list[tuple[float, int]] = []
    extract(windows, stores, cluster, lambda count: steps.append((time.perf_counter(), count)))
    done = [(when, count) for when, count in steps if count]
    warm = cluster.threads  # so many shards brought their imports along
    return sum(count for _, count in done[warm:]) / (done[-1][0] - done[warm - 1][0])


def simulate(note: float, dispatch: float) -> None:
    """Print how long more and more workers would take for all of NSynth, and why."""
    print(
        f"simulated, not measured: {NOTES} notes of {1000 * note:.1f} ms, {1000 * dispatch:.1f} ms of the scheduler a "
        f"task, one disk of {DISK:.0f} MB/s, 10 s until a worker has imported everything"
    )
    alone = 0.0
    for workers in (1, 4, 16, 64, 256):
        size = max(1, min(8192, -(-NOTES // (4 * workers))))
        random = np.random.default_rng(0)
        free = [10.0] * workers
        heapq.heapify(free)
        sent = 0.0
        for first in range(0, NOTES, size):
            count = min(size, NOTES - first)
            sent += dispatch
            started = max(heapq.heappop(free), sent)
            slow = max(note, NOTE_MB / DISK * workers)  # the disk is shared by all
            heapq.heappush(free, started + count * slow * random.lognormal(0, 0.1))
        over = max(free)
        alone = alone or over
        reading = NOTE_MB / DISK * workers / note
        waits = (over * workers - sum(free)) / (over * workers)
        print(
            f"  {workers:3d} workers: {over / 60:6.1f} min, {alone / over:5.1f} times as fast; disk {min(reading, 1):.0%} "
            f"busy, {waits:.0%} of the time workers wait for the last"
        )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
