"""Settings scored: group-wise folds of the training clips are trained, in processes of their own.

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
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.versions import decisive_versions, versions
from fusion.runtime.workers import send_message
from fusion.search.trials import DIRECTIONS, OWN, SearchJob, flat, record_path
from fusion.settings.experiment import Experiment
from fusion.settings.reading import resolve


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
    """Return the mean scores over folds of some settings, and write a record of it, whatever comes."""
    send_message(("trial", task.trial, task.values))
    record: dict[str, Any] = {"values": task.values, "folds": [], "seconds": 0.0, "error": ""}
    try:
        for scores in _scores(task.job, task.trial, task.values):
            record["folds"].append(scores)
            record["seconds"] += scores["seconds"]
        return {name: float(np.mean([scores[name] for scores in record["folds"]])) for name in DIRECTIONS}
    except Exception as error:
        record["error"] = f"{type(error).__name__}: {error}"
        traceback.print_exc()  # to the worker's log
        raise
    finally:
        task.write(record)


def _scores(job: SearchJob, trial: str, values: dict[str, Any]) -> Iterator[dict[str, float]]:
    experiment = resolve(job.settings, values)
    prepared: Prepared | None = None
    numbers = range(int(job.folds.max()) + 1) if job.folds is not None else [0]
    for number in numbers:
        path = job.folder / "scores" / f"{fold_key(job, experiment, number)}.json"
        try:
            scores = read_known(path)
        except (OSError, ValueError):  # not there, or not as it was written
            prepared = prepared or prepare(experiment, job.data, job.workplace, job.folds)
            scores = score_fold(job, experiment, prepared, number)
            write_known(path, scores)
        send_message(("fold", trial, number, scores))
        yield scores


def score_fold(job: SearchJob, experiment: Experiment, prepared: Prepared, number: int) -> dict[str, float]:
    """Train on all folds but one, stop by the validation clips, and score the one.

    Where the validation clips are what is scored, there are no folds, and the score is a little optimistic.

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
    dataset = job.data.dataset
    parts = prepared.parts(dataset.each_fold()[0])
    held_out = parts["validation"]
    if job.folds is not None:
        held_out = parts["train"].only(job.folds == number)
        parts["train"] = parts["train"].only(job.folds != number)
    keras.utils.set_random_seed(job.search.seed)
    model = fit(
        TrainingJob(
            job.folder,
            job.search.seed,
            experiment.model,
            experiment.training,
            dataset.classes,
            parts,
            (),
            versions(),
            fusion=experiment.fusion,
        )
    )
    probabilities = predict_windows(model, held_out)
    if not np.isfinite(probabilities).all():
        raise FusionError("the training diverged: its probabilities are not numbers; lower training.learning_rate")
    scores = aggregate(probabilities, held_out.clips, experiment.dataset.aggregate)
    truth = held_out.truth
    one_group = np.zeros(len(truth), dtype=np.int64)
    counts = SINGLE_LABEL.counts(truth, scores, decide(scores, None), one_group)[0]
    keras.backend.clear_session()
    return {
        **{metric.name: float(metric.function(counts)) for metric in SINGLE_LABEL.shown("headline", "table")},
        "loss": convergence.cross_entropy(scores, truth, experiment.model.activation),
        "seconds": time.perf_counter() - started,
    }


def fold_key(job: SearchJob, experiment: Experiment, number: int) -> str:
    """Return the name of everything that a fold's scores depend on."""
    folds = None if job.folds is None else hashlib.sha256(job.folds.tobytes()).hexdigest()
    data = [job.data.fingerprint, job.workplace.sample, folds, number]
    covered = [experiment.identity(), data, job.search.seed, decisive_versions()]
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:16]
