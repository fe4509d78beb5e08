"""What is to be done for some results: trainings and reference lines in one crew of workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.data import Data
from fusion.datasets.table import Dataset
from fusion.evaluation.reference import REFERENCES
from fusion.extraction.prepare import Prepared
from fusion.learning.jobs import TrainingJob
from fusion.learning.references import ReferenceJob
from fusion.report import result_page
from fusion.results.folder import ResultFolder
from fusion.results.metrics import evaluate_trainings
from fusion.results.reference_predictions import (
    ReferencePredictions,
    read_reference_predictions,
    to_reference_predictions,
    write_reference_predictions,
)
from fusion.results.trained import read_pretrained
from fusion.runtime.files import write_json
from fusion.runtime.versions import versions
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment


class Work:
    """What is to be done for one result: trainings and reference lines, and then its tables.

    Parameters
    ----------
    experiment : Experiment
    data : Data
    result : ResultFolder
        Locked while anything is done.
    workplace : Workplace
    force : bool
        Do again what is there.
    references : tuple of str or None
        Reference lines wanted; None: all.
    extra : dict, optional
        More for metrics.json.

    Attributes
    ----------
    prepared : Prepared
        Set before anything is taken up.
    """

    prepared: Prepared

    def __init__(
        self,
        experiment: Experiment,
        data: Data,
        result: ResultFolder,
        workplace: Workplace,
        *,
        force: bool = False,
        references: tuple[str, ...] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.experiment, self.data, self.result, self.workplace = experiment, data, result, workplace
        self.force = force
        self.references = data.dataset.label_task.references if references is None else references
        self.extra = extra or {}
        self.previous = result.metrics()
        self.jobs: list[TrainingJob] = []
        self.trained: list[int] = []
        self.stored: ReferencePredictions = {}
        self.fresh: ReferencePredictions = {}

    @property
    def dataset(self) -> Dataset:
        """The data set, without damaged clips."""
        return self.prepared.data.dataset

    def train(self, seeds: Sequence[int]) -> None:
        """Take up the seeds that are not trained yet."""
        self.trained = [seed for seed in seeds if self.force or seed not in self.result.trained()]
        self.jobs = [job for seed in self.trained for job in self.seed_jobs(seed)]

    def apply(self, seeds: Sequence[int], folder_of: Callable[[int], Path]) -> None:
        """Take up the use of trained seeds on the test clips."""
        self.trained = list(seeds)
        self.jobs = [job for seed in seeds for job in self.seed_jobs(seed, folder_of(seed))]

    def calls(self) -> list[tuple[str, TrainingJob | ReferenceJob]]:
        """Return what is to be called in workers."""
        # figures of reference lines that came without networks, from a repository, are not this machine's
        self.stored = {} if self.force or not self.result.trained() else read_reference_predictions(self.result.folder)
        missing = [key for key in self._wanted() if key not in self.stored]
        lines = [
            ReferenceJob(*key, self.prepared.parts(of), self.experiment.dataset.aggregate, of.fold)
            for key in missing
            for of in self.dataset.each_fold()
        ]
        todo = [job for job in self.jobs if self.force or job.source or not (job.folder / "summary.json").exists()]
        return [
            *((f"fusion.learning.train:{'apply_seed' if job.source else 'train_seed'}", job) for job in todo),
            *(("fusion.learning.references:predict_reference", line) for line in lines),
        ]

    def _wanted(self) -> list[tuple[str, int]]:
        """Return names and seeds of reference models; only some vary with the seed."""
        seeds = sorted({*(job.seed for job in self.jobs), *self.result.trained()})
        return [(name, seed) for name in self.references for seed in (seeds if REFERENCES[name].seeded else [0])]

    def note(self, job: ReferenceJob, found: tuple[NDArray[np.float64], float | None]) -> None:
        """Take what a reference line predicted."""
        of = next(of for of in self.dataset.each_fold() if of.fold == job.fold)
        ids = self.dataset.table["id"].to_numpy()[of.test]
        said = dict(zip(ids, to_reference_predictions(self.dataset, *found), strict=True))
        self.fresh.setdefault((job.name, job.seed), {}).update(said)

    def finish(self) -> dict[str, Any]:
        """Evaluate and report; return the content of metrics.json."""
        experiment, prepared, result, workplace = self.experiment, self.prepared, self.result, self.workplace
        stored = {**self.stored, **self.fresh}
        if self.fresh:
            write_reference_predictions(result, self.dataset, stored)
        references = {key: stored[key] for key in self._wanted()}
        seeds = result.trained()
        experiment = replace(experiment, seeds=tuple(seeds))
        started = time.perf_counter()
        metrics = {**evaluate_trainings(experiment, prepared, result, references, workplace.sample), **self.extra}
        metrics["seconds"]["evaluate"] += time.perf_counter() - started
        if self.previous and not any(prepared.computed.values()):
            metrics["seconds"]["extract"] = self.previous["seconds"]["extract"]
        result.write_spec(experiment)
        device = str(result.summaries(seeds[0])[0]["device"])
        result.write_environment(experiment, device, None if workplace.sample else workplace.root)
        result_page.write(result.folder, metrics)
        write_json(result.folder / "metrics.json", metrics)
        return metrics

    def seed_jobs(self, seed: int, source: Path | None = None) -> list[TrainingJob]:
        """Return the trainings of one seed, one a fold; with `source`, a trained seed's folder, its use on the test."""
        settings = self.experiment.dataset
        ids = self.dataset.table["id"].to_numpy()
        start = self.experiment.training.pretrain
        folds = self.dataset.each_fold()
        folder = self.result.seed_folder(seed)
        return [
            TrainingJob(
                folder if of.fold is None else folder / f"fold-{of.fold}",
                seed,
                self.experiment.model,
                self.experiment.training,
                self.dataset.classes,
                self.prepared.parts(of),
                tuple(ids[of.test]),
                versions(),
                settings.aggregate,
                settings.threshold if settings.several else None,
                source,
                _network(start, seed) if start else None,
                len(folds),
            )
            for of in folds
        ]


def do(works: Sequence[Work]) -> list[dict[str, Any]]:
    """Do all works in one crew of workers, which import keras once; each is finished as soon as its parts are.

    Returns
    -------
    list of dict
        The content of each metrics.json.
    """
    if not works:
        return []
    workplace = works[0].workplace
    calls = {id(work): work.calls() for work in works}
    owners = {id(task): work for work in works for _, task in calls[id(work)]}
    left = {key: len(of) for key, of in calls.items()}
    finished: dict[int, dict[str, Any]] = {}
    for work in works:
        if not left[id(work)]:
            finished[id(work)] = work.finish()
        else:
            (work.result.folder / "metrics.json").unlink(missing_ok=True)  # would not fit the new networks
    every = [call for of in calls.values() for call in of]
    training = [task for _, task in every if isinstance(task, TrainingJob) and not task.source]
    epochs = max((task.training.epochs for task in training), default=0)
    threads = max((work.experiment.training.threads for work in works), default=1)
    with workplace.progress.training([str(task.folder) for task in training], epochs) as news:
        for task, found in run(every, workplace.jobs, threads, news):
            work = owners[id(task)]
            if isinstance(task, ReferenceJob):
                work.note(task, found)
            left[id(work)] -= 1
            if not left[id(work)]:
                finished[id(work)] = work.finish()
    return [finished[id(work)] for work in works]


def _network(folder: str, seed: int) -> Path:
    """Return the network of another result to start from: of the same seed, or of its first."""
    source = read_pretrained(folder)
    return source.networks(seed if seed in source.trained() else source.trained()[0])[0]
