"""A server on this machine for tests of downloads: it behaves badly on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Place:
    """Files by path, and misbehaviours: each request takes the next one, then all is well."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    chunked: bool = False
    tricks: list[Callable[[Handler, bytes], bool | None]] = field(default_factory=list)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Serves a `Place`; a trick returns True if it has answered itself."""

    place: Place

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        place = self.place
        place.asked.append((self.path, self.headers.get("Range")))
        body = place.files.get(self.path.split("?")[0])
        if place.tricks and place.tricks.pop(0)(self, body or b""):
            return
        if body is None:
            self.send_error(404)
            return
        self.answer(body)

    def answer(self, body: bytes, length: int | None = None, most: int | None = None) -> None:
        """Send a file, or the rest of it; announce `length` instead of the true one, stop after `most` bytes."""
        place = self.place
        start, asked = 0, self.headers.get("Range")
        if asked and place.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if not place.chunked:
            self.send_header("Content-Length", str(len(body) - start if length is None else length))
        self.end_headers()
        with suppress(ConnectionError):  # who asked may have hung up
            self.wfile.write(body[start:] if most is None else body[start : start + most])


@contextmanager
def serving() -> Iterator[Place]:
    """Run a server of its own on the loopback address."""
    place = Place()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"place": place}))
    place.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        place.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def cut(most: int) -> Callable[[Handler, bytes], bool]:
    """The connection ends after so many bytes."""

    def trick(handler: Handler, body: bytes) -> bool:
        handler.answer(body, most=most)
        return True

    return trick


def status(code: int, **headers: str) -> Callable[[Handler, bytes], bool]:
    """An answer without content."""

    def trick(handler: Handler, body: bytes) -> bool:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    return trick


def announcing(length: int) -> Callable[[Handler, bytes], bool]:
    """The whole file under a wrong length."""

    def trick(handler: Handler, body: bytes) -> bool:
        handler.answer(body, length=length)
        return True

    return trick


def corrupting(handler: Handler, body: bytes) -> bool:
    """The first byte is wrong."""
    handler.answer(bytes([body[0] ^ 255]) + body[1:])
    return True
