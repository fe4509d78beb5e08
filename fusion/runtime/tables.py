"""Tables of a result: written whole, read back as they were written."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.runtime.files import replacing
from fusion.runtime.names import from_spreadsheet, in_spreadsheet


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
