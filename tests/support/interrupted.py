"""What an interrupted render left, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def keep_first(paths: Iterable[Path], count: int) -> dict[Path, int]:
    """Take away all files but so many that were written first; return these with their times.

    On a busy machine a worker is done before it hears of the interruption; one that was killed leaves a temporary file.
    """
    written = sorted((path for path in paths if ".tmp-" not in path.name), key=lambda path: path.stat().st_mtime_ns)
    assert len(written) > count
    for path in written[count:]:
        path.unlink()
    return {path: path.stat().st_mtime_ns for path in written[:count]}
