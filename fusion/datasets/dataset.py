"""A data set of one's own: what its class says, and the settings that every such data set gets for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from fusion.datasets.groups import hold_out
from fusion.datasets.reader import Reader
from fusion.errors import FusionError, did_you_mean
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


class Dataset(Reader):
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

    protocol: Literal["holdout", "given", "cv"] = Field(
        default="holdout",
        description="holdout: about a share of each class' clips is tested, in whole groups; given: train, test and "
        "maybe validation, as folders above the classes' or a column split say; cv: folds of the groups",
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

    def chosen(self, table: pd.DataFrame, root: Path) -> pd.DataFrame:
        """Return the clips whose labels are all among the classes that are kept; all where none is named."""
        if self.classes:
            there = sorted({label for labels in table["labels"] for label in labels.split(";")})
            if absent := [name for name in self.classes if name not in there]:
                near = did_you_mean(absent[0], there)
                raise FusionError(
                    f"{root}: dataset.classes: no clip of {', '.join(absent)}{near} (there: {', '.join(there)})"
                )
            kept = [set(labels.split(";")) <= set(self.classes) for labels in table["labels"]]
            table = table[kept].reset_index(drop=True)
        if self.protocol == "holdout":
            # of three groups one is left to train and one to validate
            held = hold_out(table, share=self.test_share, salt=f"test:{self.test_seed}", left=2)
            tested = table["group"].isin(held)
            table = table.assign(split=np.where(tested, "test", "train"))
        return table
