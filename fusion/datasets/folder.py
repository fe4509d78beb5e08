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
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from fusion.datasets.corpus import SPLITS
from fusion.datasets.dataset import Dataset
from fusion.datasets.own_files import empty_folders, own_sounds
from fusion.datasets.rows import SPLIT_NAMES

if TYPE_CHECKING:
    import pandas as pd


class Folder(Dataset):
    """Sounds of your own, of any length: ``<class>/*.wav`` (or .flac, .ogg, .mp3, ...), below ``--data DIR``."""

    title = "a folder of sounds of your own"
    groups_from = "dataset.group"
    splits_from = "folders train and test"

    name: Literal["folder"] = "folder"
    group: str | None = Field(
        default=None,
        description="clips that are never divided: parent (the first folder below the class' names their group) or a "
        "regular expression with (?P<group>...), searched in <class>/.../<file>; null: each file alone, with a warning",
    )

    @field_validator("group")
    @classmethod
    def _names_groups(cls, group: str | None) -> str | None:
        if group in (None, "parent"):
            return group
        try:
            named = re.compile(group).groupindex
        except re.error as error:
            raise ValueError(f"no regular expression ({error}), and not parent: {group!r}") from None
        if "group" not in named:
            raise ValueError(
                f"should be parent, or a regular expression with the named group (?P<group>...), found {group!r}"
            )
        return group

    def read(self, root: Path) -> pd.DataFrame:
        """Return a row for each sound file; splits where there are folders of them, groups where there is a rule."""
        import pandas as pd

        splits, rows = _split_folders(root), []
        given = bool(splits)
        sounds, undecodable = own_sounds(root, self.skip_damaged)
        notes = [f"damaged: {len(undecodable)} clips left out (format cannot be decoded)"] if undecodable else []
        for inside, path in sounds.items():
            split, below = (inside.parts[0], PurePosixPath(*inside.parts[1:])) if given else ("", inside)
            label = below.parts[0] if len(below.parts) > 1 else ""
            group, mistake = _group(below, self.group) if self.group else ("", "")
            if given and split.lower() not in SPLIT_NAMES:
                mistake = f"in none of the folders {', '.join(SPLITS)}"
            elif not label:
                mistake = "in no class; put it into a folder with the class' name"
            elif ";" in label or label != label.strip():
                mistake = f"the class {label!r} has a semicolon, or a space at an end; rename its folder"
            row = {"path": str(path.relative_to(root)), "labels": label, "id": str(inside)}
            rows.append({**row, "group": group, "split": split.lower(), "mistake": mistake})
        unused = [] if self.group else ["group"]
        table = pd.DataFrame(rows).drop(columns=unused if given else [*unused, "split"])
        folders = [root / split for split in splits] or [root]
        if empty := [name for folder in folders for name in empty_folders(folder, sounds, root)]:
            notes.append(f"missing-class: no sound in the folders {', '.join(empty)}")
        table.attrs["notes"] = notes
        return table


def _split_folders(root: Path) -> list[str]:
    """Return which folders of splits are there; a class may be called like one of them, but not like two."""
    there = [path.name for path in sorted(root.iterdir()) if path.name.lower() in SPLIT_NAMES and path.is_dir()]
    return there if len({SPLIT_NAMES[name.lower()] for name in there}) > 1 else []


def _group(below: PurePosixPath, rule: str) -> tuple[str, str]:
    """Return a clip's group and what is wrong if it has none.

    Parameters
    ----------
    below : PurePosixPath
        The file below the data set's folder, or below that of its split.
    rule : str
        The setting `group`.
    """
    if rule == "parent":
        if len(below.parts) < 3:
            return "", "in no folder below the class', as dataset.group: parent needs"
        return below.parts[1], ""
    match = re.search(rule, str(below))
    if not match or not match["group"]:
        return "", "dataset.group finds no group in it"
    return match["group"], ""
