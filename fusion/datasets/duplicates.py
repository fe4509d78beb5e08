"""Clips that sound the same: found by their content hashes, counted by where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray


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
    velocity_twins : int or None
        Other pairs of one group that are the same sound at two levels; None before anything is extracted.
    twins_across : int
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
    velocity_twins: int | None = None
    twins_across: int = 0
    repeats: int = 0
    contradictions: int = 0
    by_folds: bool = False

    def counts(self) -> dict[str, int | None]:
        """Return the counts that metrics.json has."""
        return {
            "pairs": self.pairs,
            "conflicting": self.conflicting,
            "velocity_twins": self.velocity_twins,
            "repeats": self.repeats,
        }

    def warnings(self) -> list[str]:
        """Return a warning if there are any."""
        found = []
        if self.pairs:
            where = "in different folds" if self.by_folds else "between test and the other splits"
            found.append(
                f"duplicates: {self.pairs} pairs of byte-identical clips, {self.conflicting} of them with different "
                f"labels, {self.across} {where}"
            )
        if self.repeats:
            found.append(
                f"duplicates: {self.repeats} pairs of byte-identical test clips within one group, "
                f"{self.contradictions} of them with different labels, which no answer can all meet"
            )
        if self.twins_across:
            found.append(
                f"duplicates: {self.twins_across} of {self.velocity_twins} velocity twins (one sound at two levels) "
                "are between test and the other splits"
            )
        return found

    def with_twins(self, table: pd.DataFrame, hashes: Sequence[str], twins: NDArray[np.int64]) -> Duplicates:
        """Return these duplicates and velocity twins, ``(pairs, 2)`` row numbers; identical bytes are no twins."""
        content = np.asarray(hashes)
        twins = twins[content[twins[:, 0]] != content[twins[:, 1]]]
        test = (table["split"] == "test").to_numpy()
        across = int(np.sum(test[twins[:, 0]] != test[twins[:, 1]]))
        return replace(self, velocity_twins=len(twins), twins_across=across)


def find_duplicates(table: pd.DataFrame, hashes: Sequence[str], folds: NDArray[np.int64] | None = None) -> Duplicates:
    """Count pairs of clips with the same bytes.

    Parameters
    ----------
    table : DataFrame
        A data set's table.
    hashes : sequence of str
        Content hash of each clip.
    folds : (clips,) int, optional
        The fold of each clip.
    """
    clips = pd.DataFrame({"hash": hashes, "labels": table["labels"], "test": table["split"] == "test"})
    clips["place"] = clips["test"] if folds is None else folds
    clips["group"] = table["group"].where(clips["test"], "")
    clips = clips[clips["hash"] != ""]
    pairs = conflicting = across = repeats = contradictions = 0
    for _, same in clips[clips["hash"].duplicated(keep=False)].groupby("hash"):
        count = len(same)
        songs = [of for _, of in same[same["test"]].groupby("group")]
        within = sum(len(of) * (len(of) - 1) // 2 for of in songs)
        relabelled = sum(_unequal_pairs(of["labels"]) for of in songs)
        repeats += within
        contradictions += relabelled
        pairs += count * (count - 1) // 2 - within
        conflicting += _unequal_pairs(same["labels"]) - relabelled
        across += _unequal_pairs(same["place"])
    more = {"repeats": repeats, "contradictions": contradictions}
    return Duplicates(pairs, conflicting, across, **more, by_folds=folds is not None)


def _unequal_pairs(values: pd.Series) -> int:
    count = len(values)
    return count * (count - 1) // 2 - sum(int(n) * (int(n) - 1) // 2 for n in values.value_counts())
