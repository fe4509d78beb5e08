"""What ``render.json`` says of practice data that `fusion data render` made: which songs are one group, what leaks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.runtime.files import content_hash

FILE = "render.json"


@dataclass(frozen=True)
class Rendered:
    """A render's record, as far as results depend on it.

    Attributes
    ----------
    identity : str
        Hash of the record: names of instruments mean the same in data of the same record alone.
    groups : mapping of str to str
        The group of each test song, by its name.
    shared : sequence of str
        Classes whose test programs play the training pieces, too.
    shared_with_notes : sequence of str
        Classes whose test programs are training instruments of the practice notes of the same fonts.
    """

    identity: str
    groups: Mapping[str, str] = field(default_factory=dict)
    shared: Sequence[str] = ()
    shared_with_notes: Sequence[str] = ()

    def warnings(self) -> list[str]:
        """Return what a reader of a result on its test clips must know."""
        warnings = []
        if self.shared:
            warnings.append(
                f"shared-groups: the test's programs of {', '.join(self.shared)} play training clips of these practice "
                "data, too: for these classes the score is for new clips of known instruments"
            )
        if self.shared_with_notes:
            warnings.append(
                f"shared-groups: the test's programs of {', '.join(self.shared_with_notes)} are training instruments "
                "of the practice notes from the same fonts: networks that start from those notes know them"
            )
        return warnings


def read_rendered(root: Path) -> Rendered | None:
    """Return the record of a render; None where the data were not rendered.

    Raises
    ------
    FusionError
        If it is not as `fusion data render` writes it.
    """
    path = root / FILE
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _wrong(path, f"not valid JSON ({error})") from None
    if not isinstance(record, dict):
        raise _wrong(path, f"should be an object, found a {type(record).__name__}")
    groups = record.get("groups", {})
    if not isinstance(groups, dict) or not all(isinstance(group, str) and group for group in groups.values()):
        raise _wrong(path, f"groups: should name the group of each song, found {str(groups)[:80]}")
    return Rendered(content_hash(path)[:8], groups, *(_names(path, record, key) for key in _LISTS))


_LISTS = ("shared", "shared_with_notes")


def _names(path: Path, record: dict[str, Any], key: str) -> list[str]:
    names = record.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _wrong(path, f"{key}: should be a list of classes, found {str(names)[:80]}")
    return names


def _wrong(path: Path, what: str) -> FusionError:
    return FusionError(
        f"{path}: not the record of a render: {what}; render the data again, or remove the file if they are not "
        "practice data"
    )
