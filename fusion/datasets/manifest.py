"""Sounds of your own that a table lists, a row for each clip.

| | |
|---|---|
| Table | CSV, TSV or Parquet; ``path`` and ``label``, maybe ``group``, ``split``, ``start``, ``duration`` (seconds) |
| Sound | any length, rate and number of channels; formats that libsndfile decodes |
| Classes | the labels |
| Groups | the column ``group``; without one, each file alone |
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from fusion.datasets.files import missing_audio
from fusion.datasets.manifest_rows import Row, read_rows
from fusion.datasets.own_splits import as_test, no_groups, with_splits
from fusion.datasets.table import SPLITS, Dataset, clip_table
from fusion.errors import FusionError, listing
from fusion.settings.manifest import TableSettings

_ALSO = {"training": "train", "valid": "validation", "val": "validation"}  # what splits are called, too


class _Clip(NamedTuple):
    """A row as a clip; `mistakes` is what is wrong with it."""

    id: str
    path: Path
    labels: str
    group: str
    split: str
    start: float
    duration: float
    mistakes: tuple[str, ...]


def read(settings: TableSettings, root: Path) -> Dataset:
    """Read a table, and make the splits of a protocol.

    Parameters
    ----------
    settings : TableSettings
    root : Path
        Holds the table and all sound.

    Returns
    -------
    Dataset

    Raises
    ------
    FusionError
        If the table or its rows are not as they should be; all of them are listed with their lines.
    """
    table, notes, given = _clips(settings, root)
    if given != (settings.protocol == "given"):
        raise FusionError(
            f"{root / settings.file}: has a column split; set dataset.protocol: given to use it, or dataset.columns: "
            "{split: null} to pass it over"
            if given
            else f"{root / settings.file}: has no column split, as dataset.protocol: given needs; set holdout or cv"
        )
    trained = table[table["split"] != "test"] if given else table
    if several := list(trained.loc[trained["labels"].str.contains(";"), "id"]):
        raise FusionError(
            f"{root / settings.file}: {len(several)} training or validation clips have several labels; they need one "
            f"each, test clips alone may have more:\n{listing(several)}"
        )
    return with_splits(settings, root, table, notes)


def read_split(settings: TableSettings, root: Path, split: str) -> Dataset:
    """Read one split alone, all its clips as test clips.

    Parameters
    ----------
    settings : TableSettings
    root : Path
    split : {"train", "validation", "test"}
        As the column split says; in a table without it, all clips are the test's.

    Raises
    ------
    FusionError
        As `read` does.
    """
    table, notes, given = _clips(settings, root)
    table = table[table["split"] == split] if given else table
    if table.empty or not (given or split == "test"):
        raise FusionError(f"{root / settings.file}: no {split} clip, by a column split; take another split")
    return as_test(settings, table, notes)


def _clips(settings: TableSettings, root: Path) -> tuple[pd.DataFrame, list[str], bool]:
    """Return the clips of a table, notes, and whether it has splits."""
    file = root / settings.file
    names: dict[str, str | None] = {"path": "path", "label": "label"}
    rows, columns = read_rows(file, names | dict(settings.columns.items()), root)
    clips = [(row.where, _clip(row, settings, file.parent, root)) for row in rows]
    count = Counter(clip.id for _, clip in clips)
    wrong = [f"{where}: {mistake}" for where, clip in clips for mistake in clip.mistakes]
    wrong += [f"{where}: {clip.id} is there {count[clip.id]} times" for where, clip in clips if count[clip.id] > 1]
    if wrong:
        raise FusionError(f"{file}: {len(wrong)} mistakes in its rows; mend or remove them:\n{listing(wrong)}")
    absent = [f"{where}: {clip.path}" for where, clip in clips if not clip.path.is_file()]
    notes = missing_audio(absent, settings.skip_damaged, file)
    kept = [clip for _, clip in clips if clip.path.is_file()]
    if not kept:
        raise FusionError(f"{file}: has no clip")
    if "group" not in columns:
        notes.append(no_groups(f"{settings.file} has no column group"))
    table = clip_table([(clip.id, clip.path, clip.labels, clip.group) for clip in kept])
    by_id = {clip.id: clip for clip in kept}
    for name in ("start", "duration", "split"):
        table[name] = [getattr(by_id[value], name) for value in table["id"]]
    return table, notes, "split" in columns


def _clip(row: Row, settings: TableSettings, folder: Path, root: Path) -> _Clip:
    """Return a row as a clip, with all that is wrong with it."""
    mistakes: list[str] = []
    path = folder / row.values["path"]
    if not row.values["path"] or not row.values["path"].isprintable():
        mistakes.append(f"path: should name a file, found {row.values['path']!r}")
    elif not path.resolve().is_relative_to(root.resolve()):
        mistakes.append(f"path: {row.values['path']} lies outside the data set's folder {root}")
    elif path.is_dir():
        mistakes.append(f"path: {row.values['path']} is a folder")
    labels = sorted({label.strip() for label in row.values["label"].split(";")})
    if "" in labels:
        mistakes.append(f"label: should be a class, found {row.values['label']!r}")
    elif len(labels) > 1 and not settings.several:
        mistakes.append(f"label: {row.values['label']} are several; dataset.several: true takes them in test clips")
    start = _seconds(row, "start", 0.0, mistakes)
    duration = _seconds(row, "duration", math.nan, mistakes)
    if duration == 0:
        mistakes.append("duration: should be more than 0")
    split = row.values.get("split", "test")
    split = _ALSO.get(split, split)
    if split not in SPLITS:
        mistakes.append(f"split: should be one of {', '.join((*SPLITS, *_ALSO))}, found {split!r}")
    name = row.values["path"] if mistakes else path.resolve().relative_to(root.resolve()).as_posix()
    group = row.values.get("group", name)
    if not group:
        mistakes.append("group: empty, while the table has a column group")
    at = f" from {start:.6f}".rstrip("0").rstrip(".") + " s" if start else ""
    return _Clip(f"{name}{at}", path, ";".join(labels), group, split, start, duration, tuple(mistakes))


def _seconds(row: Row, name: str, default: float, mistakes: list[str]) -> float:
    """Return a time, the default where a table has none."""
    text = row.values.get(name, "")
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < math.inf:
        mistakes.append(f"{name}: should be seconds from 0 up, found {text!r}")
        return default
    return seconds
