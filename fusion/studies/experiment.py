"""One experiment from its file to its result folder; the steps are elsewhere, their order is here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.datasets.data import Data, read_data
from fusion.extraction.prepare import prepare
from fusion.result.folder import ResultFolder
from fusion.result.identity import digest
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.studies.pending import complete, to_train


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    folder : Path
    metrics : dict
        The content of metrics.json.
    trained : list of int
        Seeds trained by this run; empty when all were there.
    changes : list of str
        Versions that differ from those the result was made with.
    """

    folder: Path
    metrics: dict[str, Any]
    trained: list[int]
    changes: list[str]


def run_experiment(experiment: Experiment, workplace: Workplace, force: bool = False) -> Outcome:
    """Extract what is missing, train every seed that is missing, evaluate, report.

    Parameters
    ----------
    experiment : Experiment
    workplace : Workplace
    force : bool
        Train the seeds again that are there.

    Returns
    -------
    Outcome

    Raises
    ------
    FusionError
        For everything that the user can mend.
    """
    data = read_data(experiment.dataset, workplace)
    result = result_of(experiment, data, workplace)
    changes = result.changes()
    previous = result.metrics()
    if previous and result.covers(experiment.seeds, data.dataset.label_task.references) and not force:
        return Outcome(result.folder, previous, [], changes)
    prepared = prepare(experiment, data, workplace)
    with result.locked():
        pending = to_train(experiment, prepared, result, workplace, force=force)
        (metrics,) = complete([pending])
    return Outcome(result.folder, metrics, pending.seeds, changes)


def result_of(experiment: Experiment, data: Data, workplace: Workplace) -> ResultFolder:
    """Return where an experiment's result is or will be."""
    return ResultFolder(workplace.results / experiment.name / digest(experiment, data.fingerprint, workplace.sample))
