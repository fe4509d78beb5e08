"""Processes of this machine, as /proc shows them."""

from __future__ import annotations

from pathlib import Path


def parents() -> dict[int, int]:
    """Return the parent of each process that is alive, by id."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
        except OSError:  # gone meanwhile
            continue
        if fields[0] not in "ZX":
            found[int(status.parent.name)] = int(fields[1])
    return found


def below(pid: int) -> list[int]:
    """Return the processes that one started, and those that these started."""
    known = parents()
    found, more = [], [pid]
    while more:
        more = [each for each, parent in known.items() if parent in more]
        found += more
    return found


def alive(pid: int) -> bool:
    """Say whether a process is there, and not only waited for."""
    return pid in parents()
