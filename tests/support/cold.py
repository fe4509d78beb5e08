"""The command line as processes of their own, in surroundings that a test chooses."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def line(*words: object) -> list[str]:
    """Return the words of a command of fusion."""
    return [sys.executable, "-m", "fusion.cli", *map(str, words)]


def environment(**changes: str | None) -> dict[str, str]:
    """Return this process' environment with some variables of it changed, or removed where they are None."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    own = {**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", **changes}
    return {name: value for name, value in own.items() if value is not None}


def start(folder: Path, words: Sequence[object], **changes: str | None) -> subprocess.Popen[str]:
    """Start a command in a folder."""
    return subprocess.Popen(
        line(*words),
        cwd=folder,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    )


def mounts_allowed() -> bool:
    """Say whether this process may mount file systems of its own."""
    return not subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode


def apart(folder: Path, script: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run a shell script whose mounts only itself sees; ``$FUSION`` in it is the command."""
    fusion = shlex.join(line())
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script.replace("$FUSION", fusion)],
        cwd=folder,
        env=environment(**changes),
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
