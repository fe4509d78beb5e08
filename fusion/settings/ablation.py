"""The ``ablation`` section: sets of features to compare, or groups of features that stand and fall together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from fusion.errors import did_you_mean
from fusion.settings.experiment import FeatureGroups, FeatureSets

_SHAPE = (
    "should be sets of features, as in [[mfcc], [mfcc, tonnetz]], or groups of features with a name each, as in "
    "{cepstrum: [mfcc], pitch: [tonnetz]}"
)


def read_ablation(value: Any, features: Collection[str]) -> tuple[FeatureSets | None, FeatureGroups | None, str]:
    """Return sets of features, or groups of features, and what is wrong.

    Parameters
    ----------
    value : object
        As the file has it.
    features : collection of str
        Of the experiment, in order.

    Returns
    -------
    tuple of tuple of str or None
        The sets, each in the order of all features.
    dict of str to tuple of str or None
        The groups; a feature that none of them names is a group of its own.
    str
        What is wrong with the section; empty if nothing is.
    """
    if value is None:
        return None, None, ""
    lists = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(lists, list) or not lists or not all(isinstance(names, list) and names for names in lists):
        return None, None, f"{_SHAPE}; found {value!r}"
    for name in (name for names in lists for name in names):
        if not isinstance(name, str) or name not in features:
            near = did_you_mean(name, features) if isinstance(name, str) else ""
            return None, None, f"{name!r} is no feature of this experiment{near}"
    ordered = [tuple(name for name in features if name in names) for names in lists]
    if not isinstance(value, dict):
        return tuple(ordered), None, ""
    named = Counter(name for names in ordered for name in names)
    for name, count in named.items():
        if count > 1:
            return None, None, f"{name} is in {count} groups; a feature belongs to one"
    alone = {name: (name,) for name in features if name not in named}
    for group in value:
        if group in alone:
            return None, None, f"{group} is the name of a feature outside this group; call the group something else"
    return None, {**dict(zip(value, ordered, strict=True)), **alone}, ""
