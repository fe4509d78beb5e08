"""Where the clips of a feature's store are: its tables of keys, read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class TableError(Exception):
    """Why a table cannot be read."""

    def __init__(self, number: int, why: Exception) -> None:
        super().__init__(str(why))
        self.number = number


@dataclass(frozen=True)
class Index:
    """Where a feature's stored clips are.

    Attributes
    ----------
    keys : dict of str to int
        Number of each clip, counted over all shards.
    shards : tuple of Path
    first : (shards + 1,) int64
        Number of the first clip of each shard, and at last of all clips.
    """

    keys: dict[str, int]
    shards: tuple[Path, ...]
    first: NDArray[np.int64]


def read_index(tables: Sequence[Path]) -> Index:
    """Read the tables of a store.

    Raises
    ------
    TableError
        If one is damaged; ``number`` says which.
    """
    keys, first = _numbered(tuple(table.read_bytes() for table in tables))
    return Index(keys, tuple(table.with_suffix(".npy") for table in tables), first)


@lru_cache(maxsize=2)  # features that were extracted together have equal tables, of half a second at NSynth's size
def _numbered(texts: tuple[bytes, ...]) -> tuple[dict[str, int], NDArray[np.int64]]:
    """Return the number of each key, counted over some tables, and that of the first of each table."""
    keys, first = dict[str, int](), [0]
    for number, text in enumerate(texts):
        try:
            rows = [key for key, _ in csv.reader(io.StringIO(text.decode(), newline=""), strict=True)][1:]
        except (ValueError, csv.Error) as error:
            raise TableError(number, error) from None
        keys.update(zip(rows, range(first[-1], first[-1] + len(rows)), strict=True))
        first.append(first[-1] + len(rows))
    return keys, np.array(first, dtype=np.int64)
