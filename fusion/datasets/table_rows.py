"""The rows of a CSV, TSV or Parquet file as texts, each with where it stands."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from fusion.datasets.rows import MOST_ROWS
from fusion.errors import FusionError, did_you_mean, listing

COLUMNS = ("path", "label", "group", "split", "start", "duration", "weight")
_TIMES = {  # what columns of times are called elsewhere, and what is read in their place
    **dict.fromkeys(("begin", "begin time", "onset", "start time", "from", "tmin"), "start"),
    **dict.fromkeys(("end", "end time", "stop", "offset", "finish", "until", "tmax"), "duration"),
}
_LENGTHS = ("dur", "len", "length", "delta time")
_UNIT = re.compile(r"\W*\(.*\)$| (s|sec|secs|seconds)$")
_SAYS = {
    "start": ("begin", "give start, in seconds; dataset.columns: {start: NAME} names its column"),
    "duration": ("end", "give duration, in seconds, end minus start"),
}
_ALIKE = 0.7
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Row:
    """A row: where it stands, and its texts by column of `COLUMNS`, of those that the table has."""

    where: str
    values: dict[str, str]


def read_rows(file: Path, names: Mapping[str, str | None], root: Path) -> tuple[list[Row], tuple[str, ...]]:
    """Read a table.

    Parameters
    ----------
    file : Path
        Its suffix says what it is.
    names : mapping of str to (str or None)
        What columns are called there, if not as in `COLUMNS`; None: not used. Those that are named must be there.
    root : Path
        The data set's folder, in which the file must be.

    Returns
    -------
    rows : list of Row
    columns : tuple of str
        Those of `COLUMNS` that the table has.

    Raises
    ------
    FusionError
        If it is not there, cannot be read, lacks a column, or has rows of another length.
    """
    if not file.is_file():
        raise FusionError(f"{file}: no such file; dataset.file names a table in the folder that --data DIR names")
    if not file.resolve().is_relative_to(root.resolve()):
        raise FusionError(f"{file}: lies outside the data set's folder {root}; name a folder that holds both by --data")
    if file.suffix.lower() == ".parquet":
        header, lines = _parquet(file)
    elif file.suffix.lower() in _DELIMITERS:
        header, lines = _text(file, _DELIMITERS[file.suffix.lower()])
    else:
        raise FusionError(f"{file}: should end in .csv, .tsv or .parquet")
    places: dict[str, int] = {}
    for column in COLUMNS:
        name = names.get(column, column)
        if name is not None and header.count(name) == 1:
            places[column] = header.index(name)
        elif name is not None and (column in names or name in header):
            many = "is there twice" if name in header else f"is not there{did_you_mean(name, header)}"
            found = ", ".join(header[:20])
            if len(header) == 1 and ";" in header[0]:
                found += "; a semicolon stands between them: write the table with commas, or as .tsv with tabs"
            raise FusionError(
                f"{file}: the column {name} {many} (found: {found}); dataset.columns: {{{column}: NAME}} names another"
            )
    unused = [column for column in COLUMNS if column not in places and names.get(column, column) is not None]
    for name in header:
        plain = _UNIT.sub("", name.lower().replace("_", " "))
        # librosa's offset is where a clip begins, an annotation's where it ends
        time = "start" if plain == "offset" and "duration" in places else _TIMES.get(plain)
        if time in unused:
            what, todo = _SAYS[time]
            raise FusionError(
                f"{file}: a column {name}, and none that says when clips {what}: {todo}; "
                f"dataset.columns: {{{time}: null}} passes over it"
            )
        # a column that is like none may hold what is not asked for: a pitch is no split
        alike = "duration" if plain in _LENGTHS else plain
        if name not in (*places, *names.values()) and (near := get_close_matches(alike, unused, 1, _ALIKE)):
            raise FusionError(
                f"{file}: the column {name!r} is not known; did you mean {near[0]!r}? dataset.columns: {{{near[0]}: "
                f"{name}}} says so, {{{near[0]}: null}} passes over it"
            )
    if wrong := [
        f"{where}: {len(texts)} values, not {len(header)}" for where, texts in lines if len(texts) != len(header)
    ]:
        raise FusionError(f"{file}: {len(wrong)} rows are not as long as the first one:\n{listing(wrong, MOST_ROWS)}")
    rows = [Row(where, {column: texts[place].strip() for column, place in places.items()}) for where, texts in lines]
    return rows, tuple(places)


def _text(file: Path, delimiter: str) -> tuple[list[str], list[tuple[str, list[str]]]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=delimiter, strict=True)
            lines = [(f"line {reader.line_num}", texts) for texts in reader if any(map(str.strip, texts))]
    except UnicodeDecodeError as error:
        raise FusionError(f"{file}: is no UTF-8 text ({error}); save it as CSV UTF-8, as Excel calls it") from None
    except (OSError, csv.Error) as error:
        raise FusionError(f"{file}: cannot be read as text with columns ({error})") from None
    if not lines:
        raise FusionError(f"{file}: is empty; its first line should name the columns, as in path{delimiter}label")
    return [name.strip() for name in lines[0][1]], lines[1:]


def _parquet(file: Path) -> tuple[list[str], list[tuple[str, list[str]]]]:
    import pandas as pd

    try:
        table = pd.read_parquet(file)
    except ImportError:
        raise FusionError(f"{file}: reading Parquet needs pyarrow: pip install pyarrow; or write it as .csv") from None
    except (OSError, ValueError) as error:
        raise FusionError(f"{file}: cannot be read as Parquet ({error})") from None
    texts = table.astype(object).where(table.notna(), "")
    for name in texts:
        if any(isinstance(value, (list, tuple, dict, np.ndarray)) for value in texts[name]):
            raise FusionError(f"{file}: the column {name} holds lists; several labels are one text, as in oboe;flute")
    rows = [(f"row {number}", list(map(str, row))) for number, row in enumerate(texts.itertuples(index=False), 1)]
    return list(map(str, table.columns)), rows
