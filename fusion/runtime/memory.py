"""Results of slow functions, kept in a table by what they depend on, so that an interrupted command goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.workers import run

Advance = Callable[[int], None]


def remembered(
    table: Path,
    version: int,
    tasks: Mapping[str, Any],
    function: str,
    *,
    jobs: int = 1,
    batch: int = 64,
    advance: Advance | None = None,
) -> dict[str, Any]:
    """Return a function's results, computing in worker processes those that the table lacks.

    Parameters
    ----------
    table : Path
        An SQLite file; made where it is missing.
    version : int
        Of the function: results of other versions do not count.
    tasks : mapping of str to task
        What to compute, picklable, by a key that says all that the result depends on.
    function : str
        ``module:name`` of a function from a tuple of tasks to a list of results that JSON can hold.
    jobs : int
        Processes at once.
    batch : int
        Tasks of a call; those of an interrupted call are lost, no others.
    advance : callable, optional
        Called with a number of tasks done, at first with those that are known.

    Returns
    -------
    dict
        Results by key.

    Raises
    ------
    FusionError
        If the table cannot be read or written.
    """
    advance = advance or (lambda _: None)
    try:
        table.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(table, error) from error
    try:
        with closing(sqlite3.connect(table, timeout=60)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, version INT, result TEXT)")
            rows = database.execute("SELECT key, result FROM results WHERE version = ?", (version,))
            results = {key: json.loads(result) for key, result in rows if key in tasks}
            advance(len(results))
            keys = [key for key in tasks if key not in results]
            groups = [tuple(keys[first : first + batch]) for first in range(0, len(keys), batch)]
            calls = {tuple(tasks[key] for key in group): group for group in groups}
            for call, found in run([(function, call) for call in calls], jobs):
                new = dict(zip(calls[call], found, strict=True))
                with database:
                    values = [(key, version, json.dumps(result)) for key, result in new.items()]
                    database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", values)
                results |= new
                advance(len(new))
    except (sqlite3.Error, json.JSONDecodeError) as error:
        raise FusionError(
            f"{table}: what was found before cannot be used: {error}; delete this file, or name another folder with "
            "--cache"
        ) from error
    return results
