"""One experiment from its file to its result folder; the steps are elsewhere, their order is here."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusion import report
from fusion.datasets.table import SPLITS
from fusion.files import write_json
from fusion.jobs import Job, Part
from fusion.metrics import References, assemble
from fusion.prepare import Prepared, Setting, prepare, read_data
from fusion.references import REFERENCES, ReferenceJob
from fusion.result import Result, digest, versions
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
        jobs = [seed_job(experiment, prepared, result, seed) for seed in missing]
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
    device = str(result.summary(seeds[0])["device"])
    result.write_environment(experiment, device, None if setting.sample else setting.root)
    report.write(result.folder, metrics)
    write_json(result.folder / "metrics.json", metrics)
    return metrics


def seed_job(experiment: Experiment, prepared: Prepared, result: Result, seed: int, source: Path | None = None) -> Job:
    """Return the training of one seed, or with `source`, a trained seed's folder, its application to the test."""
    dataset = prepared.data.dataset
    rows = {**prepared.rows, "train": prepared.training}
    parts = {split: Part(rows[split], dataset.labels(split)) for split in SPLITS}
    ids = tuple(dataset.part("test")["id"])
    settings = experiment.model, experiment.training
    return Job(result.seed_folder(seed), seed, *settings, dataset.classes, parts, ids, versions(), source)


def _work(
    experiment: Experiment, prepared: Prepared, result: Result, jobs: list[Job], setting: Setting, force: bool
) -> References:
    """Do the jobs and fit the missing reference lines; return what all references predicted."""
    dataset = prepared.data.dataset
    ids = list(dataset.part("test")["id"])
    # figures of reference lines that came without networks, from a repository, are not this machine's
    stored = {} if force or not result.trained() else result.references()
    seeds = sorted({*(job.seed for job in jobs), *result.trained()})
    # only the random forest varies with the seed
    wanted = [(name, seed) for name in REFERENCES for seed in (seeds if name == "random_forest" else [0])]
    known = {split: dataset.labels(split) for split in ("train", "validation")}
    lines = [ReferenceJob(name, seed, prepared.rows, known) for name, seed in wanted if (name, seed) not in stored]
    calls: list[tuple[str, Job | ReferenceJob]] = [
        *((f"fusion.train:{'apply_seed' if job.source else 'train_seed'}", job) for job in jobs),
        *(("fusion.references:predict_reference", line) for line in lines),
    ]
    trained = [job.seed for job in jobs if not job.source]
    with setting.progress.training(trained, experiment.training.epochs) as news:
        for job, predicted in run(calls, setting.jobs, experiment.training.threads, news):
            if isinstance(job, ReferenceJob):
                stored[job.name, job.seed] = dict(zip(ids, (dataset.classes[n] for n in predicted), strict=True))
    if lines:
        result.write_references(stored)
    return {key: stored[key] for key in wanted}
