"""A command whose disk fails at one call, in one process with its workers.

Run as a program it takes ``FOLDER FIRST LAST STEP COMMAND``.

Each call of open for writing, replace, mkdir and fsync below the folder is one that may fail. For each STEP-th number
from FIRST to LAST (to the end: -1) a fresh run fails there, then the same command is run to its end.
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from tests.support.left_behind import SPEC, finished, leftovers, snapshot


class Disk:
    """Counts calls, and fails at one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls, self.fails, self.kind = str(folder), 0, -1, errno.ENOSPC
        self.what = ""
        opened, built_in = io.open, builtins.open
        io.open = lambda file, mode="r", *rest, **more: self._open(opened, file, mode, *rest, **more)
        builtins.open = lambda file, mode="r", *rest, **more: self._open(built_in, file, mode, *rest, **more)
        for name in ("replace", "mkdir", "fsync"):
            setattr(os, name, self._watched(name, getattr(os, name)))

    def _open(self, opened: Callable[..., Any], file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if set(mode) & set("wax+"):
            self._call("open", file)
        return opened(file, mode, *rest, **more)

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(path: Any, *rest: Any, **more: Any) -> Any:
            self._call(name, path)
            return function(path, *rest, **more)

        return watched

    def _call(self, name: str, path: Any) -> None:
        if isinstance(path, int) or str(path).startswith(self.folder):
            self.calls += 1
            if self.calls - 1 == self.fails:
                self.what = f"{name} {path}"
                raise OSError(self.kind, os.strerror(self.kind), None if isinstance(path, int) else str(path))


@contextmanager
def here(
    calls: Sequence[tuple[Any, Any]], jobs: int, threads: int = 1, on_message: object = None, together: bool = False
) -> Iterator[Iterator[tuple[Any, Any]]]:
    """Call functions in this process, as `fusion.runtime.workers.run` does in others."""
    from fusion.runtime.workers import call_by_name

    yield ((task, call_by_name(function, task)) for function, task in calls)


def command(folder: Path, words: Sequence[str]) -> tuple[int, str]:
    from fusion.cli import app

    err = io.StringIO()
    os.chdir(folder)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(err):
            app.main(list(words))
    except SystemExit as stop:
        return int(stop.code or 0), err.getvalue()
    return 0, err.getvalue()


def main() -> None:
    import fusion.extraction.compiled
    import fusion.extraction.extract
    import fusion.runtime.memory
    import fusion.studies.completion

    for module in (
        fusion.extraction.compiled,
        fusion.extraction.extract,
        fusion.runtime.memory,
        fusion.studies.completion,
    ):
        module.run = here
    folder, (first, last, step) = Path(sys.argv[1]), map(int, sys.argv[2:5])
    words = [*sys.argv[5:], "x.yaml", "--data", str(folder / "nsynth"), "--cache", str(folder / "now" / "cache")]
    words += ["--results", str(folder / "now" / "results")] if words[0] == "run" else []

    def fresh() -> Path:
        place = folder / "now"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        (place / "x.yaml").write_text(SPEC.replace("epochs: 2", "epochs: 1").replace("seeds: [1, 2]", "seeds: [1]"))
        return place

    disk = Disk(folder / "now")
    place = fresh()
    disk.calls = 0
    code, said = command(place, words)
    assert code == 0, said
    wanted, count = snapshot(place), disk.calls
    failures = []
    numbers = list(range(count))[first : None if last < 0 else last : step]
    for number in numbers:
        place = fresh()
        disk.calls, disk.fails, disk.kind = 0, number, (errno.ENOSPC, errno.EIO)[number % 2]
        code, said = command(place, words)
        what, disk.fails, disk.what = disk.what, -1, ""
        problems = []
        told = code == 2 and "error: " in said and "has a bug" not in said
        # a folder that is there already need not be made, and what zipfile cannot open, it opens a second time
        if not told and (code or snapshot(place) != wanted):
            problems.append(f"exit {code}: {said[-400:]}")
        if code == 2 and (left := [name for name in leftovers(place) if ".lock" not in name]):
            problems.append(f"left {left}")
        done = finished(place)
        code, said = command(place, words)
        if code:
            problems.append(f"again, exit {code}: {said[-400:]}")
        elif {path: finished(place).get(path) for path in done} != done:
            problems.append("finished work was done again")
        elif (found := snapshot(place)) != wanted:
            problems.append(f"differs: {[name for name in wanted if found.get(name) != wanted[name]]}")
        if problems:
            failures.append({"call": what, "number": number, "problems": problems})
        print(number, what, problems, file=sys.stderr, flush=True)
    print(json.dumps({"calls": count, "faults": len(numbers), "failures": failures}))


if __name__ == "__main__":
    main()
