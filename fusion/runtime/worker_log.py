"""The file that workers write to: gone when its command ends, and when that was killed, with the next command."""

from __future__ import annotations

import os
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any


@contextmanager
def worker_log() -> Iterator[Any]:
    """Open a temporary file for what workers say; remove those of processes of this computer that are no more."""
    mine = f"fusion-{re.sub(r'[^A-Za-z0-9]', '', platform.node())}-"
    for left in Path(tempfile.gettempdir()).glob(f"{mine}*.log"):
        number = left.name.removeprefix(mine).partition("-")[0]
        if number.isdecimal() and not _lives(int(number)):
            with suppress(OSError):  # another person's
                left.unlink()
    # Windows lets others open a file only if it is not to be removed by its closing
    with NamedTemporaryFile(prefix=f"{mine}{os.getpid()}-", suffix=".log", delete=False) as log:
        try:
            yield log
        finally:
            log.close()
            with suppress(OSError):  # a worker that is still ending has it open
                Path(log.name).unlink()


def _lives(pid: int) -> bool:
    if os.name != "posix":  # where asking ends it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
