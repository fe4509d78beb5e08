"""Versions of fusion and of the libraries that numbers depend on."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from fusion.runtime.backend import backend

try:
    VERSION = importlib.metadata.version("fusion-mir")
except importlib.metadata.PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "0+uninstalled"

_LIBRARIES = (
    "keras",
    "keras-tuner",
    "librosa",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "soundfile",
    "soxr",
    "tensorflow",
)


def versions() -> dict[str, Any]:
    """Return what may change numbers from one machine to another."""
    library = backend()
    return {
        "fusion": VERSION,
        "commit": _commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": library,
        "libraries": {name: _version(name) for name in dict.fromkeys((*_LIBRARIES, library))},
    }


@cache
def _version(library: str) -> str | None:
    """Return a library's version; None for one that goes by another name, as tensorflow-cpu does."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None


def version_changes(recorded: dict[str, Any], installed: dict[str, Any]) -> list[str]:
    """Return which versions differ, as ``numpy 2.0 -> 2.1``; both as `versions` gives them."""
    old, new = decisive_versions(recorded), decisive_versions(installed)
    return [f"{name} {old[name]} -> {now}" for name, now in new.items() if old.get(name) not in (None, now)]


def decisive_versions(recorded: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return those of `versions` that numbers depend on: fusion's, the backend's and the libraries'."""
    record = versions() if recorded is None else recorded
    return {"fusion": record.get("fusion"), "backend": record.get("backend"), **record.get("libraries", {})}


@cache  # asked for each training, and git takes its time
def _commit() -> str | None:
    """Return the commit of the checkout that fusion runs from, None outside one."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    try:
        command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
