"""Downloading one file: resumed, retried, verified; what stands under its name is whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from fusion.download.archives import shown
from fusion.download.transfer import HiccupError, Remote, Told, discard, state_path, transfer
from fusion.errors import FusionError
from fusion.runtime.disk import unwritable

TRIES = 8
_LONGEST = 60.0  # seconds between attempts
_LONGEST_ASKED = 300.0  # if the server asks for it
_STEP = 2**20  # bytes that count as progress: the attempts begin to count anew
_BLOCK = 2**20
_WRONG = 2  # downloads with a wrong checksum before giving up


def fetch(
    remote: Remote,
    path: Path,
    *,
    reserve: int = 0,
    progress: Told | None = None,
    say: Callable[[str], None] = lambda _: None,
    timeout: float = 60.0,
    tries: int = TRIES,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Download a file; an interrupted download is taken up again, also by a later call.

    Parameters
    ----------
    remote : Remote
        Address, and size and checksum as far as they are known.
    path : Path
        Where the file goes. Until it is whole and verified, ``.part`` is appended to its name.
    reserve : int
        Bytes of the disk to be left free, for unpacking.
    progress : callable, optional
        Called with (bytes there, bytes in all or 0).
    say : callable
        Takes a line about an attempt that failed.
    timeout : float
        Seconds without a byte after which an attempt ends.
    tries : int
        Attempts in a row without progress before giving up.
    sleep : callable
        Waits between attempts: 1 s, 2 s, 4 s, at most a minute.

    Returns
    -------
    dict
        The file's ``md5`` and ``sha256``.

    Raises
    ------
    FusionError
        If it cannot be had. What was received is kept, unless it was wrong.
    """
    part = path.with_name(path.name + ".part")
    failures = wrong = 0
    furthest = _size(part)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                transfer(remote, part, reserve=reserve, progress=progress, timeout=timeout)
            except HiccupError as error:
                failures = 1 if _size(part) >= furthest + _STEP else failures + 1
                furthest = max(furthest, _size(part))
                if failures >= tries:
                    raise FusionError(_given_up(remote, part, str(error), failures)) from None
                wait = min(error.wait, _LONGEST_ASKED) or min(2.0 ** (failures - 1), _LONGEST)
                say(f"{path.name}: {error}; again in {wait:.0f} s")
                sleep(wait)
                continue
            found = checksums(part)
            if agrees(found, remote.digest):
                part.replace(path)
                state_path(part).unlink(missing_ok=True)
                return found
            discard(part)
            wrong += 1
            if wrong == _WRONG:
                raise FusionError(_damaged(remote, path, found))
            say(f"{path.name}: its checksum is wrong; fetching it again")
    except OSError as error:
        raise unwritable(path, error) from None


def checksums(path: Path) -> dict[str, str]:
    """Return a file's MD5 and SHA-256, read once."""
    sums = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for each in sums.values():
                each.update(block)
    return {name: each.hexdigest() for name, each in sums.items()}


def agrees(found: dict[str, str], digest: str | None) -> bool:
    """Whether checksums are the known one, ``md5:...`` or ``sha256:...``; nothing known: yes."""
    if digest is None:
        return True
    kind, _, value = digest.partition(":")
    return found[kind] == value.lower()


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _given_up(remote: Remote, part: Path, why: str, failures: int) -> str:
    kept = _size(part)
    rest = f"; {kept:,} bytes are kept in {part}, the same command goes on from there" if kept else "; try again later"
    return f"{shown(remote.url)}: {why} ({failures} attempts without progress){rest}, or name a mirror with --url"


def _damaged(remote: Remote, path: Path, found: dict[str, str]) -> str:
    kind, _, value = (remote.digest or "").partition(":")
    return (
        f"{path}: the file from {shown(remote.url)} is not the one that is expected: its {kind} is {found[kind]}, "
        f"should be {value} (fetched {_WRONG} times, nothing kept); name another place with --url"
    )
