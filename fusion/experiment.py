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
        (result.folder / "metrics.json").unlink(missing_ok=True)  # what is there would not fit the new networks
        references = _train(experiment, prepared, result, missing, setting, force)
        seeds = result.trained()
        started = time.perf_counter()
        metrics = assemble(experiment, prepared, result, seeds, references, setting.sample)
        metrics["seconds"]["evaluate"] += time.perf_counter() - started
        if previous and not any(prepared.computed.values()):
            metrics["seconds"]["extract"] = previous["seconds"]["extract"]
        result.write_spec(replace(experiment, seeds=tuple(seeds)))
        result.write_environment(experiment, str(result.summary(seeds[0])["device"]))
        report.write(result.folder, metrics)
        write_json(result.folder / "metrics.json", metrics)
    return Outcome(result.folder, metrics, missing, changes)


def _train(
    experiment: Experiment, prepared: Prepared, result: Result, missing: list[int], setting: Setting, force: bool
) -> References:
    """Train the missing seeds and fit the missing reference lines; return what all references predicted."""
    dataset = prepared.data.dataset
    parts = {split: Part(prepared.rows[split], dataset.labels(split)) for split in SPLITS}
    ids = list(dataset.part("test")["id"])
    now = versions()
    trainings = [
        Job(
            result.seed_folder(seed),
            seed,
            experiment.model,
            experiment.training,
            dataset.classes,
            parts,
            tuple(ids),
            now,
        )
        for seed in missing
    ]
    # figures of reference lines that came without networks, from a repository, are not this machine's
    stored = {} if force or not result.trained() else result.references()
    seeds = sorted({*missing, *result.trained()})
    # only the random forest varies with the seed
    wanted = [(name, seed) for name in REFERENCES for seed in (seeds if name == "random_forest" else [0])]
    known = {split: parts[split].labels for split in ("train", "validation")}
    lines = [ReferenceJob(name, seed, prepared.rows, known) for name, seed in wanted if (name, seed) not in stored]
    calls: list[tuple[str, Job | ReferenceJob]] = [
        *(("fusion.train:train_seed", job) for job in trainings),
        *(("fusion.references:predict_reference", line) for line in lines),
    ]
    with setting.progress.training(missing, experiment.training.epochs) as news:
        for job, predicted in run(calls, setting.jobs, experiment.training.threads, news):
            if isinstance(job, ReferenceJob):
                stored[job.name, job.seed] = dict(zip(ids, (dataset.classes[n] for n in predicted), strict=True))
    if lines:
        result.write_references(stored)
    return {key: stored[key] for key in wanted}
