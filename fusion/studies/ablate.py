"""What does each feature bring? The same experiment with subsets of its features, and what tests say of them.

::

    <result of all features>/ablation.json   arms, Shapley values, tests; ablation.csv, ablation.png, shapley.png,
                                             per_class.png

Every arm is an ordinary result folder beside it, so arms that were run are not run again.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.data import Data, read_data
from fusion.errors import FusionError
from fusion.extraction.prepare import Prepared, prepare
from fusion.learning.jobs import MaskJob
from fusion.report import ablation as plots
from fusion.results.predictions import Predictions, read_predictions
from fusion.runtime.files import replacing, write_json
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.search.tune import tune
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_experiment
from fusion.studies.ablation_summary import Arm, Mode, summarise
from fusion.studies.experiment import result_of
from fusion.studies.work import Work, do

MODES: tuple[Mode, ...] = Mode.__args__  # type: ignore[attr-defined]

DRAWS = 5  # of other clips' values for a masked feature, with each network
_MOST = 10  # features of which every subset is tried


def ablate(
    experiment: Experiment,
    workplace: Workplace,
    mode: Mode = "leave-one-out",
    trials: int | None = None,
    force: bool = False,
) -> tuple[Path, dict[str, Any]]:
    """Run every arm that is missing, and write what came out.

    Parameters
    ----------
    experiment : Experiment
    workplace : Workplace
    mode : {"leave-one-out", "only-one", "all", "mask", "sets"}
        ``sets`` takes those of the experiment's ``ablation`` section.
    trials : int, optional
        Search each arm's settings first, with so many trials each.
    force : bool
        Train every arm again.

    Returns
    -------
    Path
        The result folder of all features.
    dict
        The content of ablation.json.

    Raises
    ------
    FusionError
        For everything that the user can mend.
    """
    every = tuple(experiment.features)
    sets = _sets(experiment, mode)
    data = read_data(experiment.dataset, workplace)
    if trials:
        arms = [_tuned(_with(experiment, features), workplace, trials) for features in sets]
        works = [_work(arm, prepare(arm, data, workplace), data, workplace, force) for arm in arms]
    else:
        prepared = prepare(experiment, data, workplace)  # once, for all arms
        works = [
            _work(_with(experiment, features), prepared.only(features), data, workplace, force) for features in sets
        ]
    missing = [work for work in works if not work.result.covers(experiment.seeds, work.references) or force]
    with ExitStack() as locks:
        for work in missing:
            locks.enter_context(work.result.locked())
            work.train(experiment.seeds)
        do(missing)
    found = {
        features: _arm(features, work.result.folder, experiment.seeds)
        for features, work in zip(sets, works, strict=True)
    }
    full = works[sets.index(every)]
    folder = full.result.folder
    predictions = read_predictions(folder)
    if mode == "mask":
        found.update(_masked(full, experiment.seeds, predictions, workplace))
    ablation = summarise(mode, every, found, predictions)
    ablation["experiment"], ablation["digest"] = experiment.name, folder.name
    ablation["trials"] = trials or 0
    with replacing(folder / "ablation.csv") as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["features", "mean", "low", "high", "std", "digest"])
        for arm in ablation["arms"]:
            interval = ["" if arm[key] is None else f"{arm[key]:.6f}" for key in ("mean", "low", "high", "std")]
            writer.writerow([" ".join(arm["features"]), *interval, arm["digest"] or ""])
    plots.write(folder, ablation)
    write_json(folder / "ablation.json", ablation)
    return folder, ablation


def _sets(experiment: Experiment, mode: Mode) -> list[tuple[str, ...]]:
    """Return the feature sets that are trained, the whole first."""
    every = tuple(experiment.features)
    if mode == "sets":
        if not experiment.ablation:
            raise FusionError(
                f"{experiment.name}: names no sets; add a section such as ablation: [[mfcc], [mfcc, tonnetz]]"
            )
        return list(dict.fromkeys([every, *experiment.ablation]))
    if len(every) < 2:
        raise FusionError(f"{experiment.name}: an ablation needs at least two features, found {', '.join(every)}")
    sizes = {
        "leave-one-out": [len(every) - 1],
        "only-one": [1],
        "all": range(len(every) - 1, 0, -1),
        "mask": [],
    }[mode]
    if mode == "all" and len(every) > _MOST:
        raise FusionError(f"{experiment.name}: every subset of {len(every)} features is too many; take {_MOST} at most")
    return [every, *(chosen for size in sizes for chosen in combinations(every, size))]


def _with(experiment: Experiment, features: Sequence[str]) -> Experiment:
    """Return the experiment with some of its features alone."""
    search = experiment.search
    if search is not None:
        dropped = tuple(f"features.{name}." for name in experiment.features if name not in features)
        space = {path: of for path, of in search.space.items() if not path.startswith(dropped)}
        search = search.model_copy(update={"space": space})
    arm = replace(
        experiment,
        features={name: experiment.features[name] for name in features},
        sources={name: experiment.sources[name] for name in features},
        search=search,
        ablation=None,
    )
    if misfit := arm.model.misfit(arm.shapes()):
        raise FusionError(f"{experiment.name}, features {', '.join(features)}: model: {misfit}")
    return arm


def _tuned(arm: Experiment, workplace: Workplace, trials: int) -> Experiment:
    """Return an arm with the best settings of its own search."""
    workplace.progress.say(f"searching settings for {', '.join(arm.features)}")
    folder, _ = tune(arm, workplace, trials)
    best = read_experiment(folder / "search" / "best.yaml")
    return replace(best, name=arm.name, seeds=arm.seeds)


def _work(arm: Experiment, prepared: Prepared, data: Data, workplace: Workplace, force: bool) -> Work:
    # one reference model each: `fusion run` on an arm adds the others
    references = data.dataset.label_task.references[:1]
    work = Work(arm, data, result_of(arm, data, workplace), workplace, force=force, references=references)
    work.prepared = prepared
    return work


def _arm(features: tuple[str, ...], folder: Path, seeds: Sequence[int]) -> Arm:
    said = read_predictions(folder)
    chosen = said.decisions[[said.seeds.index(seed) for seed in seeds]]  # a result may have more
    return Arm(features, folder, said.counts(chosen), said.right(chosen))


def _masked(
    full: Work, seeds: Sequence[int], predictions: Predictions, workplace: Workplace
) -> dict[tuple[str, ...], Arm]:
    """Return an arm for each feature whose values are drawn from other test clips, without any training."""
    every = tuple(full.experiment.features)
    jobs = [MaskJob(job, name, DRAWS) for seed in seeds for job in full.seed_jobs(seed) for name in every]
    ids = list(predictions.clips)
    said: dict[tuple[str, int], dict[str, NDArray[np.bool_]]] = {}
    with workplace.progress.task("masking features", len(jobs)) as advance:
        for job, chosen in run([("fusion.studies.mask:predict_masked", job) for job in jobs], workplace.jobs):
            advance(1)
            rows = dict(zip(job.job.ids, np.moveaxis(chosen, 1, 0), strict=True))
            said.setdefault((job.feature, job.job.seed), {}).update(rows)
    arms = {}
    for name in every:
        chosen = np.concatenate([np.stack([said[name, seed][clip] for clip in ids], axis=1) for seed in seeds])
        rest = tuple(other for other in every if other != name)
        arms[rest] = Arm(rest, None, predictions.counts(chosen), predictions.right(chosen))
    return arms
