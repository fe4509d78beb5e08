"""Fetching a data set: what is missing is downloaded, verified, unpacked and put in its place, archive by archive."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fusion.download.archives import Archive, Source, base_url, choose, shown
from fusion.download.download import agrees, checksums, fetch
from fusion.download.layout import arrange, is_absent, is_whole
from fusion.download.transfer import Remote
from fusion.download.unpack import unpack
from fusion.errors import FusionError
from fusion.runtime.disk import alone, free_bytes, gigabytes, unwritable
from fusion.runtime.files import write_json
from fusion.runtime.progress import Progress

RECORD = "fetched.json"
_MB = 10**6


@dataclass(frozen=True)
class Plan:
    """What is about to be done; bytes are about right where the exact size is not known."""

    source: Source
    base: str
    root: Path
    missing: tuple[Archive, ...]
    there: tuple[Archive, ...]
    to_fetch: int
    unpacked: int
    needed: int
    free: int

    def lines(self) -> list[str]:
        """Return the plan as it is shown before anything is fetched."""
        lines = [
            f"{self.source.title}; {self.source.homepage}",
            f"Licence: {self.source.licence} ({self.source.terms})",
        ]
        lines += [f"  {a.folder}: there" for a in self.there]
        lines += [f"  {a.file}: {gigabytes(a.size)}, unpacked {gigabytes(a.unpacked)}" for a in self.missing]
        lines += [
            f"From {shown(self.base)} to {self.root}: about {gigabytes(self.to_fetch)} to fetch, "
            f"{gigabytes(self.unpacked)} when unpacked",
            f"On the way {gigabytes(self.needed)} are needed, {gigabytes(self.free)} are free",
        ]
        return lines


def get(
    name: str,
    splits: Sequence[str],
    root: Path,
    *,
    url: str | None = None,
    keep_archives: bool = False,
    confirm: Callable[[Plan], bool],
    progress: Progress | None = None,
    timeout: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Path]:
    """Fetch a data set, or some of its splits; what is there and whole is left alone.

    Interrupted at any point, the same call goes on from there. An official archive that lies in `root` is used.

    Parameters
    ----------
    name : str
        ``nsynth`` or ``irmas``.
    splits : sequence of str
        Which splits; none: all.
    root : Path
        The data set's folder.
    url : str, optional
        Folder on another server that holds the archives; else ``$FUSION_MIRROR``, else the official place.
    keep_archives : bool
        Do not remove the archives that were fetched. Those that were in `root` before are never removed.
    confirm : callable
        Takes the plan (licence, sizes, place) before anything is fetched; False: nothing is.
        Not asked if nothing is missing.
    progress : Progress, optional
    timeout : float
        Seconds without a byte after which a connection counts as dead.
    sleep : callable
        Waits between attempts.

    Returns
    -------
    list of Path
        The folders of those splits that are there now.

    Raises
    ------
    FusionError
        If it cannot be had, if the disk is too small, or if something else stands in its place.
    """
    source, archives = choose(name, splits)
    base = base_url(source, url)
    progress = progress or Progress(quiet=True)
    try:
        if root.exists() and not root.is_dir():
            raise FusionError(f"{root}: is a file; name a folder")
        plan = _plan(source, base, root, archives, keep_archives)
        if plan.missing:
            if plan.needed > plan.free:
                raise FusionError(
                    f"{root}: about {gigabytes(plan.needed)} are needed, {gigabytes(plan.free)} are free; free some "
                    "space, fetch fewer splits or name another folder"
                )
            if not confirm(plan):
                return [root / archive.folder for archive in plan.there]
        if plan.missing or any((root / archive.file).exists() for archive in plan.there):
            root.mkdir(parents=True, exist_ok=True)
            with alone(root):
                for archive in plan.there:
                    _remove_temporary(archive, root, keep_archives)
                for archive in plan.missing:
                    _get_one(archive, plan, keep_archives, progress, timeout, sleep)
                    _remove_temporary(archive, root, keep_archives)
    except OSError as error:
        raise unwritable(root, error) from None
    return [root / archive.folder for archive in archives]


def _plan(source: Source, base: str, root: Path, archives: list[Archive], keep: bool) -> Plan:
    record = _read_record(root)
    there = [archive for archive in archives if is_whole(archive, root, record.get(archive.file, {}).get("audio"))]
    missing = [archive for archive in archives if archive not in there]
    for archive in missing:
        if not is_absent(archive, root):
            raise FusionError(
                f"{root / archive.folder}: is there but not whole (it should hold {archive.audio:,} sound files in "
                f"{Path(archive.folder) / archive.inner}); it is left alone: move it away or delete it, then try again"
            )
    to_fetch = used = needed = 0
    for archive in missing:
        rest = max(archive.size - _bytes_there(root / archive.file), 0)
        to_fetch += rest
        needed = max(needed, used + rest + archive.unpacked)
        used += archive.unpacked + (rest if keep else 0)
    unpacked = sum(archive.unpacked for archive in missing)
    return Plan(source, base, root, tuple(missing), tuple(there), to_fetch, unpacked, needed, free_bytes(root))


def _get_one(
    archive: Archive,
    plan: Plan,
    keep: bool,
    progress: Progress,
    timeout: float,
    sleep: Callable[[float], None],
) -> None:
    """Fetch and unpack one archive."""
    root = plan.root
    path = root / archive.file
    record = _read_record(root).get(archive.file, {})
    if is_whole(archive, root, record.get("audio")):
        return  # another process was quicker
    digest = archive.digest or (f"sha256:{record['sha256']}" if record.get("sha256") else None)
    if path.exists():
        progress.say(f"{archive.file}: there, verifying")
        found = checksums(path)
        if not agrees(found, digest):
            raise FusionError(
                f"{path}: is not the archive that is expected (wrong checksum); delete it or move it away"
            )
    else:
        address = f"{plan.base}/{archive.file}"
        record |= {"url": shown(address), "fetched": _now(), "temporary": not keep}
        _write_record(root, archive, record)
        remote = Remote(address, archive.size if archive.exact else None, archive.most, digest)
        with progress.counter(f"fetching {archive.file} (MB)") as told:
            found = fetch(
                remote,
                path,
                reserve=archive.unpacked,
                progress=_in_megabytes(told),
                say=progress.say,
                timeout=timeout,
                sleep=sleep,
            )
        if digest is None:
            progress.say(
                f"{archive.file}: no official checksum is known; SHA-256 {found['sha256']} is kept in {RECORD}"
            )
    record |= {"bytes": path.stat().st_size, **found}
    _write_record(root, archive, record)
    _install(archive, root, path, record, progress)


def _remove_temporary(archive: Archive, root: Path, keep: bool) -> None:
    """Remove an archive that was fetched, not one that someone has put there."""
    record = _read_record(root).get(archive.file, {})
    if record.get("temporary") is True and not keep:
        (root / archive.file).unlink(missing_ok=True)
        _write_record(root, archive, {**record, "temporary": False})


def _install(archive: Archive, root: Path, path: Path, record: dict[str, Any], progress: Progress) -> None:
    """Unpack beside the final folder, arrange, and rename when all is whole."""
    workplace = root / f".{archive.folder}.unpacking"
    shutil.rmtree(workplace, ignore_errors=True)  # of a call that was killed
    try:
        with progress.counter(f"unpacking {archive.file} (MB)") as told:
            unpack(path, workplace / "all", most=archive.most_unpacked, progress=_in_megabytes(told))
        audio = arrange(archive, workplace / "all", workplace / "tidy")
        if audio != archive.audio:
            progress.say(f"warning: {archive.file} holds {audio:,} sound files, {archive.audio:,} were expected")
        _write_record(root, archive, {**record, "audio": audio})
        (workplace / "tidy").replace(root / archive.folder)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _bytes_there(path: Path) -> int:
    part = path.with_name(path.name + ".part")
    return next((each.stat().st_size for each in (path, part) if each.is_file()), 0)


def _in_megabytes(told: Callable[[int, int], None]) -> Callable[[int, int], None]:
    return lambda done, total: told(done // _MB, max(total, done) // _MB)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read_record(root: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of archives fetched before, by file name."""
    path = root / RECORD
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_bytes())
        if isinstance(record, dict) and all(isinstance(entry, dict) for entry in record.values()):
            return record
    except (ValueError, RecursionError):
        pass
    raise FusionError(f"{path}: not the record of what was fetched, perhaps damaged; delete it and try again")


def _write_record(root: Path, archive: Archive, entry: dict[str, Any]) -> None:
    write_json(root / RECORD, {**_read_record(root), archive.file: entry})
