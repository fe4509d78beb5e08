"""Which subsets of an experiment's features an ablation compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from fusion.errors import FusionError
from fusion.settings.experiment import Experiment

MODES = ("leave-one-out", "only-one", "all", "mask", "sets")

_MOST = 10  # features of which every subset is tried


def feature_sets(experiment: Experiment, mode: str) -> list[tuple[str, ...]]:
    """Return the feature sets that are trained, the whole first.

    Parameters
    ----------
    experiment : Experiment
    mode : {"leave-one-out", "only-one", "all", "mask", "sets"}

    Raises
    ------
    FusionError
        If the mode is unknown, or the experiment has too few or too many features for it, or names no sets.
    """
    if mode not in MODES:
        raise FusionError(f"--mode {mode}: should be one of {', '.join(MODES)}")
    features = tuple(experiment.features)
    if mode == "sets":
        if not experiment.ablation:
            raise FusionError(
                f"{experiment.name}: names no sets; add a section such as ablation: [[mfcc], [mfcc, tonnetz]]"
            )
        return list(dict.fromkeys([features, *experiment.ablation]))
    if len(features) < 2:
        raise FusionError(f"{experiment.name}: an ablation needs at least two features, found {', '.join(features)}")
    if mode == "all" and len(features) > _MOST:
        raise FusionError(
            f"{experiment.name}: every subset of {len(features)} features is too many; take {_MOST} at most"
        )
    sizes = {
        "leave-one-out": [len(features) - 1],
        "only-one": [1],
        "all": range(len(features) - 1, 0, -1),
        "mask": [],
    }[mode]
    return [features, *(subset for size in sizes for subset in combinations(features, size))]


def with_features(experiment: Experiment, features: Sequence[str]) -> Experiment:
    """Return the experiment with some of its features alone.

    Raises
    ------
    FusionError
        If its model cannot take these.
    """
    search = experiment.search
    if search is not None:
        dropped = tuple(f"features.{name}." for name in experiment.features if name not in features)
        space = {path: values for path, values in search.space.items() if not path.startswith(dropped)}
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
