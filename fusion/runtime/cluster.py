"""Workers of a Dask scheduler, on any machines, instead of worker processes of this one: the same tasks and results."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from fusion.errors import FusionError, listing
from fusion.runtime.cluster_worker import perform
from fusion.runtime.crew import Crew
from fusion.runtime.shared_folders import marked
from fusion.runtime.submission import SchedulerError, Submission

_ANSWER = 10.0  # seconds in which a scheduler answers, and has a worker
_START = (
    "start one with `dask scheduler`, and workers with `dask worker tcp://HOST:PORT`, in environments with the same "
    "versions as here; or leave --cluster and FUSION_CLUSTER out to use this machine alone"
)


@dataclass(frozen=True)
class Cluster:
    """A Dask scheduler whose workers do what processes of this machine would.

    Attributes
    ----------
    address : str
        Of the scheduler, as ``tcp://host:port``.
    read, written : tuple of Path
        What workers have to see to read and write files themselves.
    threads : int
        Tasks at once when the command began; other workers may come and go.
    shared : bool
        Whether all its workers see the folders; else files travel with the tasks.
    session : str
        Names the command, whose tasks may have the same processes one after another.
    """

    address: str
    read: tuple[Path, ...] = ()
    written: tuple[Path, ...] = ()
    threads: int = 1
    shared: bool = True
    session: str = field(default_factory=lambda: uuid4().hex)

    def results(
        self, calls: Sequence[tuple[str, Any]], threads: int, on_message: Callable[[Any], None] | None
    ) -> Generator[tuple[Any, Any], None, None]:
        """Yield tasks and their results, as `fusion.runtime.workers.run` does; cancel what is left on the way out."""
        if not calls:
            return
        with _connected(self.address) as client, marked(self.read, self.written) as marks:
            crew = Crew(client, marks, must_see=self.shared)
            yield from Submission(client, crew, self.session, threads, self.shared).results(calls, on_message)


def connect(address: str, read: Sequence[Path], written: Sequence[Path]) -> Cluster:
    """Return a cluster that was seen to work.

    Parameters
    ----------
    address : str
        Of the scheduler, as ``tcp://host:port``, or the scheduler file that it wrote.
    read, written : sequence of Path
        Folders and files that workers have to see to read and write files themselves.

    Raises
    ------
    FusionError
        If nobody answers there, or none of the workers has the same versions as this process.
    """
    address = _address(address)
    read = [folder.absolute() for folder in read]
    written = [folder.absolute() for folder in written]
    with _connected(address) as client, marked(read, written) as marks:
        try:
            client.run_on_scheduler(repr, perform)  # it reads each task that it passes on
        except Exception as error:
            raise FusionError(
                f"--cluster {address}: the scheduler cannot read fusion's tasks ({type(error).__name__}: {error}); "
                "start it, as its workers, in an environment with the same versions as here"
            ) from None
        crew = Crew(client, marks)
        began = time.monotonic()
        while not crew.look() and not crew.refused and time.monotonic() - began < _ANSWER:
            time.sleep(0.2)
    if not crew.threads:
        why = listing(crew.refused.values()) if crew.refused else "  it has none"
        raise FusionError(f"--cluster {address}: no worker of this scheduler can be used:\n{why}\n{_START}")
    return Cluster(address, tuple(read), tuple(written), crew.threads, not crew.blind)


def _address(text: str) -> str:
    """Return the address that was named, or that a scheduler file holds."""
    if "://" in text:
        return text
    try:
        return str(json.loads(Path(text).read_text(encoding="utf-8"))["address"])
    except OSError as error:
        raise FusionError(
            f"--cluster {text}: neither an address as tcp://HOST:PORT nor a scheduler file that can be read "
            f"({error.strerror}); {_START}"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise FusionError(f"--cluster {text}: no scheduler file: it names no address; {_START}") from None


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise FusionError("--cluster: Dask is not installed; run pip install 'fusion-mir[cluster]'") from None
    import dask

    quiet = {"distributed.admin.large-graph-warning-threshold": "100 GB"}
    if not os.environ.get("FUSION_DEBUG"):
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is an error of ours
    with dask.config.set(quiet):
        try:
            client = Client(address, timeout=_ANSWER, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            why = str(error) or f"within {_ANSWER:.0f} s"
            raise SchedulerError(f"--cluster {address}: no scheduler answers there ({why}); {_START}") from None
        try:
            yield client
        finally:
            client.close(timeout=2)
