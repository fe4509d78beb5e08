"""What is asked of an experiment: run it, ablate its features, search its settings, fill its feature store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from fusion.api.options import RESULTS, Changes, FilePath, Folders, Options, Spec
from fusion.api.result import Result
from fusion.api.tables import Table, ablation_rows, study_rows
from fusion.datasets.data import read_data
from fusion.errors import FusionError
from fusion.extraction.prepare import prepare
from fusion.search.tune import tune as search_settings
from fusion.settings.document import read
from fusion.studies.ablate import ablate as run_ablation
from fusion.studies.experiment import run_experiment
from fusion.studies.study import run_study


def run(
    spec: Spec,
    *,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    force: bool = False,
    paper: bool = False,
    progress: bool = False,
) -> Result | Table:
    """Extract what is missing, train every seed that is missing, evaluate and report.

    Parameters
    ----------
    spec : path or dict
        An experiment file, or what it holds. One with ``arms`` is a study of several experiments.
    sample : bool
        Use the embedded sample, which proves that everything works and ranks nothing.
    data : path, dict of str to path, or None
        The data set's folder, by name where several are used; None: ``$FUSION_DATA/<name>``, else ``data/<name>``.
    results : path
        Where results go.
    cache : path or None
        Where extracted features are kept; None: ``$FUSION_CACHE``, else ``.fusion/cache``.
    features : sequence of str, optional
        Use these features instead of the experiment's.
    set : dict or sequence of str
        Settings to change, by dotted path, as in ``{"training.epochs": 20}``; applied last, in a study to every arm.
    seeds : int or sequence of int, optional
        How many random seeds (1 to that number), or which ones.
    plugins : sequence of path
        Folders with features of your own; their code is run.
    jobs : int, optional
        Processes at once; None: all processors.
    force : bool
        Train again what is trained.
    paper : bool
        Of a study: tables as LaTeX and CSV and figures as PDF, too.
    progress : bool
        Show progress on stderr.

    Returns
    -------
    Result
        Or, of a study, a `Table` of its arms.

    Raises
    ------
    FusionError
        For everything that can be mended, with the text of the command line.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc"],
    ...     "training": {"epochs": 3},
    ... }
    >>> result = fusion.run(spec, sample=True, seeds=1)
    >>> sorted(result.metrics["references"])
    ['majority', 'random_forest', 'svm']
    """
    options = Options(sample, data, results, cache, features, set, seeds, plugins, jobs, progress)
    study = options.study(spec)
    if study is not None:
        places = {name: options.workplace(name, study.datasets) for name in study.datasets}
        folder, content = run_study(study, lambda name: places[name], force, paper)
        return Table(folder, content, study_rows(content))
    if paper:
        raise FusionError("--paper: for a study, a file with arms; this is a single experiment")
    experiment = options.experiment(spec)
    outcome = run_experiment(experiment, options.workplace(experiment.dataset.name), force)
    return Result(outcome.folder, trained=tuple(outcome.trained), changes=tuple(outcome.changes))


def ablate(
    spec: Spec,
    *,
    mode: str = "leave-one-out",
    trials: int | None = None,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    force: bool = False,
    progress: bool = False,
) -> Table:
    """Run an experiment with subsets of its features, and tell what each of them brings.

    Parameters
    ----------
    spec : path or dict
        An experiment file, or what it holds.
    mode : {"leave-one-out", "only-one", "all", "mask", "sets"}
        Which subsets: each without one, each alone, all, one masked in the test without any training, or those of the
        experiment's ``ablation`` section.
    trials : int, optional
        Search each arm's settings first, with so many trials each.
    sample, data, results, cache, features, set, seeds, plugins, jobs, force, progress
        As for `run`.

    Returns
    -------
    Table
        One row an arm; ``content`` is what ablation.json holds.

    Raises
    ------
    FusionError
        For everything that can be mended.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["mfcc", "zero_crossing_rate"],
    ...     "training": {"epochs": 3},
    ... }
    >>> ablation = fusion.ablate(spec, sample=True, seeds=1)
    >>> [test["without"] for test in ablation.content["tests"]]
    [['zero_crossing_rate'], ['mfcc']]
    """
    options = Options(sample, data, results, cache, features, set, seeds, plugins, jobs, progress)
    experiment = options.experiment(spec, searching=trials is not None, ablating=True)
    workplace = options.workplace(experiment.dataset.name)
    folder, content = run_ablation(experiment, workplace, mode, trials, force)
    return Table(folder, content, ablation_rows(content))


def tune(
    spec: Spec,
    *,
    trials: int | None = None,
    sample: bool = False,
    data: Folders = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> Table:
    """Search the settings that an experiment leaves open, with KerasTuner, by folds of the training clips.

    Parameters
    ----------
    spec : path or dict
        An experiment file with a ``search`` section, or what it holds.
    trials : int, optional
        Settings to try, instead of the experiment's number.
    sample, data, results, cache, features, set, plugins, jobs, progress
        As for `run`.

    Returns
    -------
    Table
        One row a trial, trial 0 being the settings as they were. ``content["best"]`` is the experiment with the best
        settings, which `run` takes, or None where nothing could be chosen by this process.

    Raises
    ------
    FusionError
        If there is nothing to search, or no trial could be scored.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth"},
    ...     "features": ["zero_crossing_rate"],
    ...     "training": {"epochs": 2},
    ...     "search": {"folds": 2, "space": {"model.dropout": [0.1, 0.3]}},
    ... }
    >>> search = fusion.tune(spec, sample=True, trials=1)
    >>> len(search.table())
    2
    """
    options = Options(sample, data, results, cache, features, set, None, plugins, jobs, progress)
    experiment = options.experiment(spec, searching=True)
    folder, found = search_settings(experiment, options.workplace(experiment.dataset.name), trials)
    best = folder / "search" / "best.yaml"
    content = {
        "search": None if experiment.search is None else experiment.search.model_dump(mode="json"),
        "best": read(best).data if found and best.exists() else None,
        "trials": [asdict(trial) for trial in found],
    }
    rows = [
        {"trial": trial.number, "score": trial.score, "status": trial.status, **trial.values, "seconds": trial.seconds}
        for trial in found
    ]
    return Table(folder, content, pd.DataFrame(rows))


def fill_store(
    spec: Spec,
    *,
    sample: bool = False,
    data: Folders = None,
    cache: FilePath | None = None,
    features: Sequence[str] | None = None,
    set: Changes = (),
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Extract the features of an experiment, as far as they are not stored yet, and do nothing else.

    Parameters
    ----------
    spec : path or dict
    sample, data, cache, features, set, plugins, jobs, progress
        As for `run`.

    Returns
    -------
    dict
        ``computed {feature: clips}``, ``seconds``, ``folder``.

    Raises
    ------
    FusionError
        For everything that can be mended.
    """
    options = Options(sample, data, RESULTS, cache, features, set, None, plugins, jobs, progress)
    experiment = options.experiment(spec)
    workplace = options.workplace(experiment.dataset.name)
    prepared = prepare(experiment, read_data(experiment.dataset, workplace), workplace)
    folder = workplace.cache / "features" / experiment.dataset.name
    return {"computed": prepared.computed, "seconds": prepared.seconds, "folder": str(folder)}
