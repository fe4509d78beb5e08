"""A search at work: KerasTuner proposes settings, other processes score them, several at once.

One process asks KerasTuner; in it, a thread for each of the trials at once waits for a process that trains. This is a
new one every few trials, because TensorFlow keeps some 15 MB of every network that it trained, whatever is cleared. On
a cluster the thread keeps the trial's books, and the workers extract and train, as they do for a run. A trial that runs
out of memory takes no other along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

import keras_tuner
from keras_tuner.engine.base_tuner import BaseTuner

from fusion.errors import FusionError
from fusion.runtime.cluster import Cluster
from fusion.runtime.submission import SchedulerError
from fusion.runtime.workers import in_turn, parallel, send_message
from fusion.search.scoring import TrialJob, try_settings
from fusion.search.trials import DIRECTIONS, SearchJob, decode, encoded
from fusion.settings.search_space import Choices, Range

_LIFETIME = 5  # trials of a process


def work(job: SearchJob) -> None:
    """Try settings until the search is over, several at once.

    Parameters
    ----------
    job : SearchJob
        What KerasTuner prints goes to ``search.log`` in its folder.
    """
    log = job.folder / "search.log"
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file):
        tuner = FoldTuner(job)
        tuner.save()  # so that a search killed in its first trial is known
        outcomes: SimpleQueue[Exception | None] = SimpleQueue()

        def try_trials(member: str) -> None:
            try:
                with _scoring(job) as score:
                    tuner.try_trials(member, score)
                outcomes.put(None)
            except Exception as error:
                outcomes.put(error)

        members = [f"tuner{number}" for number in range(min(parallel(job.workers), job.search.trials))]
        for member in members:
            # daemons: when one fails, KerasTuner may hold the lock for ever that the others wait for
            Thread(target=try_trials, args=(member,), daemon=True).start()
        for _ in members:
            if error := outcomes.get():
                raise error


@contextmanager
def _scoring(job: SearchJob) -> Iterator[Callable[[TrialJob], dict[str, float]]]:
    """Give `try_settings`, in a process of its own unless a cluster trains."""
    if isinstance(job.workers, Cluster):
        yield try_settings
        return
    threads = job.settings["training"]["threads"]
    with in_turn("fusion.search.scoring:try_settings", _LIFETIME, threads, send_message) as score:
        yield score


class FoldTuner(BaseTuner):
    """A tuner whose trials are cross-validations.

    Parameters
    ----------
    job : SearchJob
    """

    def __init__(self, job: SearchJob) -> None:
        self.job = job
        self.lock = Lock()  # KerasTuner's own is not held while the search is saved
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
            max_consecutive_failed_trials=10**9,  # failures are counted at the end, all of them
        )
        super().__init__(oracle, directory=str(job.folder), project_name=job.project)

    def try_trials(self, member: str, score: Callable[[TrialJob], dict[str, float]]) -> None:
        """Try what is proposed to this member, until the search is over."""
        while True:
            with self.lock:
                trial = self.oracle.create_trial(member)
            if trial.status == "STOPPED":
                return
            try:
                self._try_run_and_update_trial(trial, score)
            except keras_tuner.errors.FatalError as error:
                raise error.__cause__ or error from None
            with self.lock:
                self.on_trial_end(trial)

    def run_trial(self, trial: Any, score: Callable[[TrialJob], dict[str, float]]) -> dict[str, float]:
        """Return the mean scores over folds; a failure is kept in the trial's record and raised again."""
        task = TrialJob(self.job, trial.trial_id, decode(self.job.search.space, trial.hyperparameters.values))
        task.record.unlink(missing_ok=True)
        try:
            return score(task)
        except SchedulerError as error:  # no fault of the settings
            task.record.unlink(missing_ok=True)
            raise keras_tuner.errors.FatalError from error
        except FusionError as error:
            if not task.record.exists():  # the process died
                task.write({"values": task.values, "folds": [], "seconds": 0.0, "error": str(error)})
            raise


def hyperparameters(space: Mapping[str, Choices | Range]) -> keras_tuner.HyperParameters:
    """Return a search space in KerasTuner's terms."""
    parameters = keras_tuner.HyperParameters()
    for path, values in space.items():
        if isinstance(values, Choices):
            parameters.Choice(path, encoded(values))
        else:
            add = parameters.Int if values.whole else parameters.Float
            add(path, values.min, values.max, step=values.step, sampling="log" if values.log else "linear")
    return parameters
