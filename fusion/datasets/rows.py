"""The table that a data set gives, row by row: every mistake with its place, all at once."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fusion.datasets.corpus import SPLITS, clip_table
from fusion.datasets.files import missing_audio
from fusion.errors import FusionError, did_you_mean, listing
from fusion.settings.dataset import DatasetSettings

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd

COLUMNS = ("path", "labels", "group", "split", "start", "duration", "weight", "id", "where", "mistake")
_NEEDED = COLUMNS[:2]
SPLIT_NAMES = {name: name for name in SPLITS} | {  # and what they are called, too
    **{"training": "train", "valid": "validation", "val": "validation", "testing": "test"},
}


class _Clip(NamedTuple):
    """A row as a clip; `mistakes` is what is wrong with it."""

    where: str
    id: str
    path: Path
    labels: str
    group: str
    split: str
    start: float
    duration: float
    weight: float
    mistakes: tuple[str, ...]


def clips_of(rows: pd.DataFrame, settings: DatasetSettings, root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return checked rows as clips, sorted by id, and what is to be told of those that are left out.

    Parameters
    ----------
    rows : DataFrame
        As `fusion.Dataset.read` gives them.
    settings : DatasetSettings
    root : Path
        What paths are relative to.

    Returns
    -------
    table : DataFrame
        A corpus' without content hashes; with columns split and weight only where `rows` has them.
    notes : list of str

    Raises
    ------
    FusionError
        If columns or rows are not as they should be (all of those are listed), files are not there and not to be
        skipped, or no clip is left.
    """
    import pandas as pd

    where = f"{root}: data set {settings.name}"
    if not isinstance(rows, pd.DataFrame):
        raise FusionError(f"{where}: read should return a DataFrame, found {type(rows).__name__}; mend its plug-in")
    if absent := [column for column in _NEEDED if column not in rows]:
        raise FusionError(f"{where}: its table has no column {' and no '.join(absent)} (found: {_named(rows)})")
    if unknown := [str(column) for column in rows if column not in COLUMNS]:
        raise FusionError(
            f"{where}: its table has the column {unknown[0]}{did_you_mean(unknown[0], COLUMNS)} (known: "
            f"{', '.join(COLUMNS)}); take it out"
        )
    texts = rows.astype(object).where(rows.notna(), "").to_dict("records")
    clips = [
        _clip({"where": f"row {number}", **{key: str(value).strip() for key, value in row.items()}}, settings, root)
        for number, row in enumerate(texts, 1)
    ]
    count = Counter(clip.id for clip in clips)
    wrong = [f"{clip.where}: {mistake}" for clip in clips for mistake in clip.mistakes]
    wrong += [f"{clip.where}: {clip.id} is there {count[clip.id]} times" for clip in clips if count[clip.id] > 1]
    lost = [clip for clip in clips if not clip.mistakes and not clip.path.is_file()]
    if wrong:
        wrong += [] if settings.skip_damaged else [f"{clip.where}: has no audio file {clip.path}" for clip in lost]
        raise FusionError(
            f"{root}: {len(wrong)} clips are not as they should be; mend or remove them:\n{listing(wrong)}"
        )
    notes = missing_audio([f"{clip.where}: {clip.path}" for clip in lost], settings.skip_damaged, root)
    gone = {clip.id for clip in lost}
    kept = {clip.id: clip for clip in clips if clip.id not in gone}
    if not kept:
        raise FusionError(f"{where}: has no clip")
    table = clip_table([(clip.id, clip.path, clip.labels, clip.group) for clip in kept.values()])
    for name in ("start", "duration", "split", "weight"):
        if name in ("start", "duration") or name in rows:
            table[name] = [getattr(kept[value], name) for value in table["id"]]
    return table, notes


def _named(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, rows.columns)) or "none"


def _clip(row: Mapping[str, str], settings: DatasetSettings, root: Path) -> _Clip:
    """Return a row as a clip, with all that is wrong with it; what the reader says is wrong comes alone."""
    path, mistakes = root / row["path"], []
    if not row["path"] or not row["path"].isprintable():
        mistakes.append(f"path: should name a file, found {row['path']!r}")
    elif path.is_dir():
        mistakes.append(f"path: {row['path']} is a folder")
    labels = sorted({label.strip() for label in row["labels"].split(";")})
    if "" in labels:
        mistakes.append(f"label: should be a class, found {row['labels']!r}")
    elif len(labels) > 1 and not settings.several_labels:
        more = "; dataset.several: true takes them in test clips" if "several" in type(settings).model_fields else ""
        mistakes.append(f"label: {row['labels']} are several{more}")
    start = _number(row, "start", 0.0, "seconds from 0 up", mistakes)
    duration = _number(row, "duration", math.nan, "seconds from 0 up", mistakes)
    weight = _number(row, "weight", 1.0, "a number above 0", mistakes)
    if duration == 0:
        mistakes.append("duration: should be more than 0")
    if weight == 0:
        mistakes.append("weight: should be more than 0; leave the row out instead")
    split = SPLIT_NAMES.get(row.get("split", "test"), "")
    if not split:
        mistakes.append(f"split: should be one of {', '.join(SPLIT_NAMES)}, found {row['split']!r}")
    inside = Path(os.path.relpath(path, root)).as_posix()
    if inside.startswith("../"):
        mistakes.append(f"path: {row['path']} lies outside the data set's folder {root}")
    group = row.get("group", inside.removesuffix(path.suffix))  # one clip in two formats is one group
    if not group:
        mistakes.append("group: empty, while other rows have one")
    at = f" from {start:.6f}".rstrip("0").rstrip(".") + " s" if start else ""
    name = row.get("id") or f"{inside}{at}"
    said = (row["mistake"],) if row.get("mistake") else tuple(mistakes)
    return _Clip(row["where"], name, path, ";".join(labels), group, split, start, duration, weight, said)


def _number(row: Mapping[str, str], name: str, default: float, wanted: str, mistakes: list[str]) -> float:
    """Return a number, the default where a row has none."""
    text = row.get(name, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < math.inf:
        mistakes.append(f"{name}: should be {wanted}, found {text!r}")
        return default
    return number
