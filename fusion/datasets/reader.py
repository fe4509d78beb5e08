"""From the table that a data set's `read` gives to its corpus: the same way for all of them."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from fusion.datasets.corpus import Corpus, checked
from fusion.datasets.groups import divided, hold_out, joined
from fusion.datasets.rows import clips_of
from fusion.datasets.source_folds import by_source
from fusion.errors import FusionError, listing
from fusion.plugins.importing import line_in
from fusion.settings.dataset import DatasetSettings, Hasher

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd


class Reader(DatasetSettings):
    """A data set that is read as one table.

    Most data sets are a `fusion.Dataset`, which adds general settings; those with settings and protocols of their own
    start from here, with `read` and, where they need them, some of the methods that follow it.

    Attributes
    ----------
    groups_from, splits_from, classes_from : str
        What says which clips belong together, which split a clip is of, and which classes are kept, for messages.
    group_noun, train_group_noun : str
        What a group is, in the plural: ``songs``; of training clips, where that is something else.
    equal_files_join : bool
        Whether groups of training clips are one where they have a byte-identical file in common.
    keeps_order : bool
        Whether clips stay in the order of `read`; else they are sorted by their id.
    """

    groups_from: ClassVar[str] = "column group"
    splits_from: ClassVar[str] = "column split"
    classes_from: ClassVar[str] = "dataset.classes"
    group_noun: ClassVar[str] = "groups"
    train_group_noun: ClassVar[str] = ""
    equal_files_join: ClassVar[bool] = False
    keeps_order: ClassVar[bool] = False

    @abstractmethod
    def read(self, root: Path) -> pd.DataFrame:
        """Return a row for each clip.

        Parameters
        ----------
        root : Path
            The data set's folder.

        Returns
        -------
        DataFrame
            Columns ``path`` (relative to `root`) and ``labels`` (of test clips maybe several, joined by ``;``); where
            it is known, ``group`` (clips of one are never divided: a song, an instrument), ``split`` (train, test and
            maybe validation), ``start`` and ``duration`` (seconds), ``weight`` (how much a clip counts in training, a
            number above 0). For messages ``id`` (else the path), ``where`` (as in ``line 7``) and ``mistake`` (what is
            wrong with the row, else empty). Its ``attrs["notes"]`` may list what readers of a result must know beside,
            each with its fixed word.
        """

    def read_alone(self, root: Path, split: str) -> pd.DataFrame:
        """Return rows as `read` does, among them all of one split: whatever the protocol, if it is there."""
        return self.read(root)

    def relabelled(self, table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Return clips with the labels that they shall have, maybe fewer of them, and notes on those left out."""
        return table, []

    def chosen(self, table: pd.DataFrame, root: Path) -> pd.DataFrame:
        """Return the clips that are trained and tested on, with their splits unless there are folds."""
        return table

    def validates(self, training: pd.DataFrame) -> pd.Series:
        """Return which training clips validate where no split does so."""
        return training["group"].isin(hold_out(training))

    def leaves_out(self, table: pd.DataFrame, root: Path) -> Sequence[str]:
        """Return what is left out with each clip in turn, for protocol sources: the source of each."""
        raise FusionError(
            f"dataset.protocol: sources: {self.name} does not tell where its clips come from; take holdout or cv, or "
            "define leaves_out in its class"
        )

    @property
    def has_own_splits(self) -> bool:
        """Whether the protocol takes the splits that the data give."""
        return self.protocol not in ("holdout", "cv", "sources")

    def read_corpus(self, root: Path, hasher: Hasher) -> Corpus:
        """Read all clips, and divide them as the protocol says."""
        table, notes = self._clips(lambda: self.read(root), root, hasher)
        if ("split" in table) != self.has_own_splits:
            raise FusionError(
                f"{root}: no splits are given (by {self.splits_from}), as dataset.protocol: {self.protocol} needs; "
                "set holdout or cv"
                if self.has_own_splits
                else f"{root}: splits are given (by {self.splits_from}); set dataset.protocol: given to use them"
            )
        trained = table[table["split"] != "test"] if self.has_own_splits else table
        if self.several_labels and (
            several := list(trained.loc[trained["labels"].astype(str).str.contains(";"), "id"])
        ):
            raise FusionError(
                f"{root}: {len(several)} training or validation clips have several labels; they need one each, test "
                f"clips alone may have more:\n{listing(several)}"
            )
        table, left_out = self.relabelled(table)
        table, notes = self.chosen(table.reset_index(drop=True), root), [*notes, *left_out]
        if table.empty:
            raise FusionError(
                f"{root}: {self.name}, protocol {self.protocol}: training needs at least two classes, there is no clip"
            )
        if self.protocol == "cv":
            table, whole = table.assign(split="train"), not self.known_groups
            folds = divided(table, self.folds, self.repeats, whole, f"{root}: {self.classes_from}")
            noun = self.train_group_noun or self.group_noun
            return checked(Corpus(self.name, "cv", table, noun, notes, folds=folds, grouped=whole))
        if self.protocol == "sources":
            return checked(by_source(self.name, table, self.leaves_out(table, root), self.group_noun, notes, root))
        if "validation" not in set(table["split"]):
            training = table[table["split"] == "train"]
            held = training.index[self.validates(training)]
            table = table.assign(split=table["split"].mask(table.index.isin(held), "validation"))
        return checked(Corpus(self.name, self.protocol, table, self.group_noun, notes, self.several_labels))

    def read_split(self, root: Path, split: str, hasher: Hasher) -> Corpus:
        """Read the clips that the data give to a split; without given splits, all of them are the test's."""
        table, notes = self._clips(lambda: self.read_alone(root, split), root, hasher)
        if "split" in table:
            table = table[table["split"] == split]
        if table.empty or not ("split" in table or split == "test"):
            raise FusionError(f"{root}: no {split} clip (by {self.splits_from}); take another split")
        table, left_out = self.relabelled(table)
        classes = tuple(sorted({label for labels in table["labels"] for label in labels.split(";")}))
        table, notes = table.assign(split="test").reset_index(drop=True), [*notes, *left_out]
        noun = (split != "test" and self.train_group_noun) or self.group_noun
        return Corpus(self.name, self.protocol, table, noun, notes, self.several_labels, classes=classes)

    def _clips(self, read: Callable[[], pd.DataFrame], root: Path, hasher: Hasher) -> tuple[pd.DataFrame, list[str]]:
        """Return all clips that are there, and notes."""
        if absent := [name for name in self.needs if not (root / name).exists()]:
            fetch = f"fetch it with `fusion data get {self.name}`, or " if self.archives else ""
            names = ", ".join("such folder" if name == "." else name for name in absent)
            raise FusionError(
                f"{root}: {self.title or self.name} is not there (no {names}); {fetch}name its folder with --data DIR"
            )
        try:
            rows = read()
        except FusionError:
            raise
        except (Exception, SystemExit) as error:  # a stranger's code
            file = inspect.getfile(type(self))
            raise FusionError(
                f"{root}: data set {self.name} cannot be read: {type(error).__name__}: {error} "
                f"({file}{line_in(file, error)}); mend its plug-in or the data"
            ) from error
        table, notes = clips_of(rows, self, root)
        more = rows.attrs.get("notes", [])
        if isinstance(more, str) or not all(isinstance(note, str) for note in more):
            raise FusionError(f"{root}: data set {self.name}: attrs['notes'] should be a list of texts, found {more!r}")
        notes += more
        if "group" not in rows:
            notes.append(
                f"no-groups: there is no {self.groups_from}, so each file is a group of its own: clips of one "
                "recording may be on both sides, and then the score says little of unknown recordings, and intervals "
                "are too narrow"
            )
        if not self.keeps_order:
            table = table.sort_values("id", ignore_index=True)
        if self.equal_files_join:
            training = table["split"] != "test" if "split" in table else table["id"] != ""
            clips = table[training]
            table.loc[training, "group"] = joined(clips["group"], hasher(list(clips["path"])))
        return table, notes
