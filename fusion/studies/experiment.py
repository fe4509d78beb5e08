"""One experiment from its file to its result folder; the steps are elsewhere, their order is here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fusion.datasets.data import Data, of_train_groups, read_data
from fusion.extraction.prepare import prepare
from fusion.result.folder import ResultFolder
from fusion.result.identity import digest
from fusion.result.trained import read_pretrained
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.studies.completion import complete
from fusion.studies.pending import to_train


def run_experiment(experiment: Experiment, workplace: Workplace, force: bool = False) -> Path:
    """Extract what is missing, train every seed that is missing, evaluate, report.

    Parameters
    ----------
    experiment : Experiment
    workplace : Workplace
    force : bool
        Train the seeds again that are there.

    Returns
    -------
    Path
        The result folder.

    Raises
    ------
    FusionError
        For everything that the user can mend.
    """
    data = trainable(experiment, read_data(experiment.dataset, workplace))
    result = result_of(experiment, data, workplace)
    say_versions([result], workplace, "; --force trains again")
    if not force and result.covers(experiment.seeds, data.dataset.label_task.references):
        say_complete(result, workplace, "; --force trains again")
        return result.folder
    prepared = prepare(experiment, data, workplace)
    with result.locked():
        complete([to_train(experiment, prepared, result, workplace, force=force)])
    return result.folder


def say_versions(results: Iterable[ResultFolder], workplace: Workplace, advice: str = "") -> None:
    """Say once which versions differ from those that results were made with, and what of these is damaged."""
    results = list(results)
    for path in (path for result in results for path in result.damaged()):
        workplace.progress.say(f"{path}: not as it was written; it is made again")
    for change in dict.fromkeys(change for result in results for change in result.changes()):
        workplace.progress.say(f"versions differ from those this result was made with: {change}{advice}")


def say_complete(result: ResultFolder, workplace: Workplace, advice: str = "") -> None:
    """Say that nothing is trained."""
    seeds = ", ".join(map(str, result.finished()["seeds"]))
    workplace.progress.say(f"complete, nothing to train (seeds {seeds}){advice}")


def trainable(experiment: Experiment, data: Data) -> Data:
    """Return data as an experiment trains on them.

    Validation clips train, too, where they choose nothing; of all these, so many groups as `dataset.train_groups` says.
    """
    dataset = data.dataset if experiment.validates else data.dataset.validation_trained()
    return of_train_groups(replace(data, dataset=dataset), experiment.dataset)


def result_of(experiment: Experiment, data: Data, workplace: Workplace) -> ResultFolder:
    """Return where an experiment's result is or will be; what it starts from has to be there."""
    if experiment.training.pretrain:
        read_pretrained(experiment.training.pretrain)
    return ResultFolder(workplace.results / experiment.name / digest(experiment, data.fingerprint, workplace.sample))
