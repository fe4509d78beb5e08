"""A search from its experiment file to ``search/best.yaml``: the workers are in `fusion.search.worker`.

::

    <result>/search/trials.csv     every trial: score, status, settings, seconds, error; trial 0 is the file as it was
    <result>/search/best.yaml      a complete experiment with the best settings
    <result>/search/search.json    what was searched: settings, folds of each clip
    <result>/search/report.html, parallel.png, importance.png
    <result>/search/scores/        scores of each fold that was trained, by everything they depend on
    <result>/search/project-<digest>/   KerasTuner's own files; another search has another digest
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from fusion.datasets.corpus import Corpus
from fusion.datasets.data import Data, of_train_groups, read_data
from fusion.datasets.groups import assign_folds
from fusion.errors import FusionError, listing
from fusion.extraction.prepare import prepare
from fusion.report import search_page
from fusion.result.folder import ResultFolder
from fusion.result.identity import digest
from fusion.runtime.files import write_text
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.progress import Progress
from fusion.runtime.versions import decisive_versions, versions
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.search.board import Board
from fusion.search.plots import plots
from fusion.search.trials import SearchJob, Trial, best, edge_warnings, read_trials, write_trials
from fusion.settings.experiment import Experiment
from fusion.settings.reading import resolve
from fusion.settings.search_space import SearchSettings
from fusion.settings.strict_yaml import dump


def tune(experiment: Experiment, workplace: Workplace, trials: int | None = None) -> tuple[Path, list[Trial]]:
    """Search the experiment's space and write what came out.

    Parameters
    ----------
    experiment : Experiment
        With a ``search`` section.
    workplace : Workplace
        So many trials run at once as it has jobs, or its cluster threads.
    trials : int, optional
        Instead of the experiment's; a finished search goes on if there are more.

    Returns
    -------
    Path
        The result folder.
    list of Trial

    Raises
    ------
    FusionError
        If there is nothing to search, or no trial could be scored; the message says why.
    """
    if experiment.search is None:
        raise FusionError(
            f"{experiment.name}: nothing is open to search; add a section such as "
            "search: {space: {model.dropout: [0.1, 0.3]}}"
        )
    if trials is not None and (type(trials) is not int or trials < 1):
        raise FusionError(f"--trials {trials}: should be a whole number from 1 up")
    if experiment.dataset.protocol in ("cv", "sources"):
        raise FusionError(
            f"{experiment.name}: protocol {experiment.dataset.protocol} tests on every training clip, so none is left "
            "to search on; search with another protocol, whose test clips stay apart"
        )
    if experiment.training.pretrain or "training.pretrain" in experiment.search.space:
        raise FusionError(
            f"{experiment.name}: training.pretrain: a search trains networks from their first weights, so its settings "
            "would be those of another training; search without it, with --set training.pretrain=null, and run "
            "best.yaml with it"
        )
    if several := [name for name in os.environ if name.startswith("KERASTUNER_ORACLE_")]:
        raise FusionError(f"a search on several machines goes by --cluster; unset {', '.join(several)}")
    search = experiment.search if trials is None else experiment.search.model_copy(update={"trials": trials})
    data = of_train_groups(read_data(experiment.dataset, workplace), experiment.dataset)
    result = ResultFolder(workplace.results / experiment.name / digest(experiment, data.fingerprint, workplace.sample))
    folder = result.folder / "search"
    data = without_test(data)
    plain = replace(experiment, training=experiment.training.model_copy(update={"copies": 0, "mixes": 0}))
    data = prepare(plain, data, workplace).data  # damaged clips are known before the search, and left out alike
    folds = _folds(data.dataset, search, experiment.dataset.known_groups)
    if plain.training != experiment.training:
        prepare(experiment, data, workplace, folds)
    job = SearchJob(
        experiment.name,
        experiment.settings(),
        search,
        data,
        folds,
        replace(workplace, jobs=1, progress=Progress(quiet=True)),
        folder,
        f"project-{_digest(experiment, search, data, workplace.sample)}",
        workplace.workers,
    )
    count = 1 if folds is None else int(folds.max()) + 1
    with result.locked():
        for left in folder.rglob("*.tmp-*"):
            left.unlink()
        _drop_damaged(folder / job.project, workplace.progress)
        _write_plan(job, experiment, data.dataset)
        try:
            with Board(search, count, read_trials(folder / job.project, search), workplace.progress) as board:
                threads = experiment.training.threads
                for function in ("scoring:try_own", "worker:work"):
                    with run([(f"fusion.search.{function}", job)], 1, threads, board.receive) as finished:
                        list(finished)
        finally:
            every = read_trials(folder / job.project, search)
            tried_settings = [trial for trial in every if trial.number <= search.trials]  # an earlier search had more
            write_trials(folder / "trials.csv", tried_settings, list(search.space))
        _write(folder, experiment, search, tried_settings)
    return result.folder, tried_settings


def _write(folder: Path, experiment: Experiment, search: SearchSettings, trials: list[Trial]) -> None:
    tried = [trial for trial in trials if trial.number]
    chosen = best(trials, search.objective)
    if chosen is None or best(tried, search.objective) is None:
        why = listing([f"trial {trial.number}: {trial.error or trial.status}" for trial in tried])
        raise FusionError(f"{folder}: none of {len(tried)} trials could be scored:\n{why}")
    write_text(folder / "best.yaml", dump(resolve(experiment.settings(), chosen.values).settings()))
    search_page.write(
        folder,
        experiment.name,
        search.model_dump(mode="json"),
        [asdict(trial) for trial in trials],
        asdict(chosen),
        plots(tried, search),
        edge_warnings(chosen, search.space),
    )


def without_test(data: Data) -> Data:
    """Return the data without its test clips."""
    kept = (data.dataset.table["split"] != "test").to_numpy()
    table = data.dataset.table[kept].reset_index(drop=True)
    return replace(data, dataset=replace(data.dataset, table=table))


def _folds(dataset: Corpus, search: SearchSettings, known_groups: bool) -> Any:
    if search.folds is None:
        return None
    training = (dataset.table["split"] == "train").to_numpy()
    labels = dataset.targets[training].argmax(axis=1)
    return assign_folds(labels, None if known_groups else dataset.groups[training], search.folds, search.seed)


def _digest(experiment: Experiment, search: SearchSettings, data: Data, sample: bool) -> str:
    """Return what names KerasTuner's folder: all that a search depends on but the number of trials."""
    settings = search.model_dump(mode="json", exclude={"trials"})
    covered = [experiment.identity(), settings, data.fingerprint, sample, decisive_versions()]
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()[:12]


def _write_plan(job: SearchJob, experiment: Experiment, dataset: Corpus) -> None:
    """Write search.json; what another search left is removed, so that no file speaks of two."""
    path = job.folder / "search.json"
    try:
        before = read_known(path).get("project")
    except (OSError, ValueError):  # not there, or not as it was written
        before = None
    if before != job.project:
        for name in ("trials.csv", "best.yaml", "report.html", "parallel.png", "importance.png"):
            (job.folder / name).unlink(missing_ok=True)
    ids = list(dataset.part("train")["id"])
    plan = {
        "experiment": job.name,
        "project": job.project,
        "settings": job.settings,
        "search": job.search.model_dump(mode="json"),
        "versions": versions(),
        "folds_by": "groups" if not experiment.dataset.known_groups else "clips",
        "folds": None if job.folds is None else dict(zip(ids, map(int, job.folds), strict=True)),
    }
    write_known(path, plan)


def _drop_damaged(project: Path, progress: Progress) -> None:
    """Remove KerasTuner's files and records of trials where one is damaged: the scores of the folds are kept."""
    for path in project.rglob("*.json"):
        try:
            read_known(path)
        except ValueError as error:
            progress.say(f"{path}: {error}; the search starts anew, with the scores of its finished folds")
            shutil.rmtree(project)
            return
