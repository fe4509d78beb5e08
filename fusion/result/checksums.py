"""Which files of a result are as fusion wrote them: JSON files say so themselves, others stand in checksums.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fusion.errors import FusionError
from fusion.runtime.files import content_hash, is_content
from fusion.runtime.known_json import read_known, write_known

CHECKSUMS = "checksums.json"
_LISTED = ("predictions.csv", "references.csv", "history.csv", "trained_on.csv.gz", "clips.csv.gz", "spec.yaml")
_JSON = ("metrics.json", "environment.json")


def write_checksums(folder: Path) -> None:
    """Write the content hashes of a result's tables and settings, as they are now."""
    hashes = {name: content_hash(folder / name) for name in _LISTED if (folder / name).is_file()}
    write_known(folder / CHECKSUMS, hashes)


def changed_files(folder: Path, names: Sequence[str] = (*_LISTED, *_JSON)) -> list[str]:
    """Return which of these files are not as fusion wrote them; an older fusion did not note how."""
    path = folder / CHECKSUMS
    try:
        written = read_known(path) if path.exists() else {}
    except (OSError, ValueError):
        written = dict.fromkeys(_LISTED, "")  # none is known
    return [name for name in names if (folder / name).exists() and not _is_known(folder / name, written.get(name))]


def _is_known(path: Path, content: object) -> bool:
    if path.name not in _JSON:
        return content is None or is_content(path, content)
    try:
        read_known(path)
    except (OSError, ValueError):
        return False
    return True


def refuse_changed(folder: Path, *names: str) -> None:
    """Raise FusionError if a file is not as fusion wrote it."""
    for name in changed_files(folder, names):
        raise FusionError(f"{folder / name}: not as fusion wrote it; run the experiment again, which makes it anew")
