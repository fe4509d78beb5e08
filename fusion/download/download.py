"""Downloading one archive: taken up where it broke off, tried again, verified; what stands under its name is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from time import sleep

import requests
from urllib3.exceptions import HTTPError

from fusion.download.archives import shown
from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.progress import AdvanceTo
from fusion.runtime.versions import VERSION
from fusion.settings.archive import Archive

_TIMEOUT = 60.0  # seconds without a byte after which an attempt ends
_TRIES = 8  # attempts in a row without progress before giving up
_STEP = 2**20  # bytes that count as progress: the attempts begin to count anew
_LONGEST = 60.0  # seconds between attempts
_LONGEST_ASKED = 300.0  # if the server asks for it
_BLOCK = 2**16
_SIGNS = {
    "certificate": "the server's certificate is not accepted",
    "resolve": "the server's name is not known (is there a network?)",
    "refused": "the server refuses the connection",
    "timed out": "the server does not answer or has stopped sending",
    "proxy": "the proxy does not let it through",
    "redirects": "the server redirects without end",
}


class HiccupError(Exception):
    """What may go better the next time; `wait` is what the server asks for, in seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


def fetch(
    archive: Archive,
    base: str,
    path: Path,
    progress: AdvanceTo | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Download an archive; an interrupted download is taken up again, also by a later call.

    Parameters
    ----------
    archive : Archive
    base : str
        Address of the folder that holds it.
    path : Path
        Where the file goes. Until it is whole and verified, ``.part`` is appended to its name.
    progress : callable, optional
        Called with (bytes there, bytes in all or 0).
    say : callable
        Takes a line about an attempt that failed.

    Raises
    ------
    FusionError
        If it cannot be had. What was received is kept, unless it was wrong.
    """
    url, part = f"{base}/{archive.file}", path.with_name(path.name + ".part")
    failures, furthest, wrong_before = 0, _size(part), False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                _transfer(url, archive, part, progress)
            except HiccupError as error:
                failures = 1 if _size(part) >= furthest + _STEP else failures + 1
                furthest = max(furthest, _size(part))
                if failures >= _TRIES:
                    raise FusionError(
                        f"{shown(url)}: {error} ({failures} attempts without progress); {_size(part):,} bytes are kept "
                        f"in {part}, the same command goes on from there, or name a mirror with --url"
                    ) from None
                wait = min(error.wait, _LONGEST_ASKED) or min(2.0 ** (failures - 1), _LONGEST)
                say(f"{path.name}: {error}; again in {wait:.0f} s")
                sleep(wait)
                continue
            received = md5(part)
            if received == archive.md5:
                part.replace(path)
                return
            part.unlink()
            if wrong_before:
                raise FusionError(
                    f"{path}: the file from {shown(url)} is not the expected one: its MD5 is {received}, should be "
                    f"{archive.md5} (fetched twice, nothing kept); name another place with --url"
                )
            wrong_before = True
            say(f"{path.name}: its checksum is wrong; fetching it again")
    except OSError as error:
        raise unwritable(path, error) from None


def md5(path: Path) -> str:
    """Return a file's MD5, 32 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _transfer(url: str, archive: Archive, part: Path, progress: AdvanceTo | None) -> None:
    """Receive what is missing of `part` in one attempt; whether the bytes are the right ones, the checksum tells."""
    have = _size(part)
    headers = {"Accept-Encoding": "identity", "User-Agent": f"fusion/{VERSION}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if have and response.status_code == 416:
                return  # the server has no more bytes than are there
            total = _announced(response, shown(url), archive, part)
            with part.open("ab" if response.status_code == 206 else "wb") as file:
                for block in response.raw.stream(_BLOCK, decode_content=False):
                    file.write(block)
                    if progress:
                        progress(file.tell(), total)
                    if file.tell() > archive.size * (1 + archive.tolerance):
                        return  # another file, perhaps one without end
        if _size(part) < (total or archive.size * (1 - archive.tolerance)):  # nothing else tells, without a length
            raise HiccupError("the connection was cut")
    except (requests.RequestException, HTTPError, ValueError) as error:
        text = str(error).lower()  # not shown: libraries put addresses and objects in
        words = next((meaning for sign, meaning in _SIGNS.items() if sign in text), "")
        passes = isinstance(error, (requests.ConnectionError, requests.Timeout, HTTPError))
        if passes and not isinstance(error, requests.exceptions.SSLError):
            raise HiccupError(words or "the connection was cut") from None
        raise FusionError(
            f"{shown(url)}: {words or 'cannot be fetched'} ({type(error).__name__}); check the address or name a "
            "mirror with --url"
        ) from None


def _announced(response: requests.Response, where: str, archive: Archive, part: Path) -> int:
    """Judge what the server answers; return the size of the whole file, 0 if it does not say it."""
    code, headers = response.status_code, response.headers
    if code in (408, 425, 429) or code >= 500:
        asked = headers.get("Retry-After", "")
        raise HiccupError(f"the server answers {code} {response.reason}", float(asked) if asked.isdecimal() else 0.0)
    if code not in (200, 206):
        raise FusionError(
            f"{where}: the server answers {code} {response.reason}; look whether the file has moved, or name "
            "a mirror with --url"
        )
    if headers.get("Content-Type", "").startswith("text/html"):
        raise FusionError(f"{where}: the server sends a web page instead of the file (a log-in page of the network?)")
    length = headers.get("Content-Range" if code == 206 else "Content-Length", "")
    if code == 206 and not length.startswith(f"bytes {_size(part)}-"):
        part.unlink(missing_ok=True)
        raise HiccupError("the server sends another part than it was asked for; starting over")
    total = length.rpartition("/")[2]
    if total.isdecimal() and abs(int(total) - archive.size) > archive.size * archive.tolerance:
        raise FusionError(
            f"{where}: the server announces {int(total):,} bytes, the file should have {archive.size:,}: another file; "
            "name a mirror with --url"
        )
    return int(total) if total.isdecimal() else 0


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
