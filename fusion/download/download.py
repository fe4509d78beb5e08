"""Downloading one file: taken up where it broke off, tried again, verified; what stands under its name is whole."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from fusion.download.archives import shown
from fusion.errors import FusionError
from fusion.runtime.files import unwritable, write_json
from fusion.runtime.progress import AdvanceTo
from fusion.runtime.versions import VERSION

_LONGEST = 60.0  # seconds between attempts
_LONGEST_ASKED = 300.0  # if the server asks for it
_STEP = 2**20  # bytes that count as progress: the attempts begin to count anew
_BLOCK = 2**16


@dataclass(frozen=True)
class RemoteFile:
    """A file on a server: its address, its size in bytes, its MD5, and the share by which the size may be wrong."""

    url: str
    size: int
    md5: str
    tolerance: float = 0.0


class HiccupError(Exception):
    """What may go better the next time; `wait` is what the server asks for, in seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


def fetch(
    remote: RemoteFile,
    path: Path,
    *,
    progress: AdvanceTo | None = None,
    say: Callable[[str], None] = lambda _: None,
    timeout: float = 60.0,
    tries: int = 8,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Download a file; an interrupted download is taken up again, also by a later call.

    Parameters
    ----------
    remote : RemoteFile
    path : Path
        Where the file goes. Until it is whole and verified, ``.part`` is appended to its name.
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

    Raises
    ------
    FusionError
        If it cannot be had. What was received is kept, unless it was wrong.
    """
    part = path.with_name(path.name + ".part")
    failures, furthest, wrong_before = 0, _size(part), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                _transfer(remote, part, progress, timeout)
            except HiccupError as error:
                failures = 1 if _size(part) >= furthest + _STEP else failures + 1
                furthest = max(furthest, _size(part))
                if failures >= tries:
                    raise FusionError(
                        f"{shown(remote.url)}: {error} ({failures} attempts without progress); {_size(part):,} bytes "
                        f"are kept in {part}, the same command goes on from there, or name a mirror with --url"
                    ) from None
                wait = min(error.wait, _LONGEST_ASKED) or min(2.0 ** (failures - 1), _LONGEST)
                say(f"{path.name}: {error}; again in {wait:.0f} s")
                sleep(wait)
                continue
            received = md5(part)
            if received == remote.md5:
                part.replace(path)
                _discard(part)
                return
            _discard(part)
            if wrong_before:
                raise FusionError(
                    f"{path}: the file from {shown(remote.url)} is not the expected one: its MD5 is {received}, "
                    f"should be {remote.md5} (fetched twice, nothing kept); name another place with --url"
                )
            wrong_before = True
            say(f"{path.name}: its checksum is wrong; fetching it again")
    except OSError as error:
        raise unwritable(path, error) from None


def md5(path: Path) -> str:
    """Return a file's MD5, 32 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _transfer(remote: RemoteFile, part: Path, progress: AdvanceTo | None, timeout: float) -> None:
    """Receive what is missing of `part` in one attempt; on return it has every byte that was announced."""
    have, validator = _size(part), _read_validator(part, remote.url)
    headers = {"Accept-Encoding": "identity", "User-Agent": f"fusion/{VERSION}"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator  # all of it again if it has changed
    try:
        with requests.get(remote.url, headers=headers, stream=True, timeout=timeout) as response:
            if _is_complete(response, part, have):
                return
            total = _begin(response, remote, part, have, validator)
            _append(response.raw.stream(_BLOCK, decode_content=False), remote, part, total, progress)
            if _size(part) < (total or remote.size * (1 - remote.tolerance)):  # nothing else tells, without a length
                raise HiccupError("the connection was cut")
    except (requests.exceptions.SSLError, requests.exceptions.TooManyRedirects) as error:
        raise FusionError(f"{shown(remote.url)}: {_in_words(error)}; name a mirror with --url") from None
    except (requests.ConnectionError, requests.Timeout, HTTPError) as error:
        raise HiccupError(_in_words(error)) from None
    except (requests.RequestException, ValueError) as error:
        raise FusionError(
            f"{shown(remote.url)}: cannot be fetched ({type(error).__name__}); check the address"
        ) from None


def _is_complete(response: requests.Response, part: Path, have: int) -> bool:
    """Say whether the server has no more bytes than are there; whether they are the right ones, the checksum tells."""
    if response.status_code != 416 or not have:
        return False
    if response.headers.get("Content-Range", "").rpartition("/")[2] in ("", "*", str(have)):
        return True
    _discard(part)
    raise HiccupError("the server's file is shorter than what is there; starting over")


def _begin(response: requests.Response, remote: RemoteFile, part: Path, have: int, validator: str | None) -> int:
    """Judge what the server answers; return the size of the whole file, 0 if it does not say it."""
    code, headers, where = response.status_code, response.headers, shown(remote.url)
    if code in (408, 425, 429) or code >= 500:
        asked = re.fullmatch("[0-9]{1,5}", headers.get("Retry-After", ""))
        raise HiccupError(f"the server answers {code} {response.reason}", float(asked[0]) if asked else 0.0)
    if code not in (200, 206):
        raise FusionError(
            f"{where}: the server answers {code} {response.reason}; look whether the file has moved, or name "
            "a mirror with --url"
        )
    if headers.get("Content-Type", "").startswith("text/html"):
        raise FusionError(f"{where}: the server sends a web page instead of the file (a log-in page of the network?)")
    tag = headers.get("ETag", "W/")
    now = headers.get("Last-Modified") if tag.startswith("W/") else tag  # a weak tag does not vouch for every byte
    if code == 206:
        changed = None not in (validator, now) and validator != now
        if changed or not have or not headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            _discard(part)
            raise HiccupError("the file has changed on the server; starting over")
    announced = headers.get("Content-Range" if code == 206 else "Content-Length", "").rpartition("/")[2]
    total = int(announced) if announced.isdecimal() else 0
    if total and abs(total - remote.size) > remote.size * remote.tolerance:
        raise FusionError(
            f"{where}: the server announces {total:,} bytes, the file should have {remote.size:,}: another file; "
            "name a mirror with --url"
        )
    if code == 200:
        _discard(part)  # first, so that the new state never stands beside old bytes
        write_json(_state_path(part), {remote.url: now})
    return total


def _append(blocks: Iterable[bytes], remote: RemoteFile, part: Path, total: int, progress: AdvanceTo | None) -> None:
    """Write what the server sends to the end of the partial file."""
    most = remote.size * (1 + remote.tolerance)
    with part.open("ab") as file:
        for block in blocks:
            file.write(block)
            if progress:
                progress(file.tell(), total)
            if file.tell() > most:
                break
    if _size(part) > most:
        _discard(part)
        raise FusionError(
            f"{shown(remote.url)}: the server sends more than the {remote.size:,} bytes that the file should have: "
            "another file; name a mirror with --url"
        )


def _state_path(part: Path) -> Path:
    """Return the file that says by what a server can tell whether its file is still the one of a partial file."""
    return part.with_name(part.name + ".json")


def _read_validator(part: Path, url: str) -> str | None:
    """Return the entity tag or the date that a server gave with a partial file; None where another server gave it."""
    try:
        state = json.loads(_state_path(part).read_bytes())
    except (OSError, ValueError):  # none or damaged: the checksum has to tell
        return None
    validator = state.get(url) if isinstance(state, dict) else None
    return validator if isinstance(validator, str) else None


def _discard(part: Path) -> None:
    part.unlink(missing_ok=True)
    _state_path(part).unlink(missing_ok=True)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _in_words(error: Exception) -> str:
    """Return what went wrong in a few words, without the addresses and objects that libraries put in."""
    text = str(error).lower()
    return next((meaning for sign, meaning in _SIGNS.items() if sign in text), "the connection was cut")


_SIGNS = {
    "certificate": "the server's certificate is not accepted",
    "resolve": "the server's name is not known (is there a network?)",
    "refused": "the server refuses the connection",
    "timed out": "the server does not answer or has stopped sending",
    "proxy": "the proxy does not let it through",
    "redirects": "the server redirects without end",
}
