"""One experiment from its file to its result folder; the steps are elsewhere, their order is here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion import report
from fusion.datasets.table import Dataset
from fusion.files import write_json
from fusion.jobs import Job
from fusion.metrics import References, assemble
from fusion.prepare import Prepared, Setting, prepare, read_data
from fusion.references import ReferenceJob, names
from fusion.result import Line, Result, digest, pretrained, versions
from fusion.scorer import decide, joined
from fusion.spec import Experiment
from fusion.workers import run


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


def run_experiment(experiment: Experiment, setting: Setting, force: bool = False) -> Outcome:
    """Extract what is missing, train every seed that is missing, evaluate, report.

    Parameters
    ----------
    experiment : Experiment
    setting : Setting
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
    data = read_data(experiment, setting)
    result = Result(setting.results / experiment.name / digest(experiment, data.fingerprint, setting.sample))
    changes = result.changes()
    previous = result.metrics()
    if previous and result.covers(experiment.seeds) and not force:
        return Outcome(result.folder, previous, [], changes)
    prepared = prepare(experiment, data, setting)
    with result.locked():
        missing = [seed for seed in experiment.seeds if force or seed not in result.trained()]
        jobs = [job for seed in missing for job in seed_jobs(experiment, prepared, result, seed)]
        metrics = complete(experiment, prepared, result, jobs, setting, force)
    return Outcome(result.folder, metrics, missing, changes)


def complete(
    experiment: Experiment,
    prepared: Prepared,
    result: Result,
    jobs: list[Job],
    setting: Setting,
    force: bool = False,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Do the jobs, fit the reference lines that are missing, evaluate and report.

    Parameters
    ----------
    experiment : Experiment
    prepared : Prepared
    result : Result
        Locked.
    jobs : list of Job
        Seeds to train, or to apply where they name a source.
    setting : Setting
    force : bool
        Fit all reference lines again.
    extra : dict, optional
        More for metrics.json.

    Returns
    -------
    dict
        The content of metrics.json.
    """
    previous = result.metrics()
    (result.folder / "metrics.json").unlink(missing_ok=True)  # what is there would not fit the new networks
    references = _work(experiment, prepared, result, jobs, setting, force)
    seeds = result.trained()
    started = time.perf_counter()
    metrics = {**assemble(experiment, prepared, result, seeds, references, setting.sample), **(extra or {})}
    metrics["seconds"]["evaluate"] += time.perf_counter() - started
    if previous and not any(prepared.computed.values()):
        metrics["seconds"]["extract"] = previous["seconds"]["extract"]
    result.write_spec(replace(experiment, seeds=tuple(seeds)))
    device = str(result.summaries(seeds[0])[0]["device"])
    result.write_environment(experiment, device, None if setting.sample else setting.root)
    report.write(result.folder, metrics)
    write_json(result.folder / "metrics.json", metrics)
    return metrics


def seed_jobs(
    experiment: Experiment, prepared: Prepared, result: Result, seed: int, source: Path | None = None
) -> list[Job]:
    """Return the trainings of one seed, one a fold; with `source`, a trained seed's folder, its use on the test."""
    dataset, settings = prepared.data.dataset, experiment.dataset
    ids = dataset.table["id"].to_numpy()
    start = experiment.training.pretrain
    jobs = []
    rounds = dataset.rounds()
    for of in rounds:
        folder = result.seed_folder(seed)
        jobs.append(
            Job(
                folder if of.fold is None else folder / f"fold-{of.fold}",
                seed,
                experiment.model,
                experiment.training,
                dataset.classes,
                prepared.parts(of),
                tuple(ids[of.test]),
                versions(),
                settings.aggregate,
                settings.threshold if settings.several else None,
                source,
                _network(start, seed) if start else None,
                len(rounds),
            )
        )
    return jobs


def _network(folder: str, seed: int) -> Path:
    """Return the network of another result to start from: of the same seed, or of its first."""
    of = pretrained(folder)
    return of.networks(seed if seed in of.trained() else of.trained()[0])[0]


def _work(
    experiment: Experiment, prepared: Prepared, result: Result, jobs: list[Job], setting: Setting, force: bool
) -> References:
    """Do the jobs and fit the missing reference lines; return what all references predicted."""
    dataset = prepared.data.dataset
    # figures of reference lines that came without networks, from a repository, are not this machine's
    stored = {} if force or not result.trained() else result.references()
    seeds = sorted({*(job.seed for job in jobs), *result.trained()})
    # only the random forest varies with the seed
    wanted = [(name, seed) for name in names(dataset.several) for seed in (seeds if name == "random_forest" else [0])]
    missing = [key for key in wanted if key not in stored]
    rounds = dataset.rounds()
    lines = [
        ReferenceJob(*key, prepared.parts(of), experiment.dataset.aggregate, of.fold)
        for key in missing
        for of in rounds
    ]
    todo = [job for job in jobs if force or job.source or not (job.folder / "summary.json").exists()]
    calls: list[tuple[str, Job | ReferenceJob]] = [
        *((f"fusion.train:{'apply_seed' if job.source else 'train_seed'}", job) for job in todo),
        *(("fusion.references:predict_reference", line) for line in lines),
    ]
    trained = [str(job.folder) for job in todo if not job.source]
    ids = dataset.table["id"].to_numpy()
    fresh: References = {}
    with setting.progress.training(trained, experiment.training.epochs) as news:
        for job, found in run(calls, setting.jobs, experiment.training.threads, news):
            if isinstance(job, ReferenceJob):
                of = next(of for of in rounds if of.fold == job.fold)
                said = dict(zip(ids[of.test], _lines(dataset, *found), strict=True))
                fresh.setdefault((job.name, job.seed), {}).update(said)
    stored.update(fresh)
    if lines:
        result.write_references(stored, dataset.classes if dataset.several else ())
    return {key: stored[key] for key in wanted}


def _lines(dataset: Dataset, scores: NDArray[np.float64], threshold: float | None) -> list[Line]:
    """Return what a reference line says of each clip."""
    chosen = decide(scores, threshold)
    return [
        (joined(dataset.classes, row), tuple(values) if dataset.several else ())
        for row, values in zip(chosen, scores.tolist(), strict=True)
    ]
