"""Which subsets of an experiment's features an ablation compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from fusion.errors import FusionError
from fusion.settings.experiment import Experiment, FeatureGroups

MODES = ("leave-one-out", "only-one", "all", "mask", "sets")

_MOST = 10  # features, or groups of them, of which every subset is tried


def feature_groups(experiment: Experiment) -> FeatureGroups:
    """Return what an ablation leaves out or takes together: the file's groups, else each feature by itself."""
    return experiment.feature_groups or {name: (name,) for name in experiment.features}


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
            found = "names groups of features, which other modes take" if experiment.feature_groups else "names no sets"
            raise FusionError(f"{experiment.name}: {found}; add a section such as ablation: [[mfcc], [mfcc, tonnetz]]")
        return list(dict.fromkeys([features, *experiment.ablation]))
    groups = feature_groups(experiment)
    noun = "groups of features" if experiment.feature_groups else "features"
    if len(groups) < 2:
        raise FusionError(f"{experiment.name}: an ablation needs at least two {noun}, found {', '.join(groups)}")
    if mode == "all" and len(groups) > _MOST:
        raise FusionError(
            f"{experiment.name}: every subset of {len(groups)} {noun} is too many; take {_MOST} at most, or put "
            "features into groups, as in ablation: {cepstrum: [mfcc], pitch: [chroma, tonnetz]}"
        )
    sizes = {
        "leave-one-out": [len(groups) - 1],
        "only-one": [1],
        "all": range(len(groups) - 1, 0, -1),
        "mask": [],
    }[mode]
    chosen = [
        {name for group in subset for name in groups[group]} for size in sizes for subset in combinations(groups, size)
    ]
    return [features, *(tuple(name for name in features if name in names) for names in chosen)]


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
        feature_groups=None,
    )
    if misfit := arm.model.misfit(arm.shapes()):
        raise FusionError(f"{experiment.name}, features {', '.join(features)}: model: {misfit}")
    return arm
