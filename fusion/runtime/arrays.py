"""Arrays in an .npz file, read without believing that it is as it was written."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DAMAGE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),  # cut short, or bits changed
    *(KeyError, ValueError),  # an array is not there, is pickled, or its header says something else
    MemoryError,  # its header asks for more than there is
    RuntimeError,  # zipfile's: encrypted, or packed in a way that it does not know
)


def read_arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    """Return some arrays of a file.

    Raises
    ------
    ValueError
        If the file is damaged or lacks one; says in what, without the path.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in names}
    except _DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from None
    if others := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:  # bytes, as they are
        raise ValueError(f"{others[0]} is no array")
    return list(arrays.values())
