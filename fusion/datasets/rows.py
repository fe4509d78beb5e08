"""The table that a data set gives, row by row: every mistake with its place, all at once."""

from __future__ import annotations

import math
import os
import unicodedata
from collections import Counter
from collections.abc import Callable
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fusion.datasets.corpus import SPLITS
from fusion.datasets.files import missing_audio
from fusion.errors import FusionError, did_you_mean, listing
from fusion.runtime.names import readable
from fusion.settings.dataset import DatasetSettings

if TYPE_CHECKING:  # slow to import, and a mistake in an experiment file is told at once
    import pandas as pd

COLUMNS = ("path", "labels", "group", "split", "start", "duration", "weight", "id", "where", "mistake")
_NEEDED = COLUMNS[:2]
SPLIT_NAMES = {name: name for name in SPLITS} | {  # and what they are called, too
    **{"training": "train", "valid": "validation", "val": "validation", "testing": "test"},
}

Value = TypeVar("Value")

MOST_ROWS = 1000
"""Of a table that are named in one message: people mend it row by row, and want all that is wrong at once."""

_LONGEST = 255  # bytes of a file's name, on every file system


class _Texts:
    """The columns of a table as texts, and what is wrong with its rows: their numbers, each with a mistake."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.columns = {
            str(name): [str(value).strip() for value in column.astype(object).where(column.notna(), "")]
            for name, column in rows.items()
        }
        self.rows = len(rows)
        self.wrong: list[tuple[int, str]] = []

    def read(self, name: str, default: Value, read: Callable[[str], Value]) -> list[Value]:
        """Return the values of a column, the default where it is not there; a ValueError is the row's mistake.

        There may be many rows, so each different text is read once.
        """
        texts = self.columns.get(name)
        if texts is None:
            return [default] * self.rows
        values: dict[str, Value] = {}
        mistakes: dict[str, str] = {}
        for text in set(texts):
            try:
                values[text] = read(text)
            except ValueError as error:
                values[text], mistakes[text] = default, str(error)
        self.wrong += [(row, mistakes[text]) for row, text in enumerate(texts) if text in mistakes] if mistakes else []
        return [values[text] for text in texts]

    def files(self, root: Path) -> tuple[list[Path], list[str], list[bool]]:
        """Return each row's file, where it is below the data set's folder, and whether it is there.

        Folders are listed, since a look at each of very many files takes long.
        """
        folders: dict[str, tuple[Path, frozenset[str]]] = {}
        paths, inside, there = [], [], []
        for row, text in enumerate(self.columns["path"]):
            name = text.rpartition("/")[2]
            above = text.removesuffix(name)
            if above not in folders:
                folders[above] = (root / above, _listed(above, root))
            folder, names = folders[above]
            listed, place = name in names and readable(text), text
            if not listed:
                try:
                    place = _inside(text, root)
                except ValueError as error:
                    place = ""
                    self.wrong.append((row, str(error)))
            path = folder / name if listed else root / text
            is_there = listed or bool(place and path.is_file())
            if not is_there and place and not text.isascii():  # an accent may be a character of its own, or not
                for form in ("NFC", "NFD"):
                    other = root / unicodedata.normalize(form, text)
                    path, is_there = (other, True) if other.is_file() else (path, is_there)
            paths.append(path)
            there.append(is_there)
            inside.append(place)
        return paths, inside, there


def clips_of(rows: pd.DataFrame, settings: DatasetSettings, root: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return checked rows as clips, in their order, and what is to be told of those that are left out.

    The table is a corpus' without content hashes; it has columns split and weight only where `rows` has them.

    Raises
    ------
    FusionError
        If columns or rows are not as they should be (all of those are listed), or files are not there and not to be
        skipped.
    """
    import pandas as pd

    where = f"{root}: data set {settings.name}"
    if not isinstance(rows, pd.DataFrame):
        raise FusionError(f"{where}: read should return a DataFrame, found {type(rows).__name__}; mend its plug-in")
    if absent := [column for column in _NEEDED if column not in rows]:
        found = ", ".join(map(str, rows.columns)) or "none"
        raise FusionError(f"{where}: its table has no column {' and no '.join(absent)} (found: {found})")
    if unknown := [str(column) for column in rows if column not in COLUMNS]:
        raise FusionError(
            f"{where}: its table has the column {unknown[0]}{did_you_mean(unknown[0], COLUMNS)} (known: "
            f"{', '.join(COLUMNS)}); take it out"
        )
    texts = _Texts(rows)
    paths, inside, there = texts.files(root)
    values: dict[str, list[Any]] = {
        "start": texts.read("start", 0.0, lambda text: _number("start", text, 0.0)),
        "duration": texts.read("duration", math.nan, lambda text: _number("duration", text, math.nan)),
        "labels": texts.read("labels", "", lambda text: _labels(text, settings)),
        "group": texts.read("group", "", _group),
        "split": texts.read("split", "test", _split),
        "weight": texts.read("weight", 1.0, lambda text: _number("weight", text, 1.0)),
    }
    ids = [_part(*clip) for clip in zip(inside, values["start"], strict=True)] if "start" in rows else inside
    if "id" in rows:
        ids = [own or name for own, name in zip(texts.columns["id"], ids, strict=True)]
    if "group" not in rows:  # one clip in two formats is one group
        values["group"] = [name.removesuffix(path.suffix) for name, path in zip(inside, paths, strict=True)]
    lost = _lost(texts, ids, paths, there, settings, root)
    table = pd.DataFrame({"id": ids, "path": pd.Series(paths, dtype=object), **values})
    table = table.drop(columns=[name for name in ("split", "weight") if name not in rows])
    notes = missing_audio(lost, settings.skip_damaged, root)
    return table[there].reset_index(drop=True) if lost else table, notes


def _lost(
    texts: _Texts, ids: list[str], paths: list[Path], there: list[bool], settings: DatasetSettings, root: Path
) -> list[str]:
    """Return the clips that have no file, for messages.

    Raises
    ------
    FusionError
        If anything else is wrong with rows; what the reader says is wrong with one comes alone.
    """
    names = texts.columns["path"]
    where = texts.columns.get("where") or texts.columns.get("id") or [f"row {row + 1}" for row in range(len(ids))]
    said = texts.columns.get("mistake") or [""] * len(ids)
    wrong = [(row, mistake) for row, mistake in texts.wrong if not said[row]]
    wrong += [(row, mistake) for row, mistake in enumerate(said) if mistake]
    bad, count = {row for row, _ in wrong}, Counter(ids)
    lost = [row for row, is_there in enumerate(there) if not is_there and row not in bad]
    twice = [row for row, clip in enumerate(ids) if clip and count[clip] > 1]
    wrong = sorted(wrong, key=itemgetter(0)) + [(row, f"{ids[row]} is there {count[ids[row]]} times") for row in twice]
    if wrong:
        for row in () if settings.skip_damaged else lost:
            is_folder = paths[row].is_dir()
            wrong.append((row, f"path: {names[row]} is a folder" if is_folder else f"has no audio file {paths[row]}"))
        mistakes = [f"{where[row]}: {mistake}" for row, mistake in wrong]
        named = listing(mistakes, MOST_ROWS)
        clips = len({row for row, _ in wrong})
        raise FusionError(f"{root}: {clips} clips are not as they should be; mend or remove them:\n{named}")
    return [names[row] if where[row] == ids[row] else f"{where[row]}: {paths[row]}" for row in lost]


def _part(file: str, start: float) -> str:
    """Return what a clip is called that begins somewhere in a file."""
    return file + (f" from {start:.6f}".rstrip("0").rstrip(".") + " s" if start else "")


def _inside(text: str, root: Path) -> str:
    """Return where a file is below the data set's folder."""
    if not text or not readable(text):
        raise ValueError(f"path: should name a file, found {text!r}")
    if max(len(os.fsencode(part)) for part in text.split("/")) > _LONGEST or len(text) > 16 * _LONGEST:
        raise ValueError(f"path: should name a file, found a text of {len(text)} characters")
    inside = os.path.normpath(text)
    if inside.startswith((os.pardir, os.sep)):
        inside = os.path.relpath(root / text, root)
    if inside.startswith(os.pardir + os.sep):
        raise ValueError(f"path: {text} lies outside the data set's folder {root}")
    return Path(inside).as_posix() if os.sep != "/" else inside


def _listed(folder: str, root: Path) -> frozenset[str]:
    """Return the names of a folder's files; none where its name is not written plainly, as in ``a/../b/``."""
    if folder and (folder.startswith((os.pardir, os.sep)) or f"{os.path.normpath(folder)}/" != folder):
        return frozenset()
    try:
        with os.scandir(root / folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except (OSError, ValueError):  # the latter for a null character
        return frozenset()  # each of its files is looked for, and told to be missing


def _labels(text: str, settings: DatasetSettings) -> str:
    labels = sorted({label.strip() for label in unicodedata.normalize("NFC", text).split(";")})
    if "" in labels:
        raise ValueError(f"its label should be a class, found {text!r}")
    if len(labels) > 1 and not settings.several_labels:
        more = "; dataset.several: true takes them in test clips" if "several" in type(settings).model_fields else ""
        raise ValueError(f"its labels {text} are several{more}")
    return ";".join(labels)


def _group(text: str) -> str:
    if text:
        return unicodedata.normalize("NFC", text)
    raise ValueError("group: empty, while other rows have one")


def _split(text: str) -> str:
    if text.lower() in SPLIT_NAMES:
        return SPLIT_NAMES[text.lower()]
    raise ValueError(f"split: should be one of {', '.join(SPLIT_NAMES)}, found {text!r}")


def _number(name: str, text: str, default: float) -> float:
    """Return a number, the default where a row has none."""
    try:
        number = float(text) if text else default
    except ValueError:
        number = -1.0
    if text and not 0 <= number < math.inf:
        wanted = "a number above 0" if name == "weight" else "seconds from 0 up"
        point = "; write a point before decimals, not a comma" if "," in text else ""
        raise ValueError(f"{name}: should be {wanted}, found {text!r}{point}")
    if number == 0 and name != "start":
        raise ValueError(f"{name}: should be more than 0" + ("; leave the row out instead" if name == "weight" else ""))
    return number
