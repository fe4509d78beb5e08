"""A parameter that is a file which a feature reads: known by its content, wherever it lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator, ValidationInfo

from fusion.errors import FusionError
from fusion.runtime.files import content_hash

MOST_BYTES = 2**31


@dataclass(frozen=True)
class ParameterFile:
    """A file that a feature reads.

    Attributes
    ----------
    path : Path
        Absolute.
    content : str
        Hash of its bytes, which stands for the file in stored values and results.
    """

    path: Path
    content: str

    def __str__(self) -> str:
        return str(self.path)

    def read(self) -> bytes:
        """Return the bytes that were hashed.

        Raises
        ------
        FusionError
            If the file has changed since, or cannot be read.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise FusionError(f"{self}: cannot be read: {error.strerror or error}") from None
        if hashlib.blake2b(data, digest_size=16).hexdigest() != self.content:
            raise FusionError(f"{self}: has changed since the command began; run it again")
        return data


def _found(value: object, info: ValidationInfo) -> ParameterFile:
    """Return the file that a path names, relative to the folder of the experiment file, else to where fusion runs."""
    if isinstance(value, ParameterFile):
        return value
    if not isinstance(value, (str, Path)) or not str(value).isprintable() or not str(value):
        raise ValueError(f"should be the path of a file, found {value!r}")
    path = ((info.context or {}).get("folder", Path()) / value).resolve()
    try:
        if not path.is_file():
            raise ValueError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}")
        status = path.stat()
        if status.st_size > MOST_BYTES:
            raise ValueError(f"{path}: {status.st_size} bytes; a file of at most {MOST_BYTES} can be used")
        return ParameterFile(
            path, _content(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        )
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from None


@lru_cache(maxsize=64)
def _content(path: Path, *status: int) -> str:
    return content_hash(path)


FileParameter = Annotated[ParameterFile, PlainValidator(_found), PlainSerializer(str)]
"""The type of such a parameter: its path in experiment files, a `ParameterFile` in the feature."""
