"""One attempt at a download: take up where the last one ended, if the file is still the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import HTTPError

from fusion.download.archives import shown
from fusion.errors import FusionError
from fusion.runtime.disk import free_bytes, gigabytes, unwritable
from fusion.runtime.files import write_json
from fusion.runtime.versions import VERSION

Told = Callable[[int, int], None]

_BLOCK = 64 * 1024
_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18}|\*)")


class HiccupError(Exception):
    """What may go better the next time; `wait` is what the server asks for, in seconds."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class Remote:
    """A file on a server: address, exact size if it is known, bytes it cannot exceed, checksum if it is known."""

    url: str
    size: int | None = None
    most: int = 2**50
    digest: str | None = None


@dataclass(frozen=True)
class State:
    """What the server said of the file that a partial one was begun from; kept beside it."""

    url: str
    etag: str | None
    modified: str | None
    total: int | None

    @property
    def validator(self) -> str | None:
        """By what the server can tell whether its file is still the same; a weak tag cannot."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


def state_path(part: Path) -> Path:
    """Return the file beside a partial one."""
    return part.with_name(part.name + ".json")


def discard(part: Path) -> None:
    """Remove a partial file and what is known of it."""
    part.unlink(missing_ok=True)
    state_path(part).unlink(missing_ok=True)


def transfer(
    remote: Remote, part: Path, *, reserve: int = 0, progress: Told | None = None, timeout: float = 60.0
) -> None:
    """Receive what is missing of `part`; on return it has every byte that was announced.

    Parameters
    ----------
    remote : Remote
    part : Path
        The partial file; may exist.
    reserve : int
        Bytes of the disk to be left free beside the file.
    progress : callable, optional
        Called with (bytes there, bytes in all or 0).
    timeout : float
        Seconds without a byte after which the attempt ends.

    Raises
    ------
    HiccupError
        If another attempt may help; what was received is kept.
    FusionError
        If it cannot.
    """
    state = _read_state(part)
    have = part.stat().st_size if part.exists() and state else 0
    if not state or not _resumable(state, remote):
        have = 0
    elif have and have == state.total:
        return
    headers = {"Accept-Encoding": "identity", "User-Agent": f"fusion/{VERSION}"}
    if have and state:
        headers["Range"] = f"bytes={have}-"
        if state.validator and state.url == remote.url:
            headers["If-Range"] = state.validator
    waits = (min(timeout, 30.0), timeout)
    try:
        with requests.get(remote.url, headers=headers, stream=True, timeout=waits) as response:
            begun = _begin(response, remote, part, have, state)
            if begun is not None:
                _receive(response, remote, part, *begun, reserve, progress)
    except (requests.exceptions.SSLError, requests.exceptions.TooManyRedirects) as error:
        raise FusionError(f"{shown(remote.url)}: {_plain(error)}; name a mirror with --url") from None
    except (requests.ConnectionError, requests.Timeout) as error:
        raise HiccupError(_plain(error)) from None
    except (requests.RequestException, HTTPError, UnicodeError) as error:
        raise FusionError(f"{shown(remote.url)}: cannot be fetched: {_plain(error)}; check the address") from None


def _read_state(part: Path) -> State | None:
    try:
        return State(**json.loads(state_path(part).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _resumable(state: State, remote: Remote) -> bool:
    """Whether a partial file may be continued: the server, or a checksum, can tell if its file is another one."""
    if remote.size is not None and state.total not in (None, remote.size):
        return False
    return remote.digest is not None or (state.url == remote.url and state.validator is not None)


def _begin(
    response: requests.Response, remote: Remote, part: Path, have: int, state: State | None
) -> tuple[int, int | None] | None:
    """Judge what the server answers; return from which byte it sends and up to which, None if all is there."""
    code = response.status_code
    where = shown(remote.url)
    start, total = _announced(response)
    if code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        if total == have and remote.size in (None, have):
            return None
        discard(part)
        raise HiccupError("the server's file is shorter than what is there; starting over")
    if code in (408, 425, 429) or code >= 500:
        raise HiccupError(f"the server answers {code} {response.reason}", _wait_asked(response))
    if code not in (200, 206):
        raise FusionError(
            f"{where}: the server answers {code} {response.reason}; look whether the file has moved, or name "
            "a mirror with --url"
        )
    if response.headers.get("Content-Type", "").startswith("text/html"):
        raise FusionError(f"{where}: the server sends a web page instead of the file (a log-in page of the network?)")
    if total is not None and (total != remote.size if remote.size is not None else total > remote.most):
        expected = f"{remote.size:,}" if remote.size is not None else f"at most {remote.most:,}"
        raise FusionError(
            f"{where}: the server announces {total:,} bytes, the file should have {expected}: another file; "
            "name a mirror with --url"
        )
    new = State(remote.url, response.headers.get("ETag"), response.headers.get("Last-Modified"), total)
    if code == HTTPStatus.PARTIAL_CONTENT:
        if start != have or (have and state and _changed(state, new)):
            discard(part)
            raise HiccupError("the file has changed on the server; starting over")
        if have:
            return have, total if total is not None else remote.size
    total = new.total if new.total is not None else remote.size
    discard(part)  # first, so that the new state never stands beside old bytes
    write_json(state_path(part), asdict(new))
    return 0, total


def _announced(response: requests.Response) -> tuple[int, int | None]:
    """Return the first byte that is sent (-1: unknown) and the size of the whole file."""
    if response.status_code in (206, 416):
        match = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if not match:
            return -1, None
        return int(match[1]) if match[1] else -1, None if match[3] == "*" else int(match[3])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else None


def _changed(old: State, new: State) -> bool:
    if old.url != new.url:  # another mirror: only size and checksum can tell
        return None not in (old.total, new.total) and old.total != new.total
    pairs = ((old.etag, new.etag), (old.modified, new.modified), (old.total, new.total))
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _receive(
    response: requests.Response,
    remote: Remote,
    part: Path,
    have: int,
    total: int | None,
    reserve: int,
    progress: Told | None,
) -> None:
    """Append what the server sends."""
    room = free_bytes(part.parent)
    need = (total - have if total is not None else 0) + reserve
    if need > room:
        raise FusionError(f"{part.parent}: {gigabytes(need)} are needed, {gigabytes(room)} are free; free some space")
    limit = total if total is not None else remote.most
    with part.open("ab") as file:
        while block := _block(response.raw):
            if have + len(block) > limit:
                discard(part)
                raise FusionError(
                    f"{shown(remote.url)}: the server sends more than the {limit:,} bytes of the file: another file; "
                    "name a mirror with --url"
                )
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                raise unwritable(part, error) from None
            have += len(block)
            if progress:
                progress(have, total or 0)
    if total is not None and have < total:
        raise HiccupError(f"the connection ended after {have:,} of {total:,} bytes")


def _block(raw: Any) -> bytes:
    try:
        return bytes(raw.read(_BLOCK, decode_content=False))
    except (HTTPError, OSError, ValueError) as error:
        raise HiccupError(_plain(error)) from None


def _wait_asked(response: requests.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 0.0


def _plain(error: BaseException) -> str:
    """Return what went wrong in a few words, without the addresses and objects that libraries put in."""
    text = str(error).lower()
    for sign, meaning in _SIGNS.items():
        if sign in text:
            return meaning
    if isinstance(error, requests.Timeout):
        return "the server does not answer"
    return type(error).__name__


_SIGNS = {
    "certificate": "the server's certificate is not accepted",
    "name or service not known": "the server's name is not known (is there a network?)",
    "failed to resolve": "the server's name is not known (is there a network?)",
    "nameresolution": "the server's name is not known (is there a network?)",
    "connection refused": "the server refuses the connection",
    "timed out": "the server does not answer or has stopped sending",
    "proxy": "the proxy does not let it through",
    "redirects": "the server redirects without end",
    "incompleteread": "the connection was cut",
    "aborted": "the connection was cut",
    "reset": "the connection was cut",
}
