"""Commands that begin at once: forked from a process that has imported fusion, with warm workers, so that many can be killed.

Run as a program it takes lines of JSON, ``{folder, words, before}``, starts each as a process of its own, in its own
session, and answers with its id, and when that has ended with its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import parents

ROOT = Path(__file__).parents[2]


@dataclass
class Command:
    """A command that runs; `code` waits for its end."""

    pid: int
    server: subprocess.Popen[str]

    def code(self) -> int:
        return json.loads(self.server.stdout.readline())


@dataclass
class Zygote:
    server: subprocess.Popen[str]

    def start(self, folder: Path, words: Sequence[object], before: str = "") -> Command:
        """Start a command in a folder, in whose ``tmp``, ``out`` and ``err`` its temporary files and output go."""
        (folder / "tmp").mkdir(exist_ok=True)
        line = {"folder": str(folder), "words": [str(word) for word in words], "before": before}
        self.server.stdin.write(json.dumps(line) + "\n")
        self.server.stdin.flush()
        return Command(json.loads(self.server.stdout.readline()), self.server)

    def workers(self) -> list[int]:
        """Return worker processes that are alive: those of the fork server, whose parent is the zygote."""
        known = parents()
        servers = {pid for pid, parent in known.items() if parent == self.server.pid}
        return [pid for pid, parent in known.items() if parent in servers]


@contextmanager
def zygote() -> Iterator[Zygote]:
    """Start the process, and end it."""
    environment = {**os.environ, "NO_PROXY": "*", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "tests.support.zygote"]
    with subprocess.Popen(
        line, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert json.loads(server.stdout.readline()) == "ready"
        try:
            yield Zygote(server)
        finally:
            server.stdin.close()
            server.wait()


def _child(line: dict[str, object]) -> None:
    from multiprocessing import forkserver

    from fusion.cli import app

    os.setsid()
    forkserver._forkserver.ensure_running = lambda: None  # it is the parent's child
    folder = Path(line["folder"])
    os.chdir(folder)
    os.environ["TMPDIR"], tempfile.tempdir = str(folder / "tmp"), None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.close(0)
    exec(line["before"], {})
    app.main(line["words"])


def main() -> None:
    import fusion.api.experiments
    import fusion.api.search
    import fusion.studies.ablate
    import fusion.studies.curve  # noqa: F401
    from fusion.cli import app, console, data, experiments, results  # noqa: F401
    from fusion.runtime import workers
    from tests.support.warm import WarmContext, start_server, stop_server

    workers.Context = WarmContext
    start_server()
    with workers.processes(1, 1, None) as pool:  # the server has imported all when its first worker has begun
        pool.submit(time.time).result()
    print(json.dumps("ready"), flush=True)
    for text in sys.stdin:
        pid = os.fork()
        if not pid:
            code = 70
            try:
                _child(json.loads(text))
            except SystemExit as stop:
                code = stop.code
            except KeyboardInterrupt:  # before the command began to listen
                code = 130
            finally:
                sys.stdout.flush()
                os._exit(code)
        print(json.dumps(pid), flush=True)
        _, status = os.waitpid(pid, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
    stop_server()


if __name__ == "__main__":
    main()
