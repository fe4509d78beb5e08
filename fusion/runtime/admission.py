"""Whether a Dask worker is as the process that has tasks for it: the same versions, and the same files where it counts.

Runs in both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fusion.runtime.shared_folders import Marks, unseen
from fusion.runtime.versions import versions

_PLENTY = 1e9  # of the resource that an admitted worker has: its threads limit it


@dataclass(frozen=True)
class Versions:
    """What numbers depend on beside settings and data, by name."""

    by_name: Mapping[str, str]

    @property
    def resource(self) -> str:
        """Dask's resource that workers with these versions have."""
        text = json.dumps(dict(self.by_name), sort_keys=True)
        return f"fusion-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def differences(self, wanted: Versions) -> list[str]:
        """Return what differs from the versions wanted, as ``numpy 2.0, not 2.1``."""
        names = sorted({*self.by_name, *wanted.by_name})
        pairs = {name: (self.by_name.get(name, "missing"), wanted.by_name.get(name, "none")) for name in names}
        return [f"{name} {here}, not {there}" for name, (here, there) in pairs.items() if here != there]


def versions_here() -> Versions:
    """Return the versions of this process: fusion's and its plug-ins' by their text, too, and its libraries'."""
    recorded = versions()
    named = {"fusion": recorded["fusion"], "python": recorded["python"], "KERAS_BACKEND": recorded["backend"]}
    groups = [group for group in entry_points().groups if group.startswith("fusion.")]
    points = [point for group in sorted(groups) for point in entry_points(group=group)]
    for point in points:
        package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
        named[f"{point.group} {point.name}"] = f"{point.value}{package}"
    for package in sorted({"fusion", *(point.module.partition(".")[0] for point in points)}):
        named[f"text of {package}"] = _text_hash(package)
    libraries = {**recorded["libraries"], "soxr": version("soxr")}
    return Versions(named | {name: str(installed) for name, installed in libraries.items()})


def _text_hash(package: str) -> str:
    """Return a hash of all Python files of a package, which need not be imported."""
    spec = find_spec(package)
    if spec is None:
        return "missing"
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    files = [(file.relative_to(folder), file) for folder in folders for file in folder.rglob("*.py")]
    whole = hashlib.sha256()
    for name, file in sorted(files) or [(Path(package), Path(str(spec.origin)))]:
        whole.update(f"{name.as_posix()}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


async def admit(wanted: Versions, marks: Marks, must_see: bool, dask_worker: Any) -> dict[str, Any]:
    """Let this worker take tasks of a command, if it has the same versions; runs in it.

    Parameters
    ----------
    wanted : Versions
        Of the command.
    marks : dict
        What tells each folder that the tasks read or write.
    must_see : bool
        Refuse this worker if it does not see them.

    Returns
    -------
    dict
        ``refused``: why, or nothing; ``unseen``: folders that are not seen here; ``gpu``: whether it says to have one.
    """
    hidden = unseen(marks)
    why = versions_here().differences(wanted)
    if must_see:
        why += [f"it does not see {folder}" for folder in hidden]
    had = dask_worker.state.total_resources
    if why and had.get(wanted.resource):
        await dask_worker.set_resources(**{wanted.resource: 0})
    elif not why and not had.get(wanted.resource):
        await dask_worker.set_resources(**{wanted.resource: _PLENTY})
        if dask_worker.status.name == "running":
            # tasks whose last worker has died wait for one to come or to go on; a new resource is not looked at
            running, paused = dask_worker.status, type(dask_worker.status).paused
            dask_worker.status = paused
            dask_worker.status = running
    return {"refused": ", ".join(why), "unseen": hidden, "gpu": bool(had.get("GPU"))}
