"""Fetching a data set: what is missing is downloaded, verified, unpacked and put in its place, archive by archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.download.archives import base_url, choose, shown
from fusion.download.download import fetch, md5
from fusion.download.unpack import unpack
from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.lock import alone
from fusion.runtime.progress import AdvanceTo, Progress
from fusion.settings.archive import Archive
from fusion.settings.dataset import DatasetSettings

_MB = 10**6


@dataclass(frozen=True)
class FetchPlan:
    """What is about to be done; bytes are about right."""

    dataset: type[DatasetSettings]
    base: str
    root: Path
    missing: tuple[Archive, ...]
    there: tuple[Archive, ...]
    to_fetch: int
    needed: int
    free: int

    def lines(self) -> list[str]:
        """Return the plan as it is shown before anything is fetched."""
        unpacked = sum(archive.unpacked for archive in self.missing)
        return [
            f"{self.dataset.title}; {self.dataset.homepage}",
            f"Licence: {self.dataset.licence} ({self.dataset.terms})",
            *(f"  {archive.folder}: there" for archive in self.there),
            *(f"  {each.file}: {_gigabytes(each.size)}, unpacked {_gigabytes(each.unpacked)}" for each in self.missing),
            f"From {shown(self.base)} to {self.root}: about {_gigabytes(self.to_fetch)} to fetch, "
            f"{_gigabytes(unpacked)} when unpacked",
            f"On the way {_gigabytes(self.needed)} are needed, {_gigabytes(self.free)} are free",
        ]


def get(
    name: str,
    dataset: type[DatasetSettings],
    splits: Sequence[str],
    root: Path,
    *,
    url: str | None = None,
    keep_archives: bool = False,
    confirm: Callable[[FetchPlan], bool],
    progress: Progress | None = None,
) -> list[Path]:
    """Fetch a data set, or some of its splits; what is there and whole is left alone.

    Interrupted at any point, the same call goes on from there. An official archive that lies in `root` is used, and
    not removed. Of an archive only the folder with the data set's content is kept: files beside it are not.

    Parameters
    ----------
    name : str
        The data set's.
    dataset : type of DatasetSettings
    splits : sequence of str
        Which splits; none: all.
    root : Path
        The data set's folder.
    url : str, optional
        Folder on another server that holds the archives; else ``$FUSION_MIRROR``, else the official place.
    keep_archives : bool
        Keep the archives that are fetched, in `root`.
    confirm : callable
        Takes the plan (licence, sizes, place) before anything is fetched; False: nothing is.
        Not asked if nothing is missing.
    progress : Progress, optional

    Returns
    -------
    list of Path
        The folders of those splits that are there now.

    Raises
    ------
    FusionError
        If it cannot be had, if the disk is too small, or if something else stands in its place.
    """
    archives = choose(name, dataset, splits)
    base = base_url(dataset, url)
    progress = progress or Progress(quiet=True)
    try:
        if root.exists() and not root.is_dir():
            raise FusionError(f"{root}: is a file; name a folder")
        plan = _plan(dataset, base, root, archives, keep_archives)
        if plan.missing and not confirm(plan):
            return [root / archive.folder for archive in plan.there]
        if plan.missing or any(_workshop(archive, root).exists() for archive in archives):
            with alone(root / ".fetching.lock", f"{root}: another process is fetching to this folder; wait for it"):
                for archive in archives:
                    if archive in plan.missing and not archive.is_whole(root / archive.folder):  # nobody was quicker
                        _get_one(archive, plan, keep_archives, progress)
                    shutil.rmtree(_workshop(archive, root), ignore_errors=True)
    except OSError as error:
        raise unwritable(error.filename or root, error, "read or written") from None
    return [root / archive.folder for archive in archives]


def _gigabytes(size: int) -> str:
    return f"{size / 10**9:.2f} GB"


def free_bytes(folder: Path) -> int:
    """Return the free bytes where a folder is, or will be."""
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def _workshop(archive: Archive, root: Path) -> Path:
    """Return the folder in which an archive is fetched and unpacked; removed when its content is in its place."""
    return root / f".{archive.folder}.fetching"


def _plan(dataset: type[DatasetSettings], base: str, root: Path, archives: list[Archive], keep: bool) -> FetchPlan:
    there = tuple(archive for archive in archives if archive.is_whole(root / archive.folder))
    missing = tuple(archive for archive in archives if archive not in there)
    to_fetch = used = needed = 0
    for archive in missing:
        folder = root / archive.folder
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FusionError(
                f"{folder}: is there but not whole (it should hold {archive.audio:,} sound files in "
                f"{Path(archive.folder) / archive.inner}); it is left alone: move it away or delete it, then try again"
            )
        fetched = _workshop(archive, root) / archive.file
        places = (root / archive.file, fetched, fetched.with_name(f"{fetched.name}.part"))
        rest = max(archive.size - next((path.stat().st_size for path in places if path.exists()), 0), 0)
        to_fetch += rest
        needed = max(needed, used + rest + archive.unpacked)
        used += archive.unpacked + (rest if keep else 0)
    plan = FetchPlan(dataset, base, root, missing, there, to_fetch, needed, free_bytes(root))
    if missing and needed > plan.free:
        raise FusionError(
            f"{root}: about {_gigabytes(needed)} are needed, {_gigabytes(plan.free)} are free; free some space, fetch "
            "fewer splits or name another folder"
        )
    return plan


def _get_one(archive: Archive, plan: FetchPlan, keep: bool, progress: Progress) -> None:
    """Fetch an archive, unpack it, and put its content in its place when all is whole."""
    workshop, kept = _workshop(archive, plan.root), plan.root / archive.file
    path = kept if kept.exists() else workshop / archive.file
    if path.exists():
        progress.say(f"{archive.file}: there, verifying")
        if md5(path) != archive.md5:
            raise FusionError(
                f"{path}: is not the archive that is expected (wrong checksum); delete it or move it away"
            )
    else:
        with progress.counter(f"fetching {archive.file} (MB)") as advance_to:
            fetch(archive, plan.base, path, _in_megabytes(advance_to), progress.say)
    if keep:
        path = path.replace(kept)
    unpacked, place = workshop / "unpacked", plan.root / archive.folder
    shutil.rmtree(unpacked, ignore_errors=True)  # of a call that was killed
    with progress.counter(f"unpacking {archive.file} (MB)") as advance_to:
        unpack(path, unpacked, _in_megabytes(advance_to))
    content = next((each for each in (unpacked / archive.folder, unpacked) if archive.is_whole(each)), None)
    if content is None:
        raise FusionError(
            f"{path}: does not hold the {archive.audio:,} sound files that it should, in a folder "
            f"{archive.inner or archive.folder}; it is left alone: please report it"
        )
    if place.exists():
        place.rmdir()  # it is empty
    content.replace(place)


def _in_megabytes(advance_to: AdvanceTo) -> AdvanceTo:
    return lambda done, total: advance_to(done // _MB, max(total, done) // _MB)
