"""Tables of a result: written whole, known by their content, read back as they were written."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.errors import FusionError
from fusion.runtime.files import content_hash, is_content, replacing, write_json
from fusion.runtime.names import from_spreadsheet, in_spreadsheet

CHECKSUMS = "checksums.json"
_TABLES = ("predictions.csv", "references.csv", "history.csv", "trained_on.csv.gz")


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file whose texts no spreadsheet takes for formulas."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([in_spreadsheet(cell) for cell in row] for row in (header, *rows))


def read_table(path: Path) -> pd.DataFrame:
    """Return a table as texts; ValueError where it is none."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.columns = table.columns.map(from_spreadsheet)
    texts = [name for name in table if table[name].str.startswith("'").any()]
    return table.assign(**{name: table[name].map(from_spreadsheet) for name in texts})


def write_checksums(folder: Path) -> None:
    """Write the content hashes of a result's tables, as they are now."""
    hashes = {name: content_hash(folder / name) for name in _TABLES if (folder / name).is_file()}
    write_json(folder / CHECKSUMS, hashes)


def changed_tables(folder: Path) -> list[str]:
    """Return the names of tables that are not as fusion wrote them; an older fusion did not note how."""
    path = folder / CHECKSUMS
    if not path.exists():
        return []
    try:
        written = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        written = dict.fromkeys(_TABLES, "")  # none is known
    return [name for name in _TABLES if (folder / name).exists() and not is_content(folder / name, written.get(name))]


def refuse_changed(folder: Path, name: str) -> None:
    """Raise FusionError if a table is not as fusion wrote it."""
    if name in changed_tables(folder):
        raise FusionError(f"{folder / name}: not as fusion wrote it; run the experiment again, which makes it anew")
