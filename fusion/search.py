"""One worker of a search: KerasTuner proposes settings, group-wise folds of the training clips score them.

Test clips never come here. A fold that was scored keeps its scores in a file named by everything they depend on, so
whatever happens to a search, no finished training is done twice.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import time
import traceback
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from typing import Any

import keras
import keras_tuner
import numpy as np
from keras_tuner.engine.base_tuner import BaseTuner

from fusion import evaluate
from fusion.files import write_json
from fusion.jobs import Job, Part
from fusion.prepare import Prepared, prepare
from fusion.result import versions
from fusion.spec import Choices, Experiment, Range, resolve
from fusion.train import fit, predict
from fusion.trials import DIRECTIONS, FIRST, OWN, SearchJob, decode, encoded, flat, record_path
from fusion.workers import tell


def work(job: SearchJob) -> None:
    """Try settings until the search is over; as chief, propose them until no worker asks any more.

    Parameters
    ----------
    job : SearchJob
        What KerasTuner prints goes to ``<member>.log`` in its folder.
    """
    if job.address:
        host, port = job.address
        os.environ |= {
            "KERASTUNER_TUNER_ID": job.member,
            "KERASTUNER_ORACLE_IP": host,
            "KERASTUNER_ORACLE_PORT": str(port),
        }
    log = job.folder / f"{job.member}.log"
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file):
        tuner = FoldTuner(job)
        tuner.save()  # so that a search killed in its first trial is known
        if job.member == FIRST:
            tuner.try_own()
        tuner.search()


class FoldTuner(BaseTuner):
    """A tuner whose trials are cross-validations.

    Parameters
    ----------
    job : SearchJob
    """

    def __init__(self, job: SearchJob) -> None:
        self.job = job
        search = job.search
        kinds = {
            "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
            "random": keras_tuner.oracles.RandomSearchOracle,
        }
        oracle = kinds[search.tuner](
            objective=keras_tuner.Objective(search.objective, DIRECTIONS[search.objective]),
            max_trials=search.trials,
            hyperparameters=hyperparameters(search.space),
            seed=search.seed,
            max_consecutive_failed_trials=search.trials + 1,  # failures are counted at the end, all of them
        )
        super().__init__(oracle, directory=str(job.folder), project_name=job.project)

    def run_trial(self, trial: Any) -> dict[str, float]:
        """Return the mean scores over folds; a failure is kept in the trial's record and raised again."""
        return self.try_settings(trial.trial_id, decode(self.job.search.space, trial.hyperparameters.values))

    def try_own(self) -> None:
        """Score the experiment's own settings, so that a search shows what it gained."""
        own = flat(self.job.settings)
        with suppress(Exception):  # it is in the record, as of any trial
            self.try_settings(OWN, {path: own[path] for path in self.job.search.space})

    def try_settings(self, trial: str, values: dict[str, Any]) -> dict[str, float]:
        """Score settings and write a record of it, whatever comes."""
        tell(("trial", trial, values))
        record: dict[str, Any] = {"values": values, "folds": [], "seconds": 0.0, "error": ""}
        try:
            for scores in self._scores(trial, values):
                record["folds"].append(scores)
                record["seconds"] += scores["seconds"]
            return {name: float(np.mean([scores[name] for scores in record["folds"]])) for name in DIRECTIONS}
        except Exception as error:
            record["error"] = f"{type(error).__name__}: {error}"
            traceback.print_exc()  # to the worker's log
            raise
        finally:
            write_json(record_path(self.job.folder / self.job.project, trial), record)
            tell(("record", trial, record))

    def _scores(self, trial: str, values: dict[str, Any]) -> Any:
        job = self.job
        experiment = resolve(job.name, job.settings, values)
        prepared: Prepared | None = None
        numbers = range(int(job.folds.max()) + 1) if job.folds is not None else [0]
        for number in numbers:
            path = job.folder / "scores" / f"{fold_key(job, experiment, number)}.json"
            if path.exists():
                scores = json.loads(path.read_text(encoding="utf-8"))
            else:
                prepared = prepared or prepare(experiment, job.data, job.setting)
                scores = score_fold(job, experiment, prepared, number)
                write_json(path, scores)
            tell(("fold", trial, number, scores))
            yield scores


def score_fold(job: SearchJob, experiment: Experiment, prepared: Prepared, number: int) -> dict[str, float]:
    """Train on all folds but one, stop by the validation clips, and score the one.

    Where the validation clips are what is scored, there are no folds, and the score is a little optimistic.

    Returns
    -------
    dict
        ``accuracy``, ``macro_f1``, ``loss`` (nats) and ``seconds``.
    """
    started = time.perf_counter()
    dataset = job.data.dataset
    labels = {split: dataset.labels(split) for split in ("train", "validation")}
    rows = {"train": prepared.training, "validation": prepared.rows["validation"]}
    parts = {split: Part(rows[split], labels[split]) for split in labels}
    held_out = parts["validation"]
    if job.folds is not None:
        held_out = parts["train"].only(job.folds == number)
        parts["train"] = parts["train"].only(job.folds != number)
    keras.utils.set_random_seed(job.search.seed)
    model = fit(
        Job(job.folder, job.search.seed, experiment.model, experiment.training, dataset.classes, parts, (), versions())
    )
    probabilities = predict(model, held_out)
    chosen = probabilities[np.arange(len(held_out.labels)), held_out.labels].astype(np.float64)
    together = np.zeros(len(held_out.labels), dtype=np.int64)
    confusion = evaluate.confusions(held_out.labels, probabilities.argmax(axis=1), together, len(dataset.classes))[0]
    del model
    keras.backend.clear_session()  # or memory grows from trial to trial
    gc.collect()
    return {
        "accuracy": float(evaluate.accuracy(confusion)),
        "macro_f1": float(evaluate.macro_f1(confusion)),
        "loss": float(-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean()),
        "seconds": time.perf_counter() - started,
    }


def fold_key(job: SearchJob, experiment: Experiment, number: int) -> str:
    """Return the name of everything that a fold's scores depend on."""
    folds = None if job.folds is None else hashlib.sha256(job.folds.tobytes()).hexdigest()
    covered = [experiment.identity(), job.data.fingerprint, job.setting.sample, folds, number, job.search.seed]
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:16]


def hyperparameters(space: Mapping[str, Choices | Range]) -> keras_tuner.HyperParameters:
    """Return a search space in KerasTuner's terms."""
    found = keras_tuner.HyperParameters()
    for path, values in space.items():
        if isinstance(values, Choices):
            found.Choice(path, encoded(values))
        else:
            add = found.Int if values.whole else found.Float
            add(path, values.min, values.max, step=values.step, sampling="log" if values.log else "linear")
    return found
