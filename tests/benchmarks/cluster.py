"""What a Dask scheduler costs, and how far more workers would help.

    python -m tests.benchmarks.cluster [--data DIR] [--rounds 3] [--notes 2000] [--disk 1000]

Starts a scheduler and workers of one thread on this machine, and prints

- the overhead of 300 tasks of 0.1 s on two workers: the time over 15 s, less one; and the processor time of each task in
  the command, the scheduler and the workers;
- how many times as fast two workers extract five features of notes as one does at the same time, so that whatever else the
  machine is at slows both alike; the median of rounds, each counted from when all have imported what they need until the
  first of them is over;
- the processor time of every task of one `fusion run` of all notes, and with it
- a **simulation**, no measurement, of how many workers do the same with all of NSynth: what is recorded is drawn by chance
  and scaled by the number of notes; the scheduler takes the time that was measured; one disk that all workers share
  gives so many MB a second. It says what workers spend their time with, and so what ends the growth.

Reading on a shared disk: mean value analysis of a closed queue (Reiser and Lavenberg 1980, doi:10.1145/322186.322195).
"""

from __future__ import annotations

import argparse
import heapq
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import psutil

import fusion
from fusion.datasets.data import read_data
from fusion.datasets.roots import sample_root
from fusion.evaluation.reference import REFERENCES, SVM
from fusion.extraction.extract import MOST, extract, shard_size
from fusion.extraction.store import open_stores
from fusion.extraction.windows import cut_windows
from fusion.runtime.cluster import connect
from fusion.runtime.progress import Progress
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from tests.support.clusters import ROOT, scheduler, wait, worker, workers_of
from tests.support.timed import Timed, record

TASKS, SECONDS = 300, 0.1
NOTES, TRAINING, TEST = 305_979, 289_205, 4_096  # of all of NSynth
MEGABYTES = 0.128  # of a note: 4 s of 16 bit at 16 kHz
SHARD = 50  # notes, so that rounds are short
EPOCHS, SEEDS = 40, 3  # of the experiment
RECORDED = 4  # epochs
FEATURES = ["mfcc", "spectral_centroid", "spectral_rolloff", "tonnetz", "zero_crossing_rate"]
EXPERIMENT = ROOT / "experiments" / "nsynth_fusion.yaml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="in NSynth's layout, instead of the sample")
    parser.add_argument("--rounds", type=int, default=3, help="of extracting with one worker and with two; 0: none")
    parser.add_argument("--notes", type=int, default=2000, help="that are extracted in each round")
    parser.add_argument("--disk", type=float, default=1000, help="MB a second that the simulated disk gives")
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name, ExitStack() as open_now:
        folder = Path(name)
        files = []
        for count in (1, 2):
            (folder / str(count)).mkdir()
            file, process = open_now.enter_context(scheduler(folder / str(count)))
            crew = [open_now.enter_context(worker(file)) for _ in range(count)]
            wait(lambda file=file, count=count: workers_of(file) == count)
            files.append(file)
        dispatch = overhead_of(files[1], process.pid, [each.pid for each in crew])
        ratios = []
        for number in range(options.rounds):
            with ThreadPoolExecutor() as both, mock.patch("fusion.extraction.extract.MOST", SHARD):
                places = [folder / f"{count}-{number}" for count in (1, 2)]
                notes = [options.notes, 2 * options.notes]
                one, two = both.map(extraction, files, places, [options.data] * 2, notes)
            began, over = max(one[0][0], two[0][0]), min(one[-1][0], two[-1][0])
            done = [sum(count for when, count in steps if began < when <= over) for steps in (one, two)]
            ratios.append(done[1] / done[0])
        if ratios:
            all_ratios = ", ".join(f"{ratio:.2f}" for ratio in ratios)
            print(f"two workers extract {np.median(ratios):.2f} times as fast as one ({all_ratios})")
        recorded = recorded_run(folder / "recorded", options.data)
    simulate(recorded, dispatch, options.disk)
    print(f"load average {os.getloadavg()[0]:.1f}")


def overhead_of(file: Path, scheduler_process: int, crew: Sequence[int]) -> float:
    """Print by which share tasks take longer than they do nothing; return seconds of the scheduler for each."""

    def used(processes: Sequence[int]) -> float:
        return sum(sum(psutil.Process(process).cpu_times()[:2]) for process in processes)

    cluster = connect(str(file), [], [])
    with run([("tests.benchmarks.cluster:sleep", SECONDS) for _ in range(TASKS + 2)], cluster) as finished:
        next(finished)  # both processes are there
        next(finished)
        began = time.perf_counter()
        before = [used(each) for each in ([os.getpid()], [scheduler_process], crew)]
        assert sum(1 for _ in finished) == TASKS
        overhead = (time.perf_counter() - began) / (TASKS * SECONDS / 2) - 1
        after = [used(each) for each in ([os.getpid()], [scheduler_process], crew)]
    command, dispatch, workers = [(late - early) / TASKS for early, late in zip(before, after, strict=True)]
    print(
        f"{TASKS} tasks of {SECONDS} s on two workers: {100 * overhead:.1f} % overhead; processor time a task: command "
        f"{1000 * command:.1f} ms, scheduler {1000 * dispatch:.1f} ms, workers {1000 * workers:.1f} ms"
    )
    return max(command, dispatch)  # side by side


def sleep(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)


def extraction(file: Path, folder: Path, root: Path | None, notes: int) -> list[tuple[float, int]]:
    """Return when shards were done, and how many notes; the first one says that all workers are at work."""
    experiment = read_experiment(EXPERIMENT, features=FEATURES)
    sample, root = root is None, root or sample_root("nsynth")
    cluster = connect(str(file), [root], [folder / "cache", folder / "results"])
    quiet = Progress(quiet=True)
    workplace = Workplace(root, sample, folder / "cache", folder / "results", 1, quiet, cluster)
    data = read_data(experiment.dataset, workplace)
    stores = open_stores(workplace.cache, experiment.dataset, experiment.features, experiment.sources)
    windows = cut_windows(data.dataset.table, experiment.dataset).windows[:notes]
    steps: list[tuple[float, int]] = []
    extract(windows, stores, cluster, lambda count: steps.append((time.perf_counter(), count)))
    return [step for step in steps if step[1]][2 * cluster.threads - 1 :]


@dataclass(frozen=True)
class Recorded:
    """Processor seconds of the tasks of a run.

    Attributes
    ----------
    start, train_start : float
        Until a process has imported what extraction needs, and until one has trained its first epoch, less an epoch.
    notes : (shards,) float
        A note, in each shard.
    piece : int
        Notes of a shard.
    epochs : (epochs,) float
        A note, in each epoch.
    evaluation : float
        After a training, a test note.
    references : list of float
        Each reference's, with so many training notes as it takes of NSynth.
    """

    start: float
    train_start: float
    notes: np.ndarray
    piece: int
    epochs: np.ndarray
    evaluation: float
    references: list[float]


def recorded_run(folder: Path, root: Path | None) -> Recorded:
    """Run the experiment with few epochs, and print and return what its tasks took."""
    tasks: list[Timed] = []
    places = [f"fusion.{module}.run" for module in ("extraction.extract", "studies.completion")]
    data = {"sample": True} if root is None else {"data": root}
    with mock.patch(places[0], record(tasks)), mock.patch(places[1], record(tasks)):
        fusion.run(
            EXPERIMENT,
            features=FEATURES,
            seeds=1,
            set={"training.epochs": RECORDED, "training.threads": 1},
            results=folder / "results",
            cache=folder / "cache",
            jobs=16,  # so that shards are small
            **data,
        )
    by_name: dict[str, list[Timed]] = {}
    for each in tasks:
        by_name.setdefault(each.function.rpartition(":")[2], []).append(each)
    shards = by_name["extract_shard"]
    counts = np.array([len(each.task.windows) for each in shards])
    seconds = np.array([each.marks[-1] - each.marks[0] for each in shards])
    warm = np.array([not each.first for each in shards])
    notes = seconds[warm] / counts[warm]
    first = int(np.flatnonzero(~warm)[0])
    start = shards[first].marks[-1] - counts[first] * float(np.median(notes))
    (training,) = by_name["train_seed"]
    parts, marks = training.task.parts, training.marks
    epochs = np.diff(marks[1 : 1 + RECORDED]) / len(parts["train"])
    references = []
    for each in by_name["predict_reference"]:
        most = REFERENCES[each.task.name].most or TRAINING
        took = each.marks[-1] - each.marks[0]
        scaled = min(most, TRAINING) / min(most, len(parts["train"]))
        scaled **= 1 + (each.task.name == SVM.name)  # grows with the square
        references.append(took * scaled)
        print(f"recorded: {each.task.name} {took:.1f} s, times {scaled:.0f} for all of NSynth")
    recorded = Recorded(
        start,
        marks[1] - len(parts["train"]) * float(np.median(epochs)),
        notes,
        int(np.median(counts)),
        epochs,
        (marks[-1] - marks[RECORDED]) / len(parts["test"]),
        references,
    )
    print(
        f"recorded: {counts.sum()} notes in {len(shards)} shards, {1000 * np.median(notes):.2f} ms a note "
        f"({1000 * notes.min():.2f} to {1000 * notes.max():.2f}), {start:.1f} s before the first; an epoch "
        f"{1000 * np.median(epochs):.3f} ms a note of {len(parts['train'])}, {recorded.train_start:.1f} s before the first"
    )
    return recorded


def simulate(recorded: Recorded, dispatch: float, disk: float) -> None:
    """Print how long more and more workers would take for all of NSynth, and what they spend it with."""
    print(
        f"simulated, not measured: {NOTES} notes of {MEGABYTES} MB, {1000 * dispatch:.1f} ms of the scheduler a "
        f"task, one disk of {disk:.0f} MB/s for all; then {SEEDS} trainings of {EPOCHS} epochs with {TRAINING} notes, and "
        f"{len(recorded.references)} references"
    )
    print(
        "| workers | extraction, minutes | times as fast | compute | start | read | scheduler | last | run, minutes |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    alone = 0.0
    for workers in (1, 2, 4, 8, 16, 32, 64):
        random = np.random.default_rng(0)
        size = shard_size(NOTES, MOST, workers)
        counts = [min(size, NOTES - first) for first in range(0, NOTES, size)]
        pieces = [-(-count // recorded.piece) for count in counts]  # a shard is several of those that were recorded
        drawn = [float(random.choice(recorded.notes, number).mean()) for number in pieces]
        computing = [count * seconds for count, seconds in zip(counts, drawn, strict=True)]
        read = MEGABYTES / disk
        reading, queue = 0.0, 0.0  # seconds a note, notes at the disk
        for others in range(1, workers + 1):
            reading = read * (1 + queue)
            queue = others * reading / (float(recorded.notes.mean()) + reading)
        tasks = [seconds + count * reading for seconds, count in zip(computing, counts, strict=True)]
        over, waiting, last = makespan(tasks, workers, dispatch, recorded.start)
        trainings = [
            recorded.train_start
            + TRAINING * float(random.choice(recorded.epochs, EPOCHS).sum())
            + TEST * recorded.evaluation
            for _ in range(SEEDS)
        ]
        trained, _, _ = makespan([*trainings, *recorded.references], workers, dispatch, 0.0)
        alone = alone or over
        spent = [sum(computing), recorded.start * workers, NOTES * reading, waiting, last]
        shares = " | ".join(f"{part / (over * workers):.0%}" for part in spent)
        print(f"| {workers} | {over / 60:.1f} | {alone / over:.1f} | {shares} | {(over + trained) / 60:.0f} |")


def makespan(tasks: Sequence[float], workers: int, dispatch: float, start: float) -> tuple[float, float, float]:
    """Return when tasks are over, and how long workers wait in all for the scheduler and for the last; seconds."""
    free = [start] * workers
    sent = waiting = 0.0
    for seconds in tasks:
        sent += dispatch
        ready = heapq.heappop(free)
        waiting += max(0.0, sent - ready)
        heapq.heappush(free, max(ready, sent) + seconds)
    return max(free), waiting, workers * max(free) - sum(free)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
