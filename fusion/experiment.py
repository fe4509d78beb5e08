"""One experiment from its file to its result folder; the steps are elsewhere, their order is here."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion import report
from fusion.datasets.table import SPLITS
from fusion.files import write_json
from fusion.jobs import Job, Part
from fusion.metrics import References, assemble
from fusion.prepare import Prepared, Setting, prepare, read_data
from fusion.references import REFERENCES, ReferenceJob
from fusion.result import Result, digest, version_changes
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
    changes = version_changes(result.environment()) if result.trained() else []
    if result.covers(experiment.seeds) and not force:
        return Outcome(result.folder, result.metrics() or {}, [], changes)
    if force:
        for seed in experiment.seeds:
            shutil.rmtree(result.seed_folder(seed), ignore_errors=True)
        (result.folder / "references.csv").unlink(missing_ok=True)
    prepared = prepare(experiment, data, setting)
    missing = [seed for seed in experiment.seeds if seed not in result.trained()]
    result.write_spec(experiment)
    _train(experiment, prepared, result, missing, setting)
    seeds = result.trained()
    started = time.perf_counter()
    references = _references(prepared, result, seeds, setting)
    metrics = assemble(experiment, prepared, result, seeds, references, setting.sample)
    metrics["seconds"]["evaluate"] += time.perf_counter() - started
    device = str(result.summary(seeds[0])["device"])
    result.write_environment(experiment.training.threads, device)
    report.write(result.folder, metrics)
    write_json(result.folder / "metrics.json", metrics)
    return Outcome(result.folder, metrics, missing, changes)


def _train(experiment: Experiment, prepared: Prepared, result: Result, seeds: list[int], setting: Setting) -> None:
    dataset = prepared.data.dataset
    parts = {split: Part(prepared.rows[split], dataset.labels(split)) for split in SPLITS}
    jobs = [
        Job(
            result.seed_folder(seed),
            seed,
            experiment.model,
            experiment.training,
            dataset.classes,
            parts,
            tuple(dataset.part("test")["id"]),
        )
        for seed in seeds
    ]
    with setting.progress.training(seeds, experiment.training.epochs) as news:
        for _ in run("fusion.train:train_seed", jobs, setting.jobs, experiment.training.threads, news):
            pass


def _references(prepared: Prepared, result: Result, seeds: list[int], setting: Setting) -> References:
    """Return each reference's predictions by name and seed; only the random forest varies with the seed."""
    dataset = prepared.data.dataset
    stored = result.references()
    wanted = [(name, seed) for name in REFERENCES for seed in (seeds if name == "random_forest" else [0])]
    known = {split: dataset.labels(split) for split in ("train", "validation")}
    jobs = [ReferenceJob(name, seed, prepared.rows, known) for name, seed in wanted if (name, seed) not in stored]
    ids = list(dataset.part("test")["id"])
    with setting.progress.task("reference lines", len(jobs)) as advance:
        for job, predicted in run("fusion.references:predict_reference", jobs, setting.jobs):
            stored[job.name, job.seed] = dict(zip(ids, (dataset.classes[n] for n in predicted), strict=True))
            advance(1)
    if jobs:
        result.write_references(stored)
    return {key: stored[key] for key in wanted}
