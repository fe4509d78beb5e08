"""Clips of one's own data become a data set: classes that are kept, holdout, given splits or folds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fusion.datasets.groups import divided, hold_out
from fusion.datasets.table import Dataset, checked
from fusion.errors import FusionError, did_you_mean
from fusion.settings.folder import FolderSettings
from fusion.settings.manifest import TableSettings

GROUPS = "groups"


def with_splits(settings: FolderSettings | TableSettings, root: Path, table: pd.DataFrame, notes: list[str]) -> Dataset:
    """Return a data set of clips, divided as the protocol says.

    Parameters
    ----------
    settings : FolderSettings or TableSettings
    root : Path
    table : DataFrame
        Clips; of protocol given, with their splits.
    notes : list of str

    Raises
    ------
    FusionError
        If classes are not there, or clips cannot be divided so.
    """
    table = _of_classes(table, settings, root)
    if settings.protocol == "cv":
        table = table.assign(split="train")
        folds = divided(table, settings.folds, settings.repeats, True, f"{root}: dataset.classes")
        return checked(Dataset(settings.name, "cv", table, GROUPS, notes, folds=folds))
    if settings.protocol == "holdout":
        tested = table["group"].isin(hold_out(table, share=settings.test_share, salt=f"test:{settings.test_seed}"))
        table = table.assign(split=np.where(tested, "test", "train"))
    if "validation" not in set(table["split"]):
        training = table["split"] == "train"
        held = training & table["group"].isin(hold_out(table[training]))
        table = table.assign(split=table["split"].mask(held, "validation"))
    return checked(Dataset(settings.name, settings.protocol, table, GROUPS, notes, settings.several))


def as_test(settings: FolderSettings | TableSettings, table: pd.DataFrame, notes: list[str]) -> Dataset:
    """Return a data set whose clips are all test clips."""
    classes = tuple(sorted({label for labels in table["labels"] for label in labels.split(";")}))
    table = table.assign(split="test").reset_index(drop=True)
    return Dataset(settings.name, settings.protocol, table, GROUPS, notes, settings.several, classes=classes)


def no_groups(why: str) -> str:
    """Return the warning of data that do not say which clips belong together."""
    return (
        f"no-groups: {why}, so each file is a group of its own: clips of one recording may be on both sides, and then "
        "the score says little of unknown recordings, and intervals are too narrow"
    )


def _of_classes(table: pd.DataFrame, settings: FolderSettings | TableSettings, root: Path) -> pd.DataFrame:
    """Return the clips that have labels of the classes that are kept alone; all where none is named."""
    if not settings.classes:
        return table
    there = sorted({label for labels in table["labels"] for label in labels.split(";")})
    if absent := [name for name in settings.classes if name not in there]:
        near = did_you_mean(absent[0], there)
        raise FusionError(f"{root}: dataset.classes: no clip of {', '.join(absent)}{near} (there: {', '.join(there)})")
    kept = [set(labels.split(";")) <= set(settings.classes) for labels in table["labels"]]
    return table[kept].reset_index(drop=True)
