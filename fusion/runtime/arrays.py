"""Arrays in an .npz file, read without believing that it is as it was written."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DAMAGE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


def read_arrays(path: Path, *names: str) -> list[NDArray[Any]]:
    """Return some arrays of a file.

    Raises
    ------
    ValueError
        If the file is damaged or lacks one; says in what, without the path.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return [np.asarray(file[name]) for name in names]
    except _DAMAGE as error:
        raise ValueError(str(error) or type(error).__name__) from None
