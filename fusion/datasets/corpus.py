"""The one shape that every data set is brought to, and the rules that hold for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.groups import first_groups, hold_out, numbered
from fusion.errors import FusionError
from fusion.evaluation.label_task import LabelTask, label_task

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd

SPLITS = ("train", "validation", "test")
COLUMNS = ("clip", "group", "seed", "repeat", "fold", "true", "predicted", "reference", "settings", "file", "start")
"""Of tables of results, where each class has a column, too."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Row numbers of the clips that train, validate and test one network.

    `fold` is None where there are no folds; where clips are divided several times, it goes on from one to the next.
    """

    fold: int | None
    train: Ints
    validation: Ints
    test: Ints
    repeat: int = 0

    def clips(self, split: str) -> Ints:
        """Return the rows of a split."""
        return getattr(self, split)


@dataclass(frozen=True)
class Corpus:
    """Clips with labels, groups and splits.

    Attributes
    ----------
    name, protocol : str
    table : DataFrame
        One row a clip: id, path (Path), start and duration (seconds; NaN: to the end of the file), labels (joined by
        ``;``), group (what must not be split: an instrument, a recording), split (train, validation or test), source
        where folds are sources, weight where clips have one, and, once the audio was hashed, content (of the whole
        file), sound (the same for clips that are copies) and origin (data in which a group's name means the same).
    group_noun : str
        What a group is, in the plural, for messages: ``instruments``.
    notes : list of str
        What happened while reading, as warnings.
    several : bool
        Whether test clips may have several labels.
    folds : (repeats, clips) int or None
        Fold of each clip, each time that clips are divided, where every clip is a test clip once in each of them; the
        split of all is ``train`` then.
    grouped : bool
        Whether folds keep groups whole.
    subset : two int, or None
        Of folds: each trains on so many groups alone, of its training clips; and the seed that chooses them.
    validates : bool
        Whether there are validation clips; without them, those that would validate train.
    classes : tuple of str
        Sorted; the order of every probability vector. `checked` sets them.
    """

    name: str
    protocol: str
    table: pd.DataFrame
    group_noun: str
    notes: list[str] = field(default_factory=list)
    several: bool = False
    folds: Ints | None = None
    grouped: bool = True
    subset: tuple[int, int] | None = None
    validates: bool = True
    classes: tuple[str, ...] = ()

    def part(self, split: str) -> pd.DataFrame:
        """Return the clips of one split; with folds, all clips are training and test clips."""
        if self.folds is not None and self.subset and split == "train":
            return self.table.loc[np.unique(np.concatenate([fold.train for fold in self.each_fold()]))]
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
        clips, texts = self.table["labels"].factorize()  # few texts, many clips
        targets = np.zeros((len(texts), len(self.classes)), dtype=bool)
        numbers = {label: number for number, label in enumerate(self.classes)}
        for row, labels in enumerate(texts):
            targets[row, [numbers[label] for label in labels.split(";")]] = True
        return targets[clips]

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        return SPLITS if self.validates else ("train", "test")

    @property
    def repeats(self) -> int:
        """How often clips are divided into folds; 1 where there are none."""
        return 1 if self.folds is None else len(self.folds)

    @property
    def places(self) -> list[str]:
        """Where each clip is: its split, or its fold where there are folds (of the first repeat)."""
        return list(self.table["split"]) if self.folds is None else [f"fold {fold}" for fold in self.folds[0]]

    @property
    def groups(self) -> Ints:
        """Number of each clip's group, ``(clips,)``."""
        return numbered(self.table["group"])

    def each_fold(self) -> list[Fold]:
        """Return which clips train, validate and test each network of a seed."""
        if self.folds is None:
            splits = self.table["split"].to_numpy()
            train, validation, test = (np.flatnonzero(splits == split) for split in SPLITS)
            return [Fold(None, train, validation, test)]
        folds: list[Fold] = []
        for repeat, divided in enumerate(self.folds):
            for fold in range(int(divided.max()) + 1):
                rest = self.table[divided != fold]
                unit = "group" if self.grouped else "id"
                held = rest[unit].isin(hold_out(rest, unit) if self.validates else []).to_numpy()
                train, validation = rest[~held], rest.index[held].to_numpy()
                if self.subset:
                    train = train[train["group"].isin(first_groups(train, *self.subset))]
                tested = np.flatnonzero(divided == fold)
                folds.append(Fold(len(folds), train.index.to_numpy(), validation, tested, repeat))
        return folds

    def with_train_groups(self, count: int, seed: int) -> Corpus:
        """Return the data set with the training clips of so many groups alone, as `first_groups` chooses them."""
        if self.folds is not None:
            dataset = replace(self, subset=(count, seed))
            dataset.each_fold()  # an error where a class is lost
            return dataset
        training = self.table["split"] == "train"
        kept = ~training | self.table["group"].isin(first_groups(self.table[training], count, seed))
        return replace(self, table=self.table[kept].reset_index(drop=True))

    def validation_trained(self) -> Corpus:
        """Return the data set with its validation clips among the training clips, of each fold where there are any."""
        splits = self.table["split"].replace("validation", "train")
        return replace(self, table=self.table.assign(split=splits), validates=False)

    def without(self, ids: Iterable[str], reason: str) -> Corpus:
        """Return the data set without some clips, which a warning counts."""
        left_out = set(ids)
        kept = ~self.table["id"].isin(left_out)
        return checked(
            replace(
                self,
                table=self.table[kept].reset_index(drop=True),
                notes=[*self.notes, f"damaged: {len(left_out)} clips left out ({reason})"],
                folds=None if self.folds is None else self.folds[:, kept.to_numpy()],
            )
        )


def checked(dataset: Corpus) -> Corpus:
    """Return a data set with the classes of its training clips, after a check that it can be trained and tested on.

    Parameters
    ----------
    dataset : Corpus
        Its classes do not matter.

    Returns
    -------
    Corpus
        Test and validation clips of classes that have no training clip are left out, and counted in its notes.

    Raises
    ------
    FusionError
        If there is nothing to train or test on, only one class, or one that is called like a column of tables.
    """
    table, folds, notes = dataset.table, dataset.folds, list(dataset.notes)
    where = f"{dataset.name}, protocol {dataset.protocol}"
    classes = tuple(sorted(table.loc[table["split"] == "train", "labels"].unique()))
    if taken := [name for name in classes if name in COLUMNS]:
        raise FusionError(
            f"{where}: a class is called {' and one '.join(taken)}, which is a column of a result's tables "
            f"({', '.join(COLUMNS)}), as are classes; call it something else"
        )
    trained = {labels: set(labels.split(";")) <= set(classes) for labels in table["labels"].unique()}
    known = table["labels"].map(trained).to_numpy(dtype=bool)
    for split, part in table[~known].groupby("split"):
        for label, clips in part.groupby("labels"):
            alike = "".join(f" ({name} has)" for name in classes if name.casefold() == label.casefold())
            what = f"{len(clips)} {split} clips of {label} left out: the class has no training clip{alike}"
            notes.append(f"missing-class: {what}")
    dataset = replace(dataset, table=table[known].reset_index(drop=True), classes=classes, notes=notes)
    if len(classes) < 2:
        have = f"only {classes[0]}" if classes else "no clip"
        raise FusionError(f"{where}: training needs at least two classes, there is {have}")
    for split in dataset.splits if folds is None else ():
        if dataset.part(split).empty:
            unknown = sorted(set(table.loc[~known & (table["split"] == split).to_numpy(), "labels"]))
            of = f" of a class that trains ({', '.join(classes)}); it has {', '.join(unknown[:20])}" if unknown else ""
            raise FusionError(f"{where}: no {split} clip is left{of}; {_advice(dataset)}")
    for fold in dataset.each_fold() if folds is not None else ():
        if absent := [split for split in dataset.splits if not len(fold.clips(split))]:
            raise FusionError(
                f"{where}: fold {fold.fold} has no {' and no '.join(absent)} clip; take another number of folds, or "
                f"data with more {dataset.group_noun} of each class"
            )
    return dataset


def _advice(dataset: Corpus) -> str:
    """Return what to do where a split has no clips: own sounds may have too few groups."""
    have = dataset.table.groupby("labels")["group"].nunique().sort_values(kind="stable")
    if dataset.protocol != "holdout" or have.min() > 2:
        return "loosen the data set's options that leave clips out, or complete its folder"
    found = ", ".join(f"{count} of {label}" for label, count in have[:5].items())
    return (
        f"training, validation and test each need {dataset.group_noun} of their own of every class, and there are "
        f"{found}{', ...' if len(have) > 5 else ''}; add some, or take protocol: cv with as many folds as there are "
        f"{dataset.group_noun}"
    )


def fingerprint(table: pd.DataFrame) -> str:
    """Return a hash of everything that a result depends on: ids, labels, groups, splits, sources and audio content."""
    columns = ["id", "start", "duration", "labels", "group", "split", "content"]
    columns += [column for column in ("weight", "source") if column in table]
    digest = hashlib.sha256()
    for line in sorted("\t".join(map(str, row)) for row in zip(*(table[column] for column in columns), strict=True)):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
