"""Data of several sources joined into one folder: what sources are called, and what the join is known by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fusion.errors import FusionError
from fusion.runtime.files import content_hash

RECORD = "join.json"


def origin_of_join(root: Path) -> str:
    """Return what tells this join's names of groups from others'; empty where nothing was joined."""
    record = root / RECORD
    return f", joined {content_hash(record)[:8]}" if record.is_file() else ""


def named_sources(folders: Sequence[str]) -> dict[str, Path]:
    """Return sources by name, each written ``DIR`` (whose last part is its name) or ``NAME=DIR``.

    Raises
    ------
    FusionError
        If two have one name, or a name cannot be a folder's.
    """
    sources: dict[str, Path] = {}
    for text in folders:
        before, equals, after = text.partition("=")
        named = equals and not Path(text).exists()
        path = Path(after if named else text)
        name = before if named else path.name.strip(".") or path.resolve().name
        if not name or name.startswith(".") or "/" in name or not name.isprintable():
            raise FusionError(f"{text}: {name!r} cannot be a source's name; write NAME=DIR")
        if name in sources:
            raise FusionError(f"{text}: another source is called {name}, too; write NAME=DIR to give it another name")
        sources[name] = path
    return sources
