"""The tasks of one run on their way through a Dask scheduler: few at a time, so that it never holds many of them."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from fusion.errors import FusionError
from fusion.runtime.cluster_worker import TOPIC, Call, perform
from fusion.runtime.crew import Crew
from fusion.runtime.packing import MOST, Returned, pack, place

_LOOK = 1.0  # seconds between two looks at which workers there are
_AHEAD = 3  # tasks of each worker's thread that are submitted: one is done, two wait there while results travel
_MOST_UNDER_WAY = 4 * MOST  # bytes of tasks that the scheduler holds at once


class SchedulerError(FusionError):
    """The scheduler cannot be reached, or not any more: no fault of the tasks."""


class Submission:
    """The tasks of one run on their way through a scheduler.

    Parameters
    ----------
    client : distributed.Client
    crew : Crew
    session : str
        Names the command.
    threads : int
        Processor threads of each task's numerical libraries.
    shared : bool
        Whether workers see the files that tasks name; else they travel with the tasks.
    """

    def __init__(self, client: Any, crew: Crew, session: str, threads: int, shared: bool) -> None:
        self.client, self.crew, self.session, self.threads, self.shared = client, crew, session, threads, shared
        self.run: str | None = None
        self.under_way: dict[Any, tuple[Any, int]] = {}  # task and bytes by future
        self.done: SimpleQueue[Any] = SimpleQueue()

    def results(
        self, calls: Sequence[tuple[str, Any]], on_message: Callable[[Any], None] | None
    ) -> Generator[tuple[Any, Any], None, None]:
        """Yield tasks and their results, as they come; cancel what is left on the way out."""
        waiting, looked = list(reversed(calls)), -_LOOK
        with self._messages(on_message):
            try:
                while waiting or self.under_way:
                    if time.monotonic() - looked > _LOOK:
                        self._look()
                        looked = time.monotonic()
                    while waiting and self._has_room():
                        self._submit(*waiting.pop())
                    with suppress(Empty):
                        future = self.done.get(timeout=_LOOK)
                        task, _ = self.under_way.pop(future)
                        yield task, self._result(future)
            finally:
                if self.under_way and self.client.status == "running":
                    self.client.cancel(list(self.under_way))

    def _look(self) -> None:
        """See which workers there are, and name those that are refused."""
        named, some, with_gpu = set(self.crew.refused), self.crew.threads, bool(self.crew.with_gpu)
        with self._scheduler_there():
            self.crew.look()
        for address in set(self.crew.refused) - named:
            warnings.warn(self.crew.refused[address], stacklevel=2)
        if some and not self.crew.threads:
            warnings.warn("no worker is left; the command goes on when there is one again", stacklevel=2)
        elif with_gpu and not self.crew.with_gpu:
            warnings.warn("no worker with a GPU is left; trainings go on when there is one again", stacklevel=2)

    def _has_room(self) -> bool:
        if not self.under_way:
            return True
        size = sum(size for _, size in self.under_way.values())
        return len(self.under_way) < _AHEAD * self.crew.threads and size < _MOST_UNDER_WAY

    def _submit(self, function: str, task: Any) -> None:
        payload, files = pack(task, self.shared)
        trains = getattr(task, "trains", False)
        call = Call(self.session, self.run, function, payload, files, self.threads, str(Path.cwd()), trains)
        wanted = {self.crew.versions.resource: 1}
        if self.crew.gpus and trains:
            wanted["GPU"] = 1
        name = f"{function.rpartition(':')[2]}-{uuid4().hex}"  # what the dashboard groups tasks by
        with self._scheduler_there():
            future = self.client.submit(perform, call, key=name, pure=False, resources=wanted)
        self.under_way[future] = task, len(payload) + sum(map(len, (files or {}).values()))
        future.add_done_callback(self.done.put)

    def _result(self, future: Any) -> Any:
        from distributed import KilledWorker

        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                raise FusionError(
                    f"a task ended every worker that took it ({error.task}), perhaps for want of memory; what was "
                    "finished is kept: run the same command again, with fewer threads a worker (--nthreads)"
                )
            raise error
        with self._scheduler_there():
            result = future.result()
        if isinstance(result, Returned):
            place(result.folders)
            return result.value
        return result

    @contextmanager
    def _messages(self, on_message: Callable[[Any], None] | None) -> Iterator[None]:
        if on_message is None:
            yield
            return

        def hear(event: tuple[float, Mapping[str, Any]]) -> None:
            if event[1]["run"] == self.run:
                on_message(tuple(json.loads(event[1]["message"])))

        self.run = uuid4().hex
        self.client.subscribe_topic(TOPIC, hear)
        try:
            yield
        finally:
            if self.client.status == "running":
                self.client.unsubscribe_topic(TOPIC)

    @contextmanager
    def _scheduler_there(self) -> Iterator[None]:
        """Tell a scheduler that went away from what tasks raise."""
        try:
            yield
        except (CancelledError, OSError) as error:
            raise SchedulerError(
                f"{self.client.scheduler.address}: the scheduler ended, or let go of the tasks "
                f"({type(error).__name__}); what was finished is kept: when a scheduler is there again, the same "
                "command goes on from there"
            ) from None
