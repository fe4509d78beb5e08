"""What can be told of a data set before any feature is extracted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from fusion.datasets.table import SPLITS, Dataset


@dataclass(frozen=True)
class Duplicates:
    """Byte-identical audio files.

    Attributes
    ----------
    pairs : int
        Pairs of clips with the same bytes.
    conflicting : int
        Those whose labels differ.
    across : int
        Those with one clip in test and one elsewhere.
    """

    pairs: int
    conflicting: int
    across: int

    def counts(self) -> dict[str, int]:
        """Return the counts that metrics.json has."""
        return {"pairs": self.pairs, "conflicting": self.conflicting}

    def warnings(self) -> list[str]:
        """Return a warning if there are any."""
        if not self.pairs:
            return []
        return [
            f"duplicates: {self.pairs} pairs of byte-identical clips, {self.conflicting} of them with different "
            f"labels, {self.across} between test and the other splits"
        ]


def find_duplicates(table: pd.DataFrame, hashes: Sequence[str]) -> Duplicates:
    """Count pairs of clips with the same bytes.

    Parameters
    ----------
    table : DataFrame
        A data set's table.
    hashes : sequence of str
        Content hash of each clip.
    """
    clips = pd.DataFrame({"hash": hashes, "labels": table["labels"], "test": table["split"] == "test"})
    clips = clips[clips["hash"] != ""]
    pairs = conflicting = across = 0
    for _, same in clips[clips["hash"].duplicated(keep=False)].groupby("hash"):
        count = len(same)
        pairs += count * (count - 1) // 2
        conflicting += _unequal_pairs(same["labels"])
        across += _unequal_pairs(same["test"])
    return Duplicates(pairs, conflicting, across)


def _unequal_pairs(values: pd.Series) -> int:
    count = len(values)
    return count * (count - 1) // 2 - sum(int(n) * (int(n) - 1) // 2 for n in values.value_counts())


def audit(dataset: Dataset, duplicates: Duplicates) -> dict[str, Any]:
    """Return counts, groups, shared groups and warnings as plain data.

    Returns
    -------
    dict
        ``dataset, protocol, clips {split}, groups {split}, shared_groups {split}, classes {split: {class: count}},
        duplicates, warnings``.
    """
    parts = {split: dataset.part(split) for split in SPLITS}
    test = set(parts["test"]["group"])
    return {
        "dataset": dataset.name,
        "protocol": dataset.protocol,
        "clips": {split: len(part) for split, part in parts.items()},
        "groups": {split: int(part["group"].nunique()) for split, part in parts.items()},
        "shared_groups": {split: len(test & set(parts[split]["group"])) for split in ("train", "validation")},
        "classes": {
            split: {label: int(count) for label, count in part["labels"].value_counts().sort_index().items()}
            for split, part in parts.items()
        },
        "duplicates": duplicates.counts(),
        "warnings": [*dataset.warnings, *duplicates.warnings()],
    }
