"""Results of slow functions, kept in a table by what they depend on, so that an interrupted command goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any
from zlib import crc32

from fusion.errors import FusionError
from fusion.runtime.files import unwritable
from fusion.runtime.progress import Advance
from fusion.runtime.workers import Workers, run

Batch = tuple[Any, ...]

# one look-up a key: a table may hold many times what is asked for
_WANTED = """
    SELECT results.key, result FROM json_each(?) AS wanted CROSS JOIN results ON results.key = wanted.value
    WHERE version = ?
"""


def remembered(
    table: Path,
    version: int,
    tasks: Mapping[str, Any],
    function: str | Callable[[Batch], list[Any]],
    *,
    workers: Workers = 1,
    batch: int = 64,
    is_current: Callable[[str, Any], bool] = lambda _key, _result: True,
    advance: Advance | None = None,
) -> dict[str, Any]:
    """Return a function's results, computing those that the table lacks.

    Parameters
    ----------
    table : Path
        An SQLite file; made where it is missing.
    version : int
        Of the function: results of other versions do not count.
    tasks : mapping of str to task
        What to compute, picklable, by a key that says all that the result depends on, but for what `is_current` sees.
    function : str or callable
        From a tuple of tasks to a list of results that JSON can hold: ``module:name`` of one for worker processes, or
        one to be called here.
    workers : int or Cluster
        Who computes them, where `function` is named.
    batch : int
        Tasks of a call; those of an interrupted call are lost, no others.
    is_current : callable
        From a key and its result to whether that still counts; one that does not is computed anew and replaced.
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
            database.execute("DROP TABLE IF EXISTS hashes")  # of fusion 0.1.0
            rows = database.execute(_WANTED, (json.dumps(list(tasks)), version))
            results = {key: result for key, result in _whole(rows) if is_current(key, result)}
            advance(len(results))
            keys = [key for key in tasks if key not in results]
            groups = [tuple(keys[first : first + batch]) for first in range(0, len(keys), batch)]
            calls: dict[Batch, tuple[str, ...]] = {tuple(tasks[key] for key in group): group for group in groups}
            with (
                run([(function, call) for call in calls], workers)
                if isinstance(function, str)
                else nullcontext((call, function(call)) for call in calls)
            ) as computed:
                for call, values in computed:
                    new = dict(zip(calls[call], values, strict=True))
                    with database:
                        texts = {key: json.dumps(result) for key, result in new.items()}
                        added = [(key, version, f"{text} {_mark(key, text)}") for key, text in texts.items()]
                        database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", added)
                    results |= new
                    advance(len(new))
    except sqlite3.Error as error:
        raise FusionError(
            f"{table}: this table of results cannot be used: {error}; free some space, mend the permissions, delete "
            "this file, or name another folder with --cache"
        ) from error
    return results


def _whole(rows: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Any]]:
    """Yield the results of rows that are as they were written: SQLite has no checksums of its own."""
    for key, marked in rows:
        text, _, mark = str(marked).rpartition(" ")
        if mark == _mark(key, text):
            yield key, json.loads(text)


def _mark(key: str, text: str) -> str:
    return f"{crc32(f'{key} {text}'.encode('utf-8', 'surrogateescape')):08x}"
