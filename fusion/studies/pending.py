"""What a result still needs: the trainings and references that it lacks, and what is made of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fusion.datasets.corpus import Corpus
from fusion.errors import FusionError
from fusion.evaluation.reference import REFERENCES
from fusion.extraction.prepare import Prepared
from fusion.feature.value_names import value_names
from fusion.learning.jobs import TrainingJob
from fusion.learning.references import ReferenceJob, ReferenceOutput, contents_of
from fusion.report import result_page
from fusion.result.checksums import write_checksums
from fusion.result.clip_files import read_clip_files, write_clip_files
from fusion.result.folder import ResultFolder, is_trained
from fusion.result.looks import record_looks
from fusion.result.metrics import evaluate_trainings
from fusion.result.reference_predictions import (
    ReferenceKey,
    ReferencePredictions,
    read_reference_predictions,
    reference_names,
    to_reference_predictions,
    write_reference_predictions,
)
from fusion.result.trained import read_pretrained
from fusion.result.trained_on import write_trained_on
from fusion.runtime.known_json import write_known
from fusion.runtime.versions import versions
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment


@dataclass(frozen=True)
class PendingResult:
    """What one result still needs; whole when it is made.

    Attributes
    ----------
    experiment : Experiment
    prepared : Prepared
    result : ResultFolder
        Locked while anything is done.
    workplace : Workplace
    jobs : tuple of TrainingJob
        Trainings, or uses of trained networks on the test clips.
    references : tuple of str
        Names of the references wanted.
    force : bool
        Do again what is there.
    extra : dict
        More for metrics.json.
    """

    experiment: Experiment
    prepared: Prepared
    result: ResultFolder
    workplace: Workplace
    jobs: tuple[TrainingJob, ...]
    references: tuple[str, ...]
    force: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def dataset(self) -> Corpus:
        """The data set, without damaged clips."""
        return self.prepared.data.dataset

    @property
    def seeds(self) -> list[int]:
        """Seeds that the jobs are for."""
        return list(dict.fromkeys(job.seed for job in self.jobs))

    def tasks(self, stored: ReferencePredictions) -> list[tuple[str, TrainingJob | ReferenceJob]]:
        """Return what is to be called in workers, a function's name and its task; `stored` is there already."""
        aggregate, groups = self.experiment.dataset.aggregate, self.dataset.groups
        wanted = [key for key in self.wanted_references() if key not in stored]
        folds = []  # once for all references
        for fold in self.dataset.each_fold() if wanted else []:
            parts, own = self.prepared.parts(fold), groups[fold.train]
            folds.append((fold, parts, own, contents_of(parts, own)))
        references = [
            ReferenceJob(name, seed, parts, own, aggregate, fold.fold, repeat, about)
            for name, seed, repeat in wanted
            for fold, parts, own, about in folds
            if fold.repeat == repeat
        ]
        jobs = [job for job in self.jobs if self.force or job.source or not is_trained(job.folder)]
        return [
            *((f"fusion.learning.train:{'apply_seed' if job.source else 'train_seed'}", job) for job in jobs),
            *(("fusion.learning.references:predict_reference", reference) for reference in references),
        ]

    def wanted_references(self) -> list[ReferenceKey]:
        """Return names, seeds and repeats of the references; only some vary with the seed."""
        seeds = sorted({*self.seeds, *self.result.trained()})
        return [
            (name, seed, repeat)
            for name in self.references
            for seed in (seeds if REFERENCES[name].seeded else [0])
            for repeat in range(self.dataset.repeats)
        ]

    def stored_references(self) -> ReferencePredictions:
        """Return the references' predictions that are there already."""
        if self.force or not self.result.trained():
            return {}  # those that came without networks, from a repository, are not this machine's
        try:
            stored = read_reference_predictions(self.result.folder)
        except FusionError:  # damage is told where the command begins
            return {}
        return {
            key: by_clip
            for key, by_clip in stored.items()
            if all(settings for settings, *_ in by_clip.values())  # an older fusion fitted others
        }

    def keep(self, job: ReferenceJob, output: ReferenceOutput, references: ReferencePredictions) -> None:
        """Add what a reference predicted to `references`; written when it has predicted all its test clips."""
        folds = [fold for fold in self.dataset.each_fold() if fold.repeat == job.repeat]
        (fold,) = (fold for fold in folds if fold.fold == job.fold)
        ids = self.dataset.table["id"].to_numpy()[fold.test]
        predictions = to_reference_predictions(self.dataset, output.scores, output.threshold, output.settings)
        by_clip = references.setdefault((job.name, job.seed, job.repeat), {})
        by_clip.update(zip(ids, predictions, strict=True))
        tested = sum(len(fold.test) for fold in folds)  # as many in each repeat
        if len(by_clip) == tested:
            whole = {key: own for key, own in references.items() if len(own) == tested}
            write_reference_predictions(self.result, self.dataset, whole)

    def finish(self, references: ReferencePredictions, previous: dict[str, Any] | None) -> dict[str, Any]:
        """Evaluate and report, when all tasks are done.

        Parameters
        ----------
        references : dict
            Predictions of the references.
        previous : dict or None
            The metrics that the result had before.

        Returns
        -------
        dict
            The content of metrics.json.
        """
        references = {key: references[key] for key in self.wanted_references()}
        seeds = self.result.trained()
        experiment = replace(self.experiment, seeds=tuple(seeds))
        started = time.perf_counter()
        sample = self.workplace.sample
        metrics = {**evaluate_trainings(experiment, self.prepared, self.result, references, sample), **self.extra}
        metrics |= record_looks(self.workplace.results, self.dataset, experiment.name, self.result, seeds)
        metrics["seconds"]["evaluate"] += time.perf_counter() - started
        if previous and not any(self.prepared.computed.values()):
            metrics["seconds"]["extract"] = previous["seconds"]["extract"]
        write_trained_on(self.result.folder, self.dataset, experiment.training.pretrain)
        self.result.write_spec(experiment)
        device = str(self.result.summaries(seeds[0])[0]["device"])
        self.result.write_environment(self.experiment, device, None if sample else self.workplace.root)
        write_clip_files(self.result.folder, self.dataset, self.workplace.root)
        write_checksums(self.result.folder)
        result_page.write(self.result.folder, metrics, read_clip_files(self.result, metrics))
        write_known(self.result.folder / "metrics.json", metrics)
        return metrics


def to_train(
    experiment: Experiment,
    prepared: Prepared,
    result: ResultFolder,
    workplace: Workplace,
    *,
    force: bool = False,
    references: tuple[str, ...] | None = None,
) -> PendingResult:
    """Return a result whose missing seeds are to be trained, all of them with `force`."""
    trained = [] if force else result.trained()
    seeds = [seed for seed in experiment.seeds if seed not in trained]
    jobs = tuple(job for seed in seeds for job in seed_jobs(experiment, prepared, result, seed))
    if start := experiment.training.pretrain:
        there = read_pretrained(start).trained()
        for seed in sorted({*seeds} - {*there}):
            workplace.progress.say(f"{start} has no seed {seed}: the training starts from its seed {there[0]}")
    if workplace.tensorboard:
        logs = result.folder / "tensorboard"
        jobs = tuple(replace(job, logs=logs / "-".join(job.folder.relative_to(result.folder).parts)) for job in jobs)
    known = prepared.data.dataset.label_task.references
    wanted = {*(known if references is None else references), *reference_names(result)}
    return PendingResult(experiment, prepared, result, workplace, jobs, tuple(n for n in known if n in wanted), force)


def seed_jobs(
    experiment: Experiment, prepared: Prepared, result: ResultFolder, seed: int, source: Path | None = None
) -> list[TrainingJob]:
    """Return the trainings of one seed, one a fold; with `source`, a trained seed's folder, its use on the test."""
    settings, start = experiment.dataset, experiment.training.pretrain
    dataset = prepared.data.dataset
    ids = dataset.table["id"].to_numpy()
    folds = dataset.each_fold()
    folder = result.seed_folder(seed)
    features = experiment.features.items()
    names = {name: value_names(name, feature, prepared.rows[name].shape) for name, feature in features}
    return [
        TrainingJob(
            folder=folder if fold.fold is None else folder / f"fold-{fold.fold}",
            seed=seed,
            model=experiment.model,
            training=experiment.training,
            classes=dataset.classes,
            parts=prepared.parts(fold),
            ids=tuple(ids[fold.test]),
            versions=versions(),
            aggregate=settings.aggregate,
            threshold=settings.decision if settings.several_labels else None,
            source=source,
            pretrained=_first_network(start, seed) if start and source is None else None,
            fusion=experiment.fusion,
            folds=len(folds),
            repeat=fold.repeat,
            names=names if seed == min(experiment.seeds) and fold is folds[0] else {},  # the page shows these
        )
        for fold in folds
    ]


def _first_network(folder: str, seed: int) -> Path:
    """Return the network of another result to start from: of the same seed, or of its first."""
    result = read_pretrained(folder)
    return result.networks(seed if seed in result.trained() else result.trained()[0])[0]
