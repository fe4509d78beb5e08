"""Vectors that were computed elsewhere: a file's rows, by the id or the path of the clip that each is of."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError, listing
from fusion.feature.parameter_file import MOST_BYTES, ParameterFile

Keyed = tuple[Sequence[str], NDArray[Any]]


@dataclass(frozen=True)
class Vectors:
    """Rows by key.

    Attributes
    ----------
    rows : dict of str to int
    values : (rows, size) float32
    """

    rows: dict[str, int]
    values: NDArray[np.float32]

    def row_of_id(self, name: str) -> int | None:
        """Return the row of a clip by its id."""
        return self.rows.get(_normal(name))

    def row_of_path(self, path: Path) -> int | None:
        """Return the row of a file whose path is the key or ends with it; that of the longest such key."""
        whole = Path(os.path.abspath(path)).as_posix()  # noqa: PTH100 (links keep their names)
        parts = PurePosixPath(_normal(whole)).parts
        ends = (str(PurePosixPath(*parts[first:])) for first in range(len(parts)))
        return next((self.rows[end] for end in ends if end in self.rows), None)


@lru_cache(maxsize=8)
def read_vectors(file: ParameterFile, key: str) -> Vectors:
    """Read a file of vectors, once a process.

    Parameters
    ----------
    file : ParameterFile
        ``.npz``, ``.parquet``, ``.csv`` or ``.tsv``.
    key : {"id", "path"}
        What its array or column of keys is called.

    Raises
    ------
    FusionError
        If it cannot be read, or holds anything but texts and finite numbers, one vector for each key.
    """
    suffix = file.path.suffix.lower()
    if suffix not in (".npz", ".parquet", ".csv", ".tsv"):
        raise FusionError(f"{file}: should end in .npz, .parquet, .csv or .tsv")
    names, given = _npz(file, key) if suffix == ".npz" else _table(file, key, suffix)
    if given.ndim != 2 or not given.size or given.dtype.kind not in "fiu" or len(given) != len(names):
        raise FusionError(
            f"{file}: should hold numbers (clips, size), a row for each of its {len(names)} keys; found {given.dtype} "
            f"{given.shape}"
        )
    _bounded(file, 4 * given.size)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(given, dtype=np.float32)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        raise FusionError(
            f"{file}: {len(bad)} of {len(values)} vectors hold NaN, infinity or what is too large for float32; mend or "
            f"remove them:\n{listing(names[int(row)] for row in bad)}"
        )
    rows: dict[str, int] = {}
    twice: list[str] = []
    for row, name in enumerate(names):
        name = _normal(str(PurePosixPath(name.replace("\\", "/"))) if key == "path" else name)
        if rows.setdefault(name, row) != row and not np.array_equal(values[rows[name]], values[row]):
            twice.append(name)
    if twice:
        raise FusionError(f"{file}: {len(twice)} keys are there again with another vector:\n{listing(twice)}")
    return Vectors(rows, values)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _npz(file: ParameterFile, key: str) -> Keyed:
    data = BytesIO(file.read())
    try:
        arrays = np.load(data, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array, not an archive as np.savez writes it")
        _bounded(file, sum(member.file_size for member in arrays.zip.infolist()) if arrays.zip else 0)
        if {key, "vectors"} - set(arrays.files):
            found = ", ".join(arrays.files) or "none"
            raise ValueError(f"it should hold the arrays {key} and vectors, as of np.savez, found: {found}")
        names, vectors = arrays[key], arrays["vectors"]
        if not isinstance(names, np.ndarray) or not isinstance(vectors, np.ndarray):
            raise ValueError(f"{key} and vectors should be arrays, as np.savez writes them")
        if names.ndim != 1 or names.dtype.kind != "U":
            raise ValueError(
                f"the array {key} should be texts (clips,), as np.array(names, dtype=str) gives them; found "
                f"{names.dtype} {names.shape}"
            )
        return names.tolist(), vectors
    except FusionError:
        raise
    except Exception as error:  # damage to an archive, its compression, a header or a text has no common class
        raise FusionError(f"{file}: cannot be used as .npz: {error or type(error).__name__}") from None


def _bounded(file: ParameterFile, size: int) -> None:
    """Raise a FusionError for what would fill the memory: a small file may claim much."""
    if size > MOST_BYTES:
        raise FusionError(f"{file}: unpacked it has {size} bytes, at most {MOST_BYTES} can be used")


def _table(file: ParameterFile, key: str, suffix: str) -> Keyed:
    import pandas as pd

    data = BytesIO(file.read())
    try:
        if suffix == ".parquet":
            from pyarrow.parquet import ParquetFile

            content = ParquetFile(data)
            _bounded(file, 8 * content.metadata.num_rows * content.metadata.num_columns)
            table = content.read().to_pandas()
        else:
            separator = "\t" if suffix == ".tsv" else ","
            table = pd.read_csv(data, sep=separator, dtype={key: str}, encoding="utf-8-sig", low_memory=False)
    except ImportError:
        raise FusionError(f"{file}: reading Parquet needs pyarrow: pip install pyarrow; or write .npz") from None
    except FusionError:
        raise
    except Exception as error:  # what readers of tables raise for damage has no common class
        raise FusionError(f"{file}: cannot be read as {suffix}: {error or type(error).__name__}") from None
    if table.index.name is not None:
        table = table.reset_index()
    elif not isinstance(table.index, pd.RangeIndex):
        raise FusionError(f"{file}: its rows have one value more than the first line has names")
    if key not in table:
        raise FusionError(f"{file}: has no column {key}; found: {', '.join(map(str, table.columns[:20]))}")
    if empty := sum(not (isinstance(name, str) and name) for name in table[key]):
        raise FusionError(f"{file}: {empty} of {len(table)} rows have no text in the column {key}")
    if table.empty:
        raise FusionError(f"{file}: has no row")
    numbers = table.drop(columns=key)
    wrong = [f"{name} ({dtype})" for name, dtype in numbers.dtypes.items() if dtype.kind not in "fiu"]
    if wrong:
        raise FusionError(f"{file}: beside {key}, columns should be numbers, one a dimension; not:\n{listing(wrong)}")
    return list(table[key]), numbers.to_numpy(dtype=np.float64, na_value=np.nan)
