"""What does each feature bring? The same experiment with subsets of its features, and what tests say of them.

::

    <result of all features>/ablation.json   arms, Shapley values, tests; ablation.csv, ablation.html and its
                                             plots ablation.png, shapley.png, per_class.png

Every arm is an ordinary result folder beside it, so arms that were run are not run again.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fusion.datasets.data import read_data
from fusion.evaluation.decisions import join_labels
from fusion.extraction.prepare import prepare
from fusion.learning.jobs import MaskJob, TrainingJob
from fusion.report import ablation_page
from fusion.result.looks import record_looks
from fusion.result.predictions import Predictions, read_predictions
from fusion.runtime.files import replacing
from fusion.runtime.known_json import write_known
from fusion.runtime.workers import run
from fusion.runtime.workplace import Workplace
from fusion.search.tune import tune
from fusion.settings.experiment import Experiment
from fusion.settings.reading import read_experiment
from fusion.studies.ablation_summary import AblationArm, arm_warnings, summarise_ablation
from fusion.studies.completion import complete
from fusion.studies.experiment import result_of, say_versions, trainable
from fusion.studies.feature_sets import feature_groups, feature_sets, with_features
from fusion.studies.pending import seed_jobs, to_train

DRAWS = 5  # of other clips' values for a masked feature, with each network


def ablate(
    experiment: Experiment,
    workplace: Workplace,
    mode: str = "leave-one-out",
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
    sets = feature_sets(experiment, mode)
    data = read_data(experiment.dataset, workplace)
    if trials is not None:
        arms = [_searched(with_features(experiment, features), workplace, trials) for features in sets]
        prepared = [prepare(arm, trainable(arm, data), workplace) for arm in arms]
    else:
        arms = [with_features(experiment, features) for features in sets]
        whole = prepare(experiment, trainable(experiment, data), workplace)  # once, for all arms
        prepared = [whole.only(features) for features in sets]
    results = [result_of(arm, data, workplace) for arm in arms]
    say_versions(results, workplace, "; --force trains again")
    # one reference each: `fusion run` on an arm adds the others
    references = data.dataset.label_task.references[:1]
    with ExitStack() as locks:
        pending = []
        for arm, ready, result in zip(arms, prepared, results, strict=True):
            if force or not result.covers(experiment.seeds, references):
                locks.enter_context(result.locked())
                pending.append(to_train(arm, ready, result, workplace, force=force, references=references))
        complete(pending)
    outcomes = {
        features: _arm(features, result.folder, experiment.seeds)
        for features, result in zip(sets, results, strict=True)
    }
    full = sets.index(tuple(experiment.features))
    folder = results[full].folder
    if mode == "mask":
        jobs = [job for seed in experiment.seeds for job in seed_jobs(arms[full], prepared[full], results[full], seed)]
        outcomes |= _masked(jobs, experiment, outcomes[sets[full]].predictions, workplace)
    ablation = summarise_ablation(mode, feature_groups(experiment), outcomes)
    ablation["warnings"] += arm_warnings(outcomes)
    ablation["experiment"], ablation["digest"] = experiment.name, folder.name
    ablation["trials"] = trials or 0
    dataset, how = prepared[full].data.dataset, "masked" if mode == "mask" else ""
    ablation |= record_looks(workplace.results, dataset, experiment.name, results[full], experiment.seeds, how)
    write_ablation(folder, ablation)
    return folder, ablation


def write_ablation(folder: Path, ablation: dict[str, Any]) -> None:
    """Write ablation.csv, the page with its plots, and ablation.json."""
    _write_table(folder / "ablation.csv", ablation)
    ablation_page.write(folder, ablation)
    write_known(folder / "ablation.json", ablation)


def _write_table(path: Path, ablation: dict[str, Any]) -> None:
    """Write ablation.csv: one row an arm."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["features", "mean", "low", "high", "std", "digest"])
        for arm in ablation["arms"]:
            values = ["" if arm[key] is None else f"{arm[key]:.6f}" for key in ("mean", "low", "high", "std")]
            writer.writerow([" ".join(arm["features"]), *values, arm["digest"] or ""])


def _searched(arm: Experiment, workplace: Workplace, trials: int) -> Experiment:
    """Return an arm with the best settings of its own search."""
    workplace.progress.say(f"searching settings for {', '.join(arm.features)}")
    folder, _ = tune(arm, workplace, trials)
    best = read_experiment(folder / "search" / "best.yaml")
    return replace(best, name=arm.name, seeds=arm.seeds)


def _arm(features: tuple[str, ...], folder: Path, seeds: Sequence[int]) -> AblationArm:
    """Return what an arm's networks predict, of these seeds alone: a result may have more."""
    return AblationArm(features, folder, read_predictions(folder).of_seeds(seeds))


def _masked(
    jobs: Sequence[TrainingJob], full: Experiment, predictions: Predictions, workplace: Workplace
) -> dict[tuple[str, ...], AblationArm]:
    """Return an arm for each group of features whose values are drawn from other test clips, without any training."""
    groups = feature_groups(full).values()
    tasks = [MaskJob(job, group, DRAWS) for job in jobs for group in groups]
    labels: dict[tuple[tuple[str, ...], int, int], dict[str, list[str]]] = {}
    with (
        workplace.progress.task("masking features", len(tasks)) as advance,
        run([("fusion.studies.mask:predict_masked", task) for task in tasks], workplace.workers) as finished,
    ):
        for task, drawn in finished:
            advance(1)
            joined = [[join_labels(predictions.classes, one) for one in draws] for draws in np.moveaxis(drawn, 1, 0)]
            key = task.features, task.job.seed, task.job.repeat
            labels.setdefault(key, {}).update(zip(task.job.ids, joined, strict=True))
    arms = {}
    for group in groups:
        predicted = [
            np.stack([labels[group, seed, repeat][clip] for clip in predictions.clips], axis=1)
            for seed in full.seeds
            for repeat in range(predictions.repeats)
        ]
        rest = tuple(name for name in full.features if name not in group)
        arms[rest] = AblationArm(rest, None, predictions.masked(np.concatenate(predicted)), DRAWS)
    return arms
