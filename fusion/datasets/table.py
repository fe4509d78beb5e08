"""The one shape that every data set is brought to, and the rules that hold for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.errors import FusionError, listing

COLUMNS = ("id", "path", "start", "duration", "labels", "group", "split")
SPLITS = ("train", "validation", "test")
FEW_GROUPS = 10


@dataclass
class Dataset:
    """Clips with labels, groups and splits.

    Attributes
    ----------
    name, protocol : str
    table : DataFrame
        One row a clip: id, path (Path), start and duration (seconds), labels (joined by ``;``), group (what
        must not be split: an instrument, a recording), split (train, validation or test).
    classes : tuple of str
        Sorted; the order of every probability vector.
    noun : str
        What a group is, for messages: ``instruments``.
    notes : list of str
        What happened while reading, as warnings.
    """

    name: str
    protocol: str
    table: pd.DataFrame
    classes: tuple[str, ...]
    noun: str
    notes: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What readers of a result must know; each begins with a fixed word and a colon."""
        return [*self.notes, *_missing_classes(self), *_shared_groups(self), *_few_groups(self)]

    def part(self, split: str) -> pd.DataFrame:
        """Return the clips of one split."""
        return self.table[self.table["split"] == split]

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the class numbers of a split's clips."""
        numbers = {label: number for number, label in enumerate(self.classes)}
        return self.part(split)["labels"].map(numbers).to_numpy(dtype=np.int64)

    def without(self, ids: Iterable[str], reason: str) -> Dataset:
        """Return the data set without some clips, which a warning counts."""
        left_out = set(ids)
        table = self.table[~self.table["id"].isin(left_out)].reset_index(drop=True)
        note = f"damaged: {len(left_out)} clips left out ({reason})"
        return assemble(self.name, self.protocol, table, self.noun, [*self.notes, note])


def assemble(
    name: str,
    protocol: str,
    table: pd.DataFrame,
    noun: str,
    notes: Sequence[str] = (),
) -> Dataset:
    """Make a data set from its table, check it, and say what readers of its results must know.

    Parameters
    ----------
    name, protocol : str
    table : DataFrame
        With `COLUMNS`.
    noun : str
        What a group is, in the plural.
    notes : sequence of str

    Returns
    -------
    Dataset
        Test and validation clips of classes that have no training clip are left out, and counted.

    Raises
    ------
    FusionError
        If there is nothing to train or test on, or only one class.
    """
    found = list(notes)
    classes = tuple(sorted(table.loc[table["split"] == "train", "labels"].unique()))
    unknown = table[~table["labels"].isin(classes)]
    for split, part in unknown.groupby("split"):
        for label, clips in part.groupby("labels"):
            found.append(
                f"missing-class: {len(clips)} {split} clips of {label} left out: the class has no training clip"
            )
    table = table.drop(unknown.index).reset_index(drop=True)
    dataset = Dataset(name, protocol, table, classes, noun, found)
    if len(classes) < 2:
        have = f"only {classes[0]}" if classes else "no clip"
        raise FusionError(f"{name}, protocol {protocol}: training needs at least two classes, there is {have}")
    for split in SPLITS:
        if dataset.part(split).empty:
            raise FusionError(
                f"{name}, protocol {protocol}: no {split} clip is left; loosen the data set's options "
                "(sources, families, limit) or check its folder with `fusion data check`"
            )
    return dataset


def _missing_classes(dataset: Dataset) -> list[str]:
    warnings = []
    training = dataset.part("train").groupby("labels")["group"].unique()
    for split in ("validation", "test"):
        absent = sorted(set(dataset.classes) - set(dataset.part(split)["labels"]))
        if split == "validation":
            kept = {label: training[label][0] for label in absent if len(training[label]) == 1}
            absent = [
                f"{label} (its only training group is {kept[label]})" if label in kept else label for label in absent
            ]
        if absent:
            warnings.append(f"missing-class: {split} has no clip of {', '.join(absent)}")
    return warnings


def _shared_groups(dataset: Dataset) -> list[str]:
    for split, effect in (
        ("train", f"the score is for new clips of known {dataset.noun}, not for unknown ones"),
        ("validation", f"the network was stopped by what it did on the test's own {dataset.noun}"),
    ):
        test = dataset.part("test")
        known = test["group"].isin(set(dataset.part(split)["group"]))
        if known.any():
            groups = test.loc[known, "group"].nunique()
            return [
                f"shared-groups: {groups} of {test['group'].nunique()} test {dataset.noun} "
                f"({known.sum()} of {len(test)} clips) are also in {split}: {effect}"
            ]
    return []


def _few_groups(dataset: Dataset) -> list[str]:
    groups = dataset.part("test").groupby("labels")["group"].nunique()
    few = {str(label): int(count) for label, count in groups.items() if count < FEW_GROUPS}
    if not few:
        return []
    counts = ", ".join(f"{label} {count}" for label, count in few.items())
    return [
        f"few-groups: fewer than {FEW_GROUPS} test {dataset.noun}, so no interval of its own and a rough one overall: "
        f"{counts}"
    ]


def shuffled(ids: Iterable[str], salt: str) -> list[str]:
    """Return ids in an order that looks random but depends on nothing else than the ids and the salt.

    The first ten of a hundred stay the first ten when there are more, on every machine.
    """
    return sorted(ids, key=lambda name: hashlib.blake2b(f"{salt}:{name}".encode(), digest_size=8).digest())


def fingerprint(table: pd.DataFrame, hashes: Sequence[str]) -> str:
    """Return a hash of everything that a result depends on: ids, labels, groups, splits and audio content."""
    columns = ["id", "start", "duration", "labels", "group", "split"]
    digest = hashlib.sha256()
    rows = zip(*(table[column] for column in columns), hashes, strict=True)
    for line in sorted("\t".join(map(str, row)) for row in rows):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def missing_audio(missing: Sequence[str], skip: bool, folder: Path) -> list[str]:
    """Return the note about clips that metadata name but that have no audio file.

    Raises
    ------
    FusionError
        If there are any and they are not to be skipped.
    """
    if missing and not skip:
        raise FusionError(
            f"{folder}: {len(missing)} clips are named in the metadata but have no audio file; unpack the "
            f"data set again, or set dataset.skip_damaged: true to leave them out:\n{listing(missing)}"
        )
    return [f"damaged: {len(missing)} clips left out (no audio file)"] if missing else []
