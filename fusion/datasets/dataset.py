"""A data set of one's own: what its class says, and what every such data set gets for it."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from fusion.datasets.corpus import Corpus, checked
from fusion.datasets.groups import divided, hold_out
from fusion.datasets.rows import clips_of
from fusion.errors import FusionError, did_you_mean, listing
from fusion.plugins.importing import line_in
from fusion.settings.dataset import DatasetSettings, Hasher
from fusion.settings.protocols import (
    Folds,
    Hop,
    Rate,
    Repeats,
    Window,
    WindowsToClip,
    refuse_gaps,
    refuse_other_protocols,
)
from fusion.settings.section import each_once

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd


class Dataset(DatasetSettings):
    """A data set: a subclass with `read`, in ``datasets/<name>.py`` of a plug-in folder or announced by a package.

    Fields that a subclass adds are settings of its own. Windows, holdout, given splits and folds, classes that are
    kept, fewer training groups and damaged clips are there for every one. Labels have to be complete: that a class is
    not named means that it does not sound. Partly labelled data, as OpenMIC's are, are out of scope.

    Attributes
    ----------
    title, citation, licence, terms, homepage : str
        For people.
    needs : tuple of str
        Files and folders below the data set's root that it cannot do without.
    groups_from, splits_from : str
        What says which clips belong together, and which split a clip is of, for messages.
    group_noun : str
        What a group is, in the plural: ``songs``.

    Examples
    --------
    >>> class Choir(Dataset):
    ...     title = "Choir (A. Author, 2024)"
    ...     licence = "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/"
    ...     needs = ("clips.csv",)
    ...     group_noun = "singers"
    ...
    ...     def read(self, root):
    ...         import pandas as pd
    ...
    ...         clips = pd.read_csv(root / "clips.csv")
    ...         return pd.DataFrame({"path": clips["file"], "labels": clips["voice"], "group": clips["singer"]})
    >>> Choir(name="choir", folds=3, protocol="cv").samples
    66150
    """

    groups_from: ClassVar[str] = "column group"
    splits_from: ClassVar[str] = "column split"
    group_noun: ClassVar[str] = "groups"

    protocol: Literal["holdout", "given", "cv"] = Field(
        default="holdout",
        description="holdout: a share of the groups of each class is tested; given: train, test and maybe validation, "
        "as folders above the classes' or a column split say; cv: folds of the groups",
    )
    classes: tuple[str, ...] = Field(default=(), description="classes kept; all of them where none is named")
    test_share: float = Field(default=0.2, gt=0, lt=1, description="holdout: share of each class that is tested")
    test_seed: int = Field(default=1, ge=0, description="holdout: which groups these are")
    window: Window = 3.0
    hop: Hop = 1.5
    aggregate: WindowsToClip = "mean"
    folds: Folds = Field(default=5, description="cv: parts of the groups")
    repeats: Repeats = Field(default=1, description="cv: how often groups are divided, each time anew")
    skip_damaged: bool = Field(default=False, description="leave damaged clips out and record them")
    sr: Rate = 22050

    @field_validator("classes")
    @classmethod
    def _sorted(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, tuple(sorted(names)))

    @model_validator(mode="after")
    def _fits(self) -> Dataset:
        refuse_other_protocols(self, {"test_share": "holdout", "test_seed": "holdout", "folds": "cv", "repeats": "cv"})
        refuse_gaps(self.window, self.hop)
        return self

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
            number above 0). For messages ``id`` (else the path), ``where``
            (as in ``line 7``) and ``mistake`` (what is wrong with the row, else empty).
        """

    def notes(self, root: Path) -> list[str]:
        """Return what readers of a result must know beside what the rows say, each with its fixed word."""
        return []

    @property
    def has_own_splits(self) -> bool:
        """Whether the protocol takes the splits that the data give."""
        return self.protocol not in ("holdout", "cv")

    def read_corpus(self, root: Path, hasher: Hasher) -> Corpus:
        """Read all clips, and divide them as the protocol says."""
        table, notes = self._clips(root)
        if ("split" in table) != self.has_own_splits:
            raise FusionError(
                f"{root}: no splits are given (by {self.splits_from}), as dataset.protocol: {self.protocol} needs; "
                "set holdout or cv"
                if self.has_own_splits
                else f"{root}: splits are given (by {self.splits_from}); set dataset.protocol: given to use them"
            )
        trained = table[table["split"] != "test"] if self.has_own_splits else table
        if several := list(trained.loc[trained["labels"].str.contains(";"), "id"]):
            raise FusionError(
                f"{root}: {len(several)} training or validation clips have several labels; they need one each, test "
                f"clips alone may have more:\n{listing(several)}"
            )
        table = self._of_classes(table, root)
        if self.protocol == "cv":
            table = table.assign(split="train")
            folds = divided(table, self.folds, self.repeats, True, f"{root}: dataset.classes")
            return checked(Corpus(self.name, "cv", table, self.group_noun, notes, folds=folds))
        if self.protocol == "holdout":
            tested = table["group"].isin(hold_out(table, share=self.test_share, salt=f"test:{self.test_seed}"))
            table = table.assign(split=np.where(tested, "test", "train"))
        if "validation" not in set(table["split"]):
            training = table["split"] == "train"
            held = training & table["group"].isin(hold_out(table[training]))
            table = table.assign(split=table["split"].mask(held, "validation"))
        return checked(Corpus(self.name, self.protocol, table, self.group_noun, notes, self.several_labels))

    def read_split(self, root: Path, split: str, hasher: Hasher) -> Corpus:
        """Read the clips that the data give to a split; without given splits, all of them are the test's."""
        table, notes = self._clips(root)
        if "split" in table:
            table = table[table["split"] == split]
        if table.empty or not ("split" in table or split == "test"):
            raise FusionError(f"{root}: no {split} clip (by {self.splits_from}); take another split")
        classes = tuple(sorted({label for labels in table["labels"] for label in labels.split(";")}))
        table = table.assign(split="test").reset_index(drop=True)
        return Corpus(self.name, self.protocol, table, self.group_noun, notes, self.several_labels, classes=classes)

    def _clips(self, root: Path) -> tuple[pd.DataFrame, list[str]]:
        """Return all clips that are there, and notes."""
        absent = [name for name in self.needs if not (root / name).exists()]
        if absent or not root.is_dir():
            fetch = f"fetch it with `fusion data get {self.name}`, or " if self.archives else ""
            raise FusionError(
                f"{root}: {self.title or self.name} is not there (no {', '.join(absent) or 'such folder'}); {fetch}"
                "name its folder with --data DIR"
            )
        try:
            rows, notes = self.read(root), self.notes(root)
        except FusionError:
            raise
        except (Exception, SystemExit) as error:  # a stranger's code
            file = inspect.getfile(type(self))
            raise FusionError(
                f"{root}: data set {self.name} cannot be read: {type(error).__name__}: {error} "
                f"({file}{line_in(file, error)}); mend its plug-in or the data"
            ) from error
        table, left_out = clips_of(rows, self, root)
        if "group" not in rows:
            notes.append(
                f"no-groups: there is no {self.groups_from}, so each file is a group of its own: clips of one "
                "recording may be on both sides, and then the score says little of unknown recordings, and intervals "
                "are too narrow"
            )
        return table, [*left_out, *notes]

    def _of_classes(self, table: pd.DataFrame, root: Path) -> pd.DataFrame:
        """Return the clips that have labels of the classes that are kept alone; all where none is named."""
        if not self.classes:
            return table
        there = sorted({label for labels in table["labels"] for label in labels.split(";")})
        if absent := [name for name in self.classes if name not in there]:
            near = did_you_mean(absent[0], there)
            raise FusionError(
                f"{root}: dataset.classes: no clip of {', '.join(absent)}{near} (there: {', '.join(there)})"
            )
        kept = [set(labels.split(";")) <= set(self.classes) for labels in table["labels"]]
        return table[kept].reset_index(drop=True)
