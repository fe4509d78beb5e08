"""Sounds of your own, in a folder for each class.

| | |
|---|---|
| Sound | any length, rate and number of channels; formats that libsndfile decodes |
| Classes | the names of the folders |
| Groups | by the setting ``group``: the first folder below the class', or a part of the path; else each file alone |
| Layout | ``<class>/.../*.wav``; of protocol given the same in ``train``, ``test`` and maybe ``validation`` |
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pandas as pd

from fusion.datasets.own_files import empty_folders, own_sounds
from fusion.datasets.own_splits import as_test, no_groups, with_splits
from fusion.datasets.table import SPLITS, Dataset, clip_table
from fusion.errors import FusionError, listing
from fusion.settings.folder import FolderSettings


class _Found(NamedTuple):
    """What is in a folder: its clips with the split that they are given, or "", and notes."""

    table: pd.DataFrame
    notes: list[str]


def read(settings: FolderSettings, root: Path) -> Dataset:
    """Read names, and make the splits of a protocol.

    Parameters
    ----------
    settings : FolderSettings
    root : Path
        Holds a folder for each class, or of protocol given the folders of the splits.

    Returns
    -------
    Dataset
        Labels are names of folders.

    Raises
    ------
    FusionError
        If files are not as they should be; all of them are listed.
    """
    table, notes = _clips(settings, root)
    return with_splits(settings, root, table, notes)


def read_split(settings: FolderSettings, root: Path, split: str) -> Dataset:
    """Read one split alone, all its clips as test clips.

    Parameters
    ----------
    settings : FolderSettings
    root : Path
    split : {"train", "validation", "test"}
        The folder of this name; in a folder without any of them, all clips are the test's.

    Raises
    ------
    FusionError
        As `read` does.
    """
    given = bool(_split_folders(root))
    if not given and split != "test":
        raise FusionError(f"{root}: has no folder {split}; all its clips are test clips")
    protocol = "given" if given else "holdout"
    table, notes = _clips(settings.model_copy(update={"protocol": protocol}), root)
    table = table[table["split"] == split] if given else table.assign(split=split)
    if table.empty:
        raise FusionError(f"{root}: no sound in the folder {split}; take another split")
    return as_test(settings, table, notes)


def _split_folders(root: Path) -> list[str]:
    """Return which folders of splits are there; a class may be called like one of them, but not like two."""
    there = [split for split in SPLITS if (root / split).is_dir()]
    return there if {"train", "test"} <= set(there) else []


def _clips(settings: FolderSettings, root: Path) -> _Found:
    """Return the clips of all classes."""
    sounds, notes = own_sounds(root, settings.skip_damaged)
    given = settings.protocol == "given"
    if given != bool(_split_folders(root)):
        raise FusionError(
            f"{root}: has no folders train and test, as dataset.protocol: given needs; set holdout or cv"
            if given
            else f"{root}: has folders train and test; set dataset.protocol: given to use them, or name another folder"
        )
    rows, splits, wrong = [], {}, []
    for inside, path in sounds.items():
        split, below = (inside.parts[0], PurePosixPath(*inside.parts[1:])) if given else ("", inside)
        label = below.parts[0] if len(below.parts) > 1 else ""
        group, mistake = _group(inside, below, settings.group)
        if given and split not in SPLITS:
            wrong.append(f"{inside}: in none of the folders {', '.join(SPLITS)}")
        elif not label:
            wrong.append(f"{inside}: in no class; put it into a folder with the class' name")
        elif ";" in label or label != label.strip():
            wrong.append(f"{inside}: the class {label!r} has a semicolon, or a space at an end; rename its folder")
        elif mistake:
            wrong.append(f"{inside}: {mistake}")
        else:
            splits[str(inside)] = split
            rows.append((str(inside), path, label, group))
    if wrong:
        raise FusionError(f"{root}: {len(wrong)} files are not as they should be:\n{listing(wrong)}")
    folders = [root / split for split in _split_folders(root)] if given else [root]
    if empty := [name for folder in folders for name in empty_folders(folder, sounds, root)]:
        notes.append(f"missing-class: no sound in the folders {', '.join(empty)}")
    if settings.group is None:
        notes.append(no_groups("dataset.group is not set"))
    table = clip_table(rows)
    return _Found(table.assign(split=table["id"].map(splits)), notes)


def _group(inside: PurePosixPath, below: PurePosixPath, rule: str | None) -> tuple[str, str]:
    """Return a clip's group and what is wrong if it has none.

    Parameters
    ----------
    inside : PurePosixPath
        The file below the data set's folder; without a rule, files that differ in their format alone are one group.
    below : PurePosixPath
        The same without the folder of a split.
    rule : str or None
        The setting `group`.
    """
    if rule is None:
        return str(inside.with_suffix("")), ""
    if rule == "parent":
        if len(below.parts) < 3:
            return "", "in no folder below the class', as dataset.group: parent needs"
        return below.parts[1], ""
    match = re.search(rule, str(below))
    if not match or not match["group"]:
        return "", "dataset.group finds no group in it"
    return match["group"], ""
