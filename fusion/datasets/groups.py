"""How clips are divided by group: folds, what validates, fewer training groups, and which groups are connected."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd

_HELD_OUT = 0.1  # share of a class' training clips that validates

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
        From 0 to ``folds - 1``; -1 for clips of groups that stay in training always, since a class has no other.

    Raises
    ------
    FusionError
        If there are more folds than groups, or than any class has clips, or a fold would be empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    units = np.arange(len(labels)) if groups is None else groups
    count = np.array([len(np.unique(units[labels == label])) for label in range(int(labels.max()) + 1)])
    movable = ~np.isin(units, units[count[labels] == 1])  # a group's clips of other classes stay with it
    chosen = np.flatnonzero(movable)
    available, most = len(np.unique(units[chosen])), int(np.bincount(labels[chosen]).max(initial=0))
    if folds > min(available, most):
        raise FusionError(
            f"{setting}: {folds} folds, but there are {available} groups that can be held out, and no class has more "
            f"than {most} clips in them; take fewer folds"
        )
    splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    fold_of: Ints = np.full(len(labels), -1, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # some folds lack it then
        divided = splitter(folds, shuffle=True, random_state=seed).split(
            chosen, labels[chosen], None if groups is None else units[chosen]
        )
        for number, (_, held_out) in enumerate(divided):
            fold_of[chosen[held_out]] = number
    if len(np.unique(fold_of[fold_of >= 0])) < folds:
        raise FusionError(f"{setting}: {folds} folds cannot all get clips from such uneven groups; take fewer folds")
    return fold_of


def divided(table: pd.DataFrame, folds: int, repeats: int, grouped: bool, setting: str) -> Ints:
    """Return the fold of each clip, ``(repeats, clips)``, each repeat another division.

    Parameters
    ----------
    table : DataFrame
    folds, repeats : int
    grouped : bool
        Keep groups whole.
    setting : str
        What chooses the classes, for messages.

    Raises
    ------
    FusionError
        If a class has a single group, or clips cannot be divided so.
    """
    groups = numbered(table["group"]) if grouped else None
    labels = numbered(table["labels"])
    numbers = [assign_folds(labels, groups, folds, 1 + repeat, "dataset.folds") for repeat in range(repeats)]
    units = table["group"] if grouped else table.index.to_series()
    count = units.groupby(table["labels"]).nunique()
    if alone := sorted(count.index[count == 1]):
        raise FusionError(
            f"{setting}: {', '.join(alone)} cannot be both trained on and tested, with one group alone; leave such "
            "classes out"
        )
    return np.stack(numbers)


def hold_out(
    table: pd.DataFrame, unit: str = "group", share: float = _HELD_OUT, salt: str = "validation", left: int = 1
) -> list[str]:
    """Choose whole groups of training clips, at least one a class, that validate or test; a class' only one stays.

    Groups are taken in seeded order as long as they bring the share of clips nearer to the one that is wanted.

    Parameters
    ----------
    table : DataFrame
        Training clips.
    unit : str
        The column of what is never divided.
    share : float
        Of each class' clips.
    salt : str
        Another one chooses other groups.
    left : int
        So many groups of a class stay if it has more.
    """
    held: dict[str, None] = {}  # in order; there may be as many groups as clips
    classes_of: dict[str, list[str]] = {}
    for name, label in table[[unit, "labels"]].drop_duplicates().itertuples(index=False, name=None):
        classes_of.setdefault(name, []).append(label)
    stay = Counter(label for labels in classes_of.values() for label in labels)  # units of each class
    least = {label: max(1, min(left, count - 1)) for label, count in stay.items()}

    def hold(name: str) -> None:
        held[name] = None
        stay.subtract(classes_of[name])

    for _, clips in table.groupby("labels"):
        count = clips[unit].value_counts().to_dict()
        target = share * len(clips)
        clips_held = sum(own for name, own in count.items() if name in held)  # with another class
        free = [name for name in shuffled(count, salt) if name not in held]
        for name in free:
            nearer = abs(clips_held + count[name] - target) < abs(clips_held - target)
            if nearer and all(stay[label] > least[label] for label in classes_of[name]):
                hold(name)
                clips_held += count[name]
        if clips_held:
            continue
        if able := [name for name in free if all(stay[label] > least[label] for label in classes_of[name])]:
            hold(min(able, key=lambda name: count[name]))
    return list(held)


def first_groups(table: pd.DataFrame, count: int, seed: int) -> list[str]:
    """Choose so many groups of training clips: all classes, each with about its share of groups.

    Fewer groups of the same seed are among more of them. A group with clips of several classes counts for the one that
    most are of.

    Parameters
    ----------
    table : DataFrame
        Training clips.
    count : int
        At most so many groups.
    seed : int
        Another one chooses other groups.

    Raises
    ------
    FusionError
        If they have no clip of some class.
    """
    chosen = _in_order(table, seed)[:count]
    if absent := sorted(set(table["labels"]) - set(table.loc[table["group"].isin(chosen), "labels"])):
        raise FusionError(
            f"dataset.train_groups: {count} of {table['group'].nunique()} training groups have no clip of "
            f"{', '.join(absent)}; take at least {fewest_groups(table, seed)}"
        )
    return chosen


def fewest_groups(table: pd.DataFrame, seed: int) -> int:
    """Return how many groups `first_groups` needs for a clip of each class."""
    labels = table.groupby("group")["labels"].unique()
    absent, count = set(table["labels"]), 0
    for group in _in_order(table, seed):
        if not absent:
            break
        absent -= set(labels[group])
        count += 1
    return count


def _in_order(table: pd.DataFrame, seed: int) -> list[str]:
    """Return all groups in the order in which they are chosen: first one of each class, then all classes alike."""
    import pandas as pd

    classes = pd.crosstab(table["group"], table["labels"]).idxmax(axis=1)
    classes = classes[shuffled(classes.index, f"train_groups:{seed}")]
    rank = classes.groupby(classes).cumcount()
    share = (rank + 0.5) / classes.map(classes.value_counts())
    return list(classes.index[np.lexsort((share, rank > 0))])


def shuffled(ids: Iterable[str], salt: str) -> list[str]:
    """Return ids in an order that looks random but depends on nothing else than the ids and the salt.

    The first ten of a hundred stay the first ten when there are more, on every machine.
    """
    return sorted(ids, key=lambda name: hashlib.blake2b(f"{salt}:{name}".encode(), digest_size=8).digest())


def components(sets: Sequence[frozenset[str]]) -> list[int]:
    """Number the connected components of `sets`: two sets with a common member are in one.

    >>> components([frozenset("ab"), frozenset("c"), frozenset("bd"), frozenset("de")])
    [0, 1, 0, 0]
    """
    if not sets:
        return []
    from scipy.sparse import coo_array  # slow to import, and few commands need it
    from scipy.sparse.csgraph import connected_components

    columns = {member: len(sets) + number for number, member in enumerate(frozenset().union(*sets))}
    rows = [row for row, members in enumerate(sets) for _ in members]
    ends = [columns[member] for members in sets for member in members]
    size = len(sets) + len(columns)  # sets and members are the nodes
    labels = connected_components(coo_array((np.ones(len(rows)), (rows, ends)), (size, size)))[1]
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels[: len(sets)].tolist()]


def joined(groups: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Return the group of each file, where groups with a byte-identical file in common are one: the first by name.

    >>> joined(["b", "a", "c", "b"], ["1", "2", "3", "2"])
    ['a', 'a', 'c', 'a']
    """
    sounds: dict[str, set[str]] = {}
    for group, content in zip(groups, contents, strict=True):
        sounds.setdefault(group, set()).update({content} - {""})
    names = sorted(sounds)
    first: dict[int, str] = {}
    numbers = components([frozenset(sounds[name]) for name in names])
    firsts = {name: first.setdefault(number, name) for name, number in zip(names, numbers, strict=True)}
    return [firsts[group] for group in groups]


def numbered(names: pd.Series) -> Ints:
    """Return the number of each name among the sorted names, ``(names,)``."""
    return np.unique(names.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
