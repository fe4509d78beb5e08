"""The one shape that every data set is brought to, and the rules that hold for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.groups import hold_out
from fusion.errors import FusionError, listing
from fusion.evaluation.label_task import LabelTask, label_task

COLUMNS = ("id", "path", "start", "duration", "labels", "group", "split")
SPLITS = ("train", "validation", "test")

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Row numbers of the clips that train, validate and test one network; `fold` is None where there are no folds."""

    fold: int | None
    train: Ints
    validation: Ints
    test: Ints

    def clips(self, split: str) -> Ints:
        """Return the rows of a split."""
        return getattr(self, split)


@dataclass
class Dataset:
    """Clips with labels, groups and splits.

    Attributes
    ----------
    name, protocol : str
    table : DataFrame
        One row a clip: id, path (Path), start and duration (seconds;
        NaN: to the end of the file), labels (joined by ``;``), group (what
        must not be split: an instrument, a recording), split (train, validation or test).
    classes : tuple of str
        Sorted; the order of every probability vector.
    noun : str
        What a group is, for messages: ``instruments``.
    notes : list of str
        What happened while reading, as warnings.
    several : bool
        Whether test clips may have several labels.
    folds : (clips,) int or None
        Fold of each clip where every clip is a test clip once; the split of all is ``train`` then.
    grouped : bool
        Whether folds keep groups whole.
    """

    name: str
    protocol: str
    table: pd.DataFrame
    classes: tuple[str, ...]
    noun: str
    notes: list[str] = field(default_factory=list)
    several: bool = False
    folds: Ints | None = None
    grouped: bool = True

    def part(self, split: str) -> pd.DataFrame:
        """Return the clips of one split; with folds, all clips are training and test clips."""
        if self.folds is not None:
            return self.table if split != "validation" else self.table[:0]
        return self.table[self.table["split"] == split]

    @property
    def label_task(self) -> LabelTask:
        """What follows from how many labels a clip may have."""
        return label_task(self.several)

    @property
    def targets(self) -> NDArray[np.bool_]:
        """Which classes each clip has, ``(clips, classes)``."""
        found = np.zeros((len(self.table), len(self.classes)), dtype=bool)
        numbers = {label: number for number, label in enumerate(self.classes)}
        for row, labels in enumerate(self.table["labels"]):
            found[row, [numbers[label] for label in labels.split(";")]] = True
        return found

    @property
    def places(self) -> list[str]:
        """Where each clip is: its split, or its fold where there are folds."""
        return list(self.table["split"]) if self.folds is None else [f"fold {fold}" for fold in self.folds]

    @property
    def groups(self) -> Ints:
        """Number of each clip's group, ``(clips,)``."""
        return np.unique(self.table["group"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)

    def each_fold(self) -> list[Fold]:
        """Return which clips train, validate and test each network of a seed."""
        if self.folds is None:
            splits = self.table["split"].to_numpy()
            return [Fold(None, *(np.flatnonzero(splits == split) for split in SPLITS))]
        found = []
        for fold in range(int(self.folds.max()) + 1):
            rest = self.table[self.folds != fold]
            unit = "group" if self.grouped else "id"
            held = rest[unit].isin(hold_out(rest, unit)).to_numpy()
            training = rest.index.to_numpy()
            found.append(Fold(fold, training[~held], training[held], np.flatnonzero(self.folds == fold)))
        return found

    def without(self, ids: Iterable[str], reason: str) -> Dataset:
        """Return the data set without some clips, which a warning counts."""
        left_out = set(ids)
        kept = ~self.table["id"].isin(left_out)
        table = self.table[kept].reset_index(drop=True)
        note = f"damaged: {len(left_out)} clips left out ({reason})"
        folds = None if self.folds is None else self.folds[kept.to_numpy()]
        notes = [*self.notes, note]
        return assemble(self.name, self.protocol, table, self.noun, notes, self.several, folds, self.grouped)


def assemble(
    name: str,
    protocol: str,
    table: pd.DataFrame,
    noun: str,
    notes: Sequence[str] = (),
    several: bool = False,
    folds: Ints | None = None,
    grouped: bool = True,
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
    several, folds, grouped
        As `Dataset` has them.

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
    strange = [not set(labels.split(";")) <= set(classes) for labels in table["labels"]]
    unknown = table[np.array(strange, dtype=bool)]
    for split, part in unknown.groupby("split"):
        for label, clips in part.groupby("labels"):
            found.append(
                f"missing-class: {len(clips)} {split} clips of {label} left out: the class has no training clip"
            )
    table = table.drop(unknown.index).reset_index(drop=True)
    dataset = Dataset(name, protocol, table, classes, noun, found, several, folds, grouped)
    if len(classes) < 2:
        have = f"only {classes[0]}" if classes else "no clip"
        raise FusionError(f"{name}, protocol {protocol}: training needs at least two classes, there is {have}")
    for split in SPLITS if folds is None else ():
        if dataset.part(split).empty:
            raise FusionError(
                f"{name}, protocol {protocol}: no {split} clip is left; loosen the data set's options "
                "(sources, families, limit, skip_damaged) or complete its folder"
            )
    for of in dataset.each_fold() if folds is not None else ():
        if absent := [split for split in SPLITS if not len(of.clips(split))]:
            raise FusionError(
                f"{name}, protocol {protocol}: fold {of.fold} has no {' and no '.join(absent)} clip; take another "
                f"number of folds, or data with more {noun} of each class"
            )
    return dataset


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
