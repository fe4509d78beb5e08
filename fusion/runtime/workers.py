"""Worker processes: spawned, so that each starts clean, with a fixed number of processor threads."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import parent_process
from threading import Thread
from typing import Any, TypeVar

from fusion.errors import FusionError, listing
from fusion.runtime.backend import keras_environment
from fusion.runtime.cluster import Cluster
from fusion.runtime.signals import end, leave_to_parent, start_resource_tracker
from fusion.runtime.spawn import Context
from fusion.runtime.worker_log import worker_log

AnyTask = TypeVar("AnyTask")

# read by BLAS, OpenMP and TensorFlow when they are first imported
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

Workers = int | Cluster
"""Who does the work: so many processes of this machine at once, or a Dask scheduler's workers."""

OnMessage = Callable[[Any], None]
"""Takes the messages of workers, in a thread of the process that started them."""

MOST_TRAINED = 20
"""Tasks of one process where networks are trained: TensorFlow keeps 4 to 15 MB of each, whatever is cleared."""

_send: OnMessage = lambda _: None  # noqa: E731 (replaced in workers)


def send_message(message: object) -> None:
    """Send a message from a worker to the process that started it; lost in a process that nobody started so."""
    _send(message)


def processors() -> int:
    """Return how many processors this process may use, by its affinity and its container's quota."""
    from joblib import cpu_count  # half a second of import

    return int(cpu_count())


def parallel(workers: Workers) -> int:
    """Return how many tasks are done at once."""
    return workers.threads if isinstance(workers, Cluster) else workers


def is_shared(workers: Workers) -> bool:
    """Say whether workers see the folders of this command."""
    return not isinstance(workers, Cluster) or workers.shared


@contextmanager
def run(
    calls: Sequence[tuple[str, AnyTask]],
    workers: Workers,
    threads: int = 1,
    on_message: OnMessage | None = None,
) -> Generator[Iterator[tuple[AnyTask, Any]], None, None]:
    """Call functions in worker processes, which have ended when the caller leaves, for whatever reason.

    Parameters
    ----------
    calls : sequence of (str, task)
        A function of one argument as ``module:name``, and its argument, picklable. Only workers import the module,
        so that keras and librosa stay out of this process. Started in this order.
    workers : int or Cluster
        Processes of this machine at once, or the scheduler of others.
    threads : int
        Processor threads of each worker's numerical libraries.
    on_message : callable, optional
        Called, in a thread, with each message that workers send by `send_message`.

    Yields
    ------
    iterator of tuple
        Task and result, as they come.

    Raises
    ------
    FusionError
        If a worker dies (killed, out of memory); with the last lines of what workers wrote, which is
        shown otherwise only where ``FUSION_DEBUG`` is set.
    Exception
        What a worker raises. The others of this machine finish the task that they are at first, those of a cluster are
        told that nobody wants it any more.
    """
    if isinstance(workers, Cluster):
        found = workers.results(calls, threads, on_message)
    else:
        found = _results(calls, workers, threads, on_message)
    with closing(found) as results:
        yield results


def _results(
    calls: Sequence[tuple[str, AnyTask]], jobs: int, threads: int, on_message: OnMessage | None
) -> Generator[tuple[AnyTask, Any], None, None]:
    trains = any(getattr(task, "trains", False) for _, task in calls)
    most = MOST_TRAINED * jobs if trains else max(1, len(calls))
    for first in range(0, len(calls), most):  # a pool that replaces its processes itself can hang before Python 3.14
        own = calls[first : first + most]
        with processes(min(jobs, len(own)), threads, on_message) as pool:
            try:
                futures = {pool.submit(call_by_name, function, task): task for function, task in own}
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BaseException as error:
                if not isinstance(error, Exception):  # interrupted, or nobody wants the rest
                    end(list((pool._processes or {}).values()))
                raise


@contextmanager
def in_turn(
    function: str, lifetime: int, threads: int = 1, on_message: OnMessage | None = None
) -> Iterator[Callable[[Any], Any]]:
    """Give a way to call a function in another process, again and again.

    Parameters
    ----------
    function : str
        As for `run`.
    lifetime : int
        Calls after which a new process takes over, for what leaks memory.
    threads, on_message
        As for `run`.

    Yields
    ------
    callable
        From task to result; raises what the function raises, and FusionError if the process dies. The next call then
        has a new one.
    """
    with ExitStack() as open_pool:
        left = 0
        pool: ProcessPoolExecutor

        def call(task: Any) -> Any:
            nonlocal left, pool
            if not left:
                open_pool.close()
                pool, left = open_pool.enter_context(processes(1, threads, on_message)), lifetime
            left -= 1
            try:
                return pool.submit(call_by_name, function, task).result()
            except BrokenProcessPool:
                left = 0
                open_pool.__exit__(*sys.exc_info())  # says why
                raise
            except BaseException as error:
                if not isinstance(error, Exception):
                    end(list((pool._processes or {}).values()))
                raise

        yield call


@contextmanager
def processes(
    count: int, threads: int, on_message: OnMessage | None, more: Mapping[str, str] | None = None
) -> Generator[ProcessPoolExecutor, None, None]:
    """Open a pool of workers whose messages are passed on; the death of one is a FusionError with its last lines.

    Parameters
    ----------
    count, threads, on_message
        As for `run`.
    more : dict of str to str, optional
        Environment variables that they have beside those of this process.
    """
    context = Context()
    start_resource_tracker()
    messages = context.Queue()
    receiver = Thread(target=_pass_on, args=(messages, on_message), daemon=True)
    receiver.start()
    environment = {**dict.fromkeys(_THREADS, str(threads)), **keras_environment(), **(more or {})}
    with worker_log() as log:
        pool = ProcessPoolExecutor(count, context, initializer=_start, initargs=(messages, log.name, environment))
        try:
            yield pool
        except BrokenProcessPool:
            last = listing(log.read().decode(errors="replace").splitlines()[-5:])
            said = f"It said last:\n{last}" if last else "It said nothing."
            raise FusionError(
                "a worker process died, perhaps for want of memory; what was finished is kept: run the same "
                f"command again, with fewer --jobs (of a cluster: --nthreads) if memory is short. {said}"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            messages.put(None)
            messages.cancel_join_thread()  # a worker killed while it sent one must not hold us up
            receiver.join(timeout=5)


def call_by_name(function: str, task: object) -> Any:
    """Call the function that ``module:name`` names."""
    module, name = function.split(":")
    return getattr(importlib.import_module(module), name)(task)


def _start(messages: Any, log: str, environment: Mapping[str, str | None]) -> None:
    global _send
    leave_to_parent()
    if not os.environ.get("FUSION_DEBUG"):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), 2)  # TensorFlow chatters whatever it is told
    os.dup2(2, 1)  # stdout is the command line's alone
    for name, value in environment.items():  # here, not by inheritance: threads start workers with other ones at once
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _send = messages.put
    Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """End this worker when the process that started it is gone, however that was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _pass_on(messages: Any, on_message: OnMessage | None) -> None:
    while (message := messages.get()) is not None:
        if on_message:
            on_message(message)
