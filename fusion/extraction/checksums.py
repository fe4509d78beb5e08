"""The files of a store are known by their content: what is not as it was written is removed, and extracted again.

Each shard has ``<shard>.json`` with the content hash of its values and of its table.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fusion.runtime.content_hash import content_hashes
from fusion.runtime.files import content_hash, write_json
from fusion.runtime.workplace import Workplace

_PARTS = (".npy", ".csv")


def write_checksums(shard: Path, table: Path) -> None:
    """Write the hashes of a shard's values, which are in place, and of its table, which has another name yet."""
    hashes = (content_hash(shard.with_suffix(".npy")), content_hash(table))
    write_json(shard.with_suffix(".json"), dict(zip(_PARTS, hashes, strict=True)))


def remove_damaged(folders: Sequence[Path], workplace: Workplace) -> None:
    """Remove, and name, what is not as it was written: a disk failed, a file was cut short or edited.

    What was read before and has not changed since is not read again.

    Parameters
    ----------
    folders : sequence of Path
        Of stores.
    workplace : Workplace
    """
    named = [table for folder in folders for table in sorted(folder.glob("[!.]*.csv"))]
    tables = [table for table in named if ".tmp-" not in table.name]  # killed writers'
    files = [table.with_suffix(suffix) for table in tables for suffix in _PARTS]
    found = iter(content_hashes(files, workplace.cache, workplace.jobs) if files else [])
    for table, hashes in zip(tables, zip(found, found, strict=True), strict=True):
        if dict(zip(_PARTS, hashes, strict=True)) != _written(table):
            workplace.progress.say(f"{table.with_suffix('.npy')}: not as it was written; it is extracted again")
            for suffix in (".csv", ".json", ".npy"):  # the table first, because it makes the others count
                table.with_suffix(suffix).unlink(missing_ok=True)


def _written(table: Path) -> object:
    """Return what was written to this shard; None if that is not known."""
    with suppress(OSError, ValueError):  # both mean that it is not
        return json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
    return None
