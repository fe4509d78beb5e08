"""Clips that sound the same: found by their content hashes, counted by where they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.groups import components

SOUND = ["content", "start", "duration"]
"""Columns that are alike in clips of the same bytes: the same part of files with the same content."""


@dataclass(frozen=True)
class Duplicates:
    """Clips that sound the same.

    Attributes
    ----------
    pairs : int
        Pairs of clips with byte-identical audio.
    conflicting : int
        Those whose labels differ.
    across : int
        Those with one clip in test and one elsewhere; in two folds, where there are folds.
    level_copies : int or None
        Other pairs of one group that are the same sound at two levels, as notes of two velocities may be; None before
        anything is extracted.
    level_copies_across : int
        Those with one clip in test and one elsewhere.
    repeats : int
        Pairs of test clips with byte-identical audio in one group, as a song that is cut up may have; not in `pairs`,
        since nothing leaks by them.
    contradictions : int
        Those whose labels differ.
    by_folds : bool
        Whether there are folds.
    """

    pairs: int
    conflicting: int
    across: int
    level_copies: int | None = None
    level_copies_across: int = 0
    repeats: int = 0
    contradictions: int = 0
    by_folds: bool = False

    def counts(self) -> dict[str, int | None]:
        """Return the counts that metrics.json has."""
        return {
            "pairs": self.pairs,
            "conflicting": self.conflicting,
            "velocity_twins": self.level_copies,
            "repeats": self.repeats,
        }

    def warnings(self) -> list[str]:
        """Return a warning if there are any."""
        warnings = []
        if self.pairs:
            where = "in different folds" if self.by_folds else "between test and the other splits"
            warnings.append(
                f"duplicates: {self.pairs} pairs of byte-identical clips, {self.conflicting} of them with different "
                f"labels, {self.across} {where}"
            )
        if self.repeats:
            warnings.append(
                f"duplicates: {self.repeats} pairs of byte-identical test clips within one group, "
                f"{self.contradictions} of them with different labels, which no answer can all meet"
            )
        if self.level_copies_across:
            warnings.append(
                f"duplicates: {self.level_copies_across} of {self.level_copies} velocity twins (one sound at two "
                "levels) are between test and the other splits"
            )
        return warnings

    def with_level_copies(self, table: pd.DataFrame, pairs: NDArray[np.int64]) -> Duplicates:
        """Return these duplicates and copies at another level.

        Parameters
        ----------
        table : DataFrame
            A data set's, with content hashes.
        pairs : (pairs, 2) int
            Rows of clips that are one sound; those with identical bytes or of two groups do not count.
        """
        content, group = table["content"].to_numpy(), table["group"].to_numpy()
        pairs = pairs[(content[pairs[:, 0]] != content[pairs[:, 1]]) & (group[pairs[:, 0]] == group[pairs[:, 1]])]
        test = (table["split"] == "test").to_numpy()
        across = int(np.sum(test[pairs[:, 0]] != test[pairs[:, 1]]))
        return replace(self, level_copies=len(pairs), level_copies_across=across)


def find_duplicates(table: pd.DataFrame, folds: NDArray[np.int64] | None = None) -> Duplicates:
    """Count pairs of clips with the same bytes.

    Parameters
    ----------
    table : DataFrame
        A data set's, with content hashes.
    folds : (clips,) int, optional
        The fold of each clip.
    """
    clips = table[["content", "start", "duration", "labels"]].assign(test=table["split"] == "test")
    clips["place"] = clips["test"] if folds is None else folds
    clips["group"] = table["group"].where(clips["test"], "")
    clips = clips[clips["content"] != ""]
    pairs = conflicting = across = repeats = contradictions = 0
    for _, same in clips[clips.duplicated(SOUND, keep=False)].groupby(SOUND, dropna=False):
        tested = [group for _, group in same[same["test"]].groupby("group")]
        within = sum(_pairs(len(group)) for group in tested)
        relabelled = sum(_unequal_pairs(group["labels"]) for group in tested)
        repeats += within
        contradictions += relabelled
        pairs += _pairs(len(same)) - within
        conflicting += _unequal_pairs(same["labels"]) - relabelled
        across += _unequal_pairs(same["place"])
    return Duplicates(
        pairs, conflicting, across, repeats=repeats, contradictions=contradictions, by_folds=folds is not None
    )


def joined_sounds(sounds: pd.Series, pairs: NDArray[np.int64]) -> pd.Series:
    """Return the sound of each clip, the same one for clips that pairs join.

    Parameters
    ----------
    sounds : Series of str
        Of each clip; empty where it is not known.
    pairs : (pairs, 2) int
        Places of clips that are one sound.
    """
    names = sounds.to_numpy()[pairs]
    joined: dict[str, str] = {}
    first: dict[int, str] = {}
    for number, names_of_pair in zip(components([frozenset(pair) for pair in names]), names, strict=True):
        joined |= {name: first.setdefault(number, name) for name in names_of_pair if name}
    return sounds.map(lambda name: joined.get(name, name))


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _unequal_pairs(values: pd.Series) -> int:
    return _pairs(len(values)) - sum(_pairs(int(count)) for count in values.value_counts())
