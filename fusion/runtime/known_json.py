"""JSON files that carry the hash of what they hold: a digit that was changed since is known when they are read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from fusion.runtime.files import write_json

CHECKSUM = "checksum"
"""The last key of such a file; who reads it here does not see it."""


def write_known(path: Path, value: dict[str, Any]) -> None:
    """Write an object as a JSON file with its checksum, whole or not at all."""
    write_json(path, {**value, CHECKSUM: _checksum(value)})


def read_known(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, without its checksum; one of an older fusion has none and is believed.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not as fusion wrote it; says in what, without the path.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"should be an object, found a {type(value).__name__}")
    if CHECKSUM in value and value.pop(CHECKSUM) != _checksum(value):
        raise ValueError("not as fusion wrote it")
    return value


def _checksum(value: dict[str, Any]) -> str:
    return hashlib.blake2b(json.dumps(value).encode(), digest_size=16).hexdigest()
