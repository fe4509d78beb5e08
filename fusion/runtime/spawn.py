"""How worker processes start: without running the script again that starts them."""

from __future__ import annotations

import sys
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock
from typing import Any

from fusion.errors import FusionError

_STARTING = Lock()  # a thread must not take for the main module's file what another one has put there


class Worker(SpawnProcess):
    """A process that does not run the script again that started it: tasks name their functions by module.

    So a script needs no main guard, and workers of the command line do not import it.
    """

    def start(self) -> None:
        """Start while the main module seems to come from nowhere."""
        main = vars(sys.modules["__main__"])
        with _STARTING:
            hidden: dict[str, Any] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
            main |= dict.fromkeys(hidden)
            try:
                super().start()
            finally:
                main |= hidden


class Context(SpawnContext):
    """What multiprocessing starts such processes by."""

    Process = Worker

    def Queue(self, maxsize: int = 0) -> Any:  # noqa: N802 (its name there)
        """Return a queue between processes.

        Raises
        ------
        FusionError
            If the system has no semaphores for it, which Linux keeps in /dev/shm.
        """
        try:
            return super().Queue(maxsize)
        except OSError as error:
            raise FusionError(
                f"worker processes need semaphores, and this system gives none ({error.strerror}): on Linux these are "
                "files in /dev/shm, so mount it, as containers do with `docker run --shm-size=64m`"
            ) from error
