"""A search as plain data: what its workers need, and the trials that they leave behind; imports no keras."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.data import Data
from fusion.evaluation.label_task import SINGLE_LABEL
from fusion.runtime.files import replacing
from fusion.runtime.known_json import read_known
from fusion.runtime.workers import Workers
from fusion.runtime.workplace import Workplace
from fusion.settings.search_space import Choices, Range, SearchSettings

OWN = "-1"  # id of the experiment's own settings: a trial's number is its id and one
DIRECTIONS = {metric.name: metric.direction for metric in SINGLE_LABEL.shown("headline", "table")} | {"loss": "min"}


@dataclass(frozen=True)
class SearchJob:
    """Everything that the processes of a search need, picklable.

    Attributes
    ----------
    name : str
        Of the experiment.
    settings : dict
        Resolved.
    search : SearchSettings
    data : Data
        Without test clips.
    folds : (training clips,) int or None
        Fold of each training clip, -1 for those always trained on; None: the validation clips score.
    workplace : Workplace
    folder : Path
        The result's ``search`` folder.
    project : str
        Name of KerasTuner's folder in it.
    workers : int or Cluster
        Who trains: so many processes at once, or a cluster.
    """

    name: str
    settings: dict[str, Any]
    search: SearchSettings
    data: Data
    folds: NDArray[np.int64] | None
    workplace: Workplace
    folder: Path
    project: str
    workers: Workers = 1


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes
    ----------
    number : int
        From 1; 0 for the experiment's own settings.
    status : str
        KerasTuner's: COMPLETED, FAILED, RUNNING.
    values : dict
        Settings by dotted path.
    score : float or None
        Mean over folds of the search's objective.
    folds : list of dict
        Scores of each fold.
    seconds : float
        Of its trainings, wherever they were done.
    error : str
        Why it failed.
    """

    number: int
    status: str
    values: dict[str, Any]
    score: float | None = None
    folds: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return resolved settings by dotted path."""
    settings_by_path = {}
    for key, value in settings.items():
        inside = flat(value) if isinstance(value, dict) else {}
        settings_by_path.update(
            {f"{key}.{path}": choices for path, choices in inside.items()} if inside else {key: value}
        )
    return settings_by_path


def record_path(project: Path, trial: str) -> Path:
    """Return where a worker writes what became of a trial."""
    return project / f"record-{trial}.json"


def encoded(choices: Choices) -> list[Any]:
    """Return choices as KerasTuner takes them: numbers as they are, anything else as JSON text."""
    values = choices.values
    if all(type(value) is int for value in values):
        return list(values)
    if all(type(value) in (int, float) for value in values):
        return [float(value) for value in values]
    return [json.dumps(value) for value in values]


def decode(space: Mapping[str, Choices | Range], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that KerasTuner's values stand for."""
    settings_by_path = {}
    for path, choices in space.items():
        value = values[path]
        settings_by_path[path] = (
            choices.values[encoded(choices).index(value)] if isinstance(choices, Choices) else value
        )
    return settings_by_path


def read_trials(project: Path, search: SearchSettings) -> list[Trial]:
    """Return the trials of a search in their order, from KerasTuner's folder.

    Folds, seconds and errors are in the records of who tried it. A trial whose file is being written at this moment, as
    when a search is interrupted, is left out.

    Parameters
    ----------
    project : Path
    search : SearchSettings
    """
    trials = []
    for path in project.glob("trial_*/trial.json"):
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue
        record = record_path(project, state["trial_id"])
        known = read_known(record) if record.exists() else {}
        known.setdefault("values", decode(search.space, state["hyperparameters"]["values"]))
        score = _score(known, search.objective) if state["status"] == "COMPLETED" else None
        trials.append(Trial(int(state["trial_id"]) + 1, state["status"], score=score, **known))
    if (own := record_path(project, OWN)).exists():
        known = read_known(own)
        score = None if known["error"] else _score(known, search.objective)
        trials.append(Trial(0, "FAILED" if known["error"] else "COMPLETED", score=score, **known))
    return sorted(trials, key=lambda trial: trial.number)


def _score(record: Mapping[str, Any], objective: str) -> float | None:
    """Return what KerasTuner was told, from the record, whose digits are known by their checksum; None without one."""
    folds = record.get("folds")
    return float(np.mean([scores[objective] for scores in folds])) if folds else None


def best(trials: Sequence[Trial], objective: str) -> Trial | None:
    """Return the scored trial with the best score, the first of equals; None if none was scored."""
    scored = [(trial, trial.score) for trial in trials if trial.score is not None]
    sign = 1 if DIRECTIONS[objective] == "max" else -1
    return max(scored, key=lambda pair: sign * pair[1])[0] if scored else None


def edge_warnings(trial: Trial, space: Mapping[str, Choices | Range]) -> list[str]:
    """Return a warning for each setting of the best trial that lies at an end of its range."""
    return [
        f"search-edge: {path}: the best value, {trial.values[path]:.4g}, lies at an end of its range, {end:g}"
        for path, choices in space.items()
        if isinstance(choices, Range) and trial.number and (end := choices.end_near(trial.values[path])) is not None
    ]


def write_trials(path: Path, trials: Sequence[Trial], settings: Sequence[str]) -> None:
    """Write trials.csv: trial, score, status, one column a setting, standard deviation over folds, seconds, error."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial", "score", "status", *settings, "folds", "seconds", "error"])
        for trial in trials:
            values = [json.dumps(trial.values[name]) if name in trial.values else "" for name in settings]
            score = "" if trial.score is None else f"{trial.score:.6f}"
            row = [trial.number, score, trial.status, *values, len(trial.folds), f"{trial.seconds:.1f}", trial.error]
            writer.writerow(row)
