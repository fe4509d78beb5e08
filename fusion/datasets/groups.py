"""Folds of the training clips, for choosing settings without a look at the test."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError

Ints = NDArray[np.int64]


def assign_folds(labels: Ints, groups: Ints | None, folds: int, seed: int, setting: str = "search.folds") -> Ints:
    """Return each clip's fold, with about equal shares of every class in all folds.

    Parameters
    ----------
    labels : (clips,) int
    groups : (clips,) int or None
        Never divided between folds. None: every clip is a group of its own.
    folds : int
        At least 2.
    seed : int
    setting : str
        What the number of folds is called, for messages.

    Returns
    -------
    (clips,) int
        From 0 to ``folds - 1``; -1 for clips that stay in training always, since their class has a single group.

    Raises
    ------
    FusionError
        If there are more folds than groups, or than any class has clips, or a fold would be empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    units = np.arange(len(labels)) if groups is None else groups
    count = np.array([len(np.unique(units[labels == label])) for label in range(int(labels.max()) + 1)])
    movable = count[labels] > 1
    chosen = np.flatnonzero(movable)
    available = min(len(np.unique(units[chosen])), int(np.bincount(labels[chosen]).max(initial=0)))
    if folds > available:
        raise FusionError(
            f"{setting}: {folds} folds, but there are {len(np.unique(units[chosen]))} groups that can be held out, "
            f"and no class has more than {np.bincount(labels[chosen]).max(initial=0)} clips in them; take fewer folds"
        )
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    found: Ints = np.full(len(labels), -1, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # some folds lack it then
        divided = splitter(folds, shuffle=True, random_state=seed).split(
            chosen, labels[chosen], None if groups is None else units[chosen]
        )
        for number, (_, held_out) in enumerate(divided):
            found[chosen[held_out]] = number
    if len(np.unique(found[found >= 0])) < folds:
        raise FusionError(f"{setting}: {folds} folds cannot all get clips from such uneven groups; take fewer folds")
    return found
