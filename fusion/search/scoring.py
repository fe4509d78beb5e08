"""Settings scored: group-wise folds of the training clips are trained, in processes of their own or on a cluster.

Test clips never come here. A fold that was scored keeps its scores in a file named by everything they depend on, so
whatever happens to a search, no finished training is done twice.
"""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import keras
import numpy as np

from fusion.errors import FusionError
from fusion.evaluation import convergence
from fusion.evaluation.aggregate import aggregate
from fusion.evaluation.decisions import decide
from fusion.evaluation.label_task import SINGLE_LABEL
from fusion.extraction.prepare import Prepared, prepare
from fusion.learning.fit import fit
from fusion.learning.jobs import TrainingJob
from fusion.learning.train import predict_windows
from fusion.runtime.cluster import Cluster
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.versions import decisive_versions, versions
from fusion.runtime.workers import run, send_message
from fusion.search.trials import DIRECTIONS, OWN, SearchJob, flat, record_path
from fusion.settings.experiment import Experiment
from fusion.settings.reading import resolve

_PREPARING = Lock()  # it sets the environment for workers, which threads share


@dataclass(frozen=True)
class TrialJob:
    """Settings to score, picklable: the search, the trial's id in KerasTuner's folder, and values by dotted path."""

    job: SearchJob
    trial: str
    values: dict[str, Any]

    @property
    def record(self) -> Path:
        """Where it is written what became of the trial."""
        return record_path(self.job.folder / self.job.project, self.trial)

    def write(self, record: dict[str, Any]) -> None:
        """Write the record, and send it as a message."""
        write_known(self.record, record)
        send_message(("record", self.trial, record))


def try_own(job: SearchJob) -> None:
    """Score the experiment's own settings, so that a search shows what it gained; a failure is in the record."""
    own = flat(job.settings)
    with suppress(Exception):
        try_settings(TrialJob(job, OWN, {path: own[path] for path in job.search.space}))


def try_settings(task: TrialJob) -> dict[str, float]:
    """Return the mean scores over folds of some settings, and write a record of it, unless it is interrupted."""
    send_message(("trial", task.trial, task.values))
    record: dict[str, Any] = {"values": task.values, "folds": [], "seconds": 0.0, "error": ""}
    try:
        for scores in _scores(task.job, task.trial, task.values):
            record["folds"].append(scores)
            record["seconds"] += scores["seconds"]
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()  # to the worker's log
        task.write(record)
        raise
    task.write(record)
    return {name: float(np.mean([scores[name] for scores in record["folds"]])) for name in DIRECTIONS}


def _scores(job: SearchJob, trial: str, values: dict[str, Any]) -> Iterator[dict[str, float]]:
    experiment = resolve(job.settings, values)
    prepared: Prepared | None = None
    numbers = range(int(job.folds.max()) + 1) if job.folds is not None else [0]
    for number in numbers:
        path = job.folder / "scores" / f"{fold_key(job, experiment, number)}.json"
        try:
            scores = read_known(path)
        except (OSError, ValueError):  # not there, or not as it was written
            if prepared is None:
                with _PREPARING:
                    prepared = prepare(experiment, job.data, job.workplace, job.folds)
            scores = _score(job, training_of(job, experiment, prepared, number))
            write_known(path, scores)
        send_message(("fold", trial, number, scores))
        yield scores


def _score(job: SearchJob, training: TrainingJob) -> dict[str, float]:
    """Return what `score_fold` does, by who trains."""
    if not isinstance(job.workers, Cluster):
        return score_fold(training)
    with run([("fusion.search.scoring:score_fold", training)], job.workers, training.training.threads) as finished:
        ((_, scores),) = finished
    return dict(scores)


def training_of(job: SearchJob, experiment: Experiment, prepared: Prepared, number: int) -> TrainingJob:
    """Return a training on all folds but one, stopped by the validation clips and tested on the one.

    Where the validation clips are what is scored, there are no folds, and the score is a little optimistic.
    """
    dataset = job.data.dataset
    parts = prepared.parts(dataset.each_fold()[0])
    parts["test"] = parts["validation"]
    if job.folds is not None:
        parts["test"] = parts["train"].only(job.folds == number)
        parts["train"] = parts["train"].only(job.folds != number)
    return TrainingJob(
        job.folder,
        job.search.seed,
        experiment.model,
        experiment.training,
        dataset.classes,
        parts,
        (),
        versions(),
        experiment.dataset.aggregate,
        fusion=experiment.fusion,
    )


def score_fold(job: TrainingJob) -> dict[str, float]:
    """Train a network and score it on its test part.

    Returns
    -------
    dict
        ``accuracy``, ``macro_f1``, ``loss`` (nats) and ``seconds``.

    Raises
    ------
    FusionError
        If the training diverged.
    """
    started = time.perf_counter()
    held_out = job.parts["test"]
    keras.utils.set_random_seed(job.seed)
    model = fit(job)
    probabilities = predict_windows(model, held_out)
    if not np.isfinite(probabilities).all():
        raise FusionError("the training diverged: its probabilities are not numbers; lower training.learning_rate")
    scores = aggregate(probabilities, held_out.clips, job.aggregate)
    truth = held_out.truth
    one_group = np.zeros(len(truth), dtype=np.int64)
    counts = SINGLE_LABEL.counts(truth, scores, decide(scores, None), one_group)[0]
    keras.backend.clear_session()
    return {
        **{metric.name: float(metric.function(counts)) for metric in SINGLE_LABEL.shown("headline", "table")},
        "loss": convergence.cross_entropy(scores, truth, job.model.activation),
        "seconds": time.perf_counter() - started,
    }


def fold_key(job: SearchJob, experiment: Experiment, number: int) -> str:
    """Return the name of everything that a fold's scores depend on."""
    folds = None if job.folds is None else hashlib.sha256(job.folds.tobytes()).hexdigest()
    data = [job.data.fingerprint, job.workplace.sample, folds, number]
    covered = [experiment.identity(), data, job.search.seed, decisive_versions()]
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:16]
