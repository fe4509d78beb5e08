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
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fusion.effects import few_groups, holm, paired_difference, shapley_intervals, variance_parts
from fusion.errors import FusionError
from fusion.experiment import Work, do, result_of
from fusion.files import replacing, write_json
from fusion.jobs import MaskJob
from fusion.prepare import Data, Prepared, Setting, prepare, read_data
from fusion.references import names
from fusion.report import ablation as plots
from fusion.spec import Experiment, read_experiment
from fusion.statistics import bootstrap_interval
from fusion.tally import Predictions, read_predictions, refuse_other_clips
from fusion.tune import tune
from fusion.workers import run

Mode = Literal["leave-one-out", "only-one", "all", "mask", "sets"]
MODES: tuple[Mode, ...] = Mode.__args__  # type: ignore[attr-defined]

DRAWS = 5  # of other clips' values for a masked feature, with each network
_MOST = 10  # features of which every subset is tried


@dataclass(frozen=True)
class Arm:
    """One way of doing it.

    Attributes
    ----------
    features : tuple of str
        That its networks use.
    folder : Path or None
        Its result; None where a feature of the full arm is masked.
    counts : (groups, seeds, ...)
        What figures are functions of.
    right : (clips,)
        How right each clip's prediction is.
    """

    features: tuple[str, ...]
    folder: Path | None
    counts: NDArray[Any]
    right: NDArray[np.float64]


def ablate(
    experiment: Experiment,
    setting: Setting,
    mode: Mode = "leave-one-out",
    trials: int | None = None,
    force: bool = False,
) -> tuple[Path, dict[str, Any]]:
    """Run every arm that is missing, and write what came out.

    Parameters
    ----------
    experiment : Experiment
    setting : Setting
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
    data = read_data(experiment.dataset, setting)
    if trials:
        arms = [_tuned(_with(experiment, features), setting, trials) for features in sets]
        works = [_work(arm, prepare(arm, data, setting), data, setting, force) for arm in arms]
    else:
        prepared = prepare(experiment, data, setting)  # once, for all arms
        works = [_work(_with(experiment, features), prepared.only(features), data, setting, force) for features in sets]
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
        found.update(_masked(full, experiment.seeds, predictions, setting))
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


def _tuned(arm: Experiment, setting: Setting, trials: int) -> Experiment:
    """Return an arm with the best settings of its own search."""
    setting.progress.say(f"searching settings for {', '.join(arm.features)}")
    folder, _ = tune(arm, setting, trials)
    best = read_experiment(folder / "search" / "best.yaml")
    return replace(best, name=arm.name, seeds=arm.seeds)


def _work(arm: Experiment, prepared: Prepared, data: Data, setting: Setting, force: bool) -> Work:
    # one reference line each: `fusion run` on an arm adds the others
    lines = names(data.dataset.several)[:1]
    work = Work(arm, data, result_of(arm, data, setting), setting, force=force, references=lines)
    work.prepared = prepared
    return work


def _arm(features: tuple[str, ...], folder: Path, seeds: Sequence[int]) -> Arm:
    said = read_predictions(folder)
    chosen = said.chosen[[said.seeds.index(seed) for seed in seeds]]  # a result may have more
    return Arm(features, folder, said.counts(chosen), said.right(chosen))


def _masked(full: Work, seeds: Sequence[int], predictions: Predictions, setting: Setting) -> dict[tuple[str, ...], Arm]:
    """Return an arm for each feature whose values are drawn from other test clips, without any training."""
    every = tuple(full.experiment.features)
    jobs = [MaskJob(job, name, DRAWS) for seed in seeds for job in full.seed_jobs(seed) for name in every]
    ids = list(predictions.clips)
    said: dict[tuple[str, int], dict[str, NDArray[np.bool_]]] = {}
    with setting.progress.task("masking features", len(jobs)) as advance:
        for job, chosen in run([("fusion.mask:predict_masked", job) for job in jobs], setting.jobs):
            advance(1)
            rows = dict(zip(job.job.ids, np.moveaxis(chosen, 1, 0), strict=True))
            said.setdefault((job.feature, job.job.seed), {}).update(rows)
    arms = {}
    for name in every:
        chosen = np.concatenate([np.stack([said[name, seed][clip] for clip in ids], axis=1) for seed in seeds])
        rest = tuple(other for other in every if other != name)
        arms[rest] = Arm(rest, None, predictions.counts(chosen), predictions.right(chosen))
    return arms


def summarise(
    mode: Mode, every: tuple[str, ...], arms: dict[tuple[str, ...], Arm], clips: Predictions
) -> dict[str, Any]:
    """Return the content of ablation.json.

    Parameters
    ----------
    mode : str
    every : tuple of str
        All features.
    arms : dict
        By their features, that of all features among them; all on the same clips.
    clips : Predictions
        Of the arm of all features.

    Returns
    -------
    dict
        ``mode, metric, chance, groups, arms [{features, mean, std, low, high, per_seed, groups_std, digest}], shapley
        {feature: {value, low, high}}, tests [{features, without, difference, low, high, p, p_holm}], per_class
        {feature:
        {class: difference}}, warnings``. A test's difference is the arm of all features minus the other; a Shapley
        value is a feature's share of the whole above chance; ``per_class`` is of each class' recall.
    """
    for arm in arms.values():
        if arm.folder is not None:
            refuse_other_clips(clips, read_predictions(arm.folder))
    figure, strata, groups = clips.figures[clips.headline], clips.strata(), clips.groups
    whole = arms[every]
    rows: list[dict[str, Any]] = []
    tests: list[dict[str, Any]] = []
    for features, arm in arms.items():
        per_seed = figure(arm.counts.sum(axis=0))
        low, high = bootstrap_interval(arm.counts, lambda sums: figure(sums).mean(axis=-1), strata) or (None, None)
        parts = variance_parts(arm.counts, figure, strata)
        row = {
            "features": list(features),
            "mean": float(per_seed.mean()),
            "std": parts["seeds"],
            "low": low,
            "high": high,
        }
        digest = arm.folder.name if arm.folder else None
        rows.append({**row, "groups_std": parts["groups"], "per_seed": per_seed.tolist(), "digest": digest})
        if features == every or (mode == "all" and len(features) < len(every) - 1):
            continue
        more = np.bincount(groups, whole.right - arm.right)
        test = paired_difference(arm.counts, whole.counts, figure, strata, more)
        without = [name for name in every if name not in features]
        kept = {key: test[key] for key in ("difference", "low", "high", "p")}
        tests.append({"features": list(features), "without": without, **kept})
    for test, p in zip(tests, holm(np.array([test["p"] for test in tests])) if tests else [], strict=True):
        test["p_holm"] = float(p)
    chance = _chance(clips)
    shares: dict[str, Any] = {}
    if mode == "all":
        counts = {frozenset(features): arm.counts for features, arm in arms.items()}
        shares = shapley_intervals(counts, every, figure, strata, chance=chance)
    count = int(groups.max()) + 1
    return {
        "mode": mode,
        "metric": clips.headline,
        "chance": chance,
        "groups": count,
        "arms": rows,
        "shapley": shares,
        "tests": tests,
        "per_class": {
            test["without"][0]: _per_class(clips, whole, arms[tuple(test["features"])])
            for test in tests
            if len(test["without"]) == 1
        },
        "warnings": few_groups(count),
    }


def _chance(clips: Predictions) -> float:
    """Return the figure of saying the same of every clip: the test's largest class, or the best few."""
    targets = clips.targets
    order = np.argsort(-targets.sum(axis=0), kind="stable")
    found = []
    for count in range(1, len(order) + 1 if clips.several else 2):
        chosen = np.zeros((1, *targets.shape), dtype=bool)
        chosen[:, :, order[:count]] = True
        found.append(float(clips.figures[clips.headline](clips.counts(chosen).sum(axis=0))[0]))
    return max(found)


def _per_class(clips: Predictions, whole: Arm, arm: Arm) -> dict[str, float]:
    """Return how much each class' recall falls, in an arm against the whole; mean over seeds."""
    recall = [_recall(clips, of.counts) for of in (whole, arm)]
    occurs = np.asarray(clips.targets.any(axis=0))
    return {
        label: float(recall[0][number] - recall[1][number])
        for number, label in enumerate(clips.classes)
        if occurs[number]
    }


def _recall(clips: Predictions, counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(clips.class_scores(counts.sum(axis=0))["recall"].mean(axis=0))
