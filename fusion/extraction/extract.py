"""Filling the feature store: one pass over the audio for all missing features, in worker processes.

Workers import neither keras nor the rest of the program. Each takes a shard of clips, computes the missing
features and writes them; a shard that was finished is never computed again, whenever the program was killed.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fusion.errors import FusionError
from fusion.extraction.column import Column
from fusion.extraction.compiled import compile_first, compiled_in
from fusion.extraction.store import Store
from fusion.extraction.window import Window
from fusion.feature.registry import build
from fusion.runtime.files import unwritable
from fusion.runtime.lock import alone
from fusion.runtime.progress import Advance
from fusion.runtime.workers import run
from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError

_MOST = 8192  # windows in a shard: few files at NSynth's size; work on one is lost when killed
_MOST_BYTES = 2**28  # in a shard, which a worker holds in memory: an encoder's frames may be megabytes a window
_LIBRARIES = ("librosa", "numpy", "scipy", "soundfile", "soxr")


@dataclass(frozen=True)
class Extracted:
    """What an extraction did.

    Attributes
    ----------
    computed : dict of str to int
        Windows computed for each feature; 0 where all were stored.
    damaged : dict of str to str
        Why a window could not be used, by id.
    """

    computed: dict[str, int]
    damaged: dict[str, str]


@dataclass(frozen=True)
class Shard:
    """Windows, and the stores that lack them: what a worker process does at once."""

    windows: tuple[Window, ...]
    stores: tuple[Store, ...]


def extract(
    windows: Sequence[Window],
    stores: Sequence[Store],
    jobs: int = 1,
    advance: Advance | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Extracted:
    """Compute and store every feature of every window that is not stored yet.

    Processes that fill stores of one data set take turns, so that no window is computed twice.

    Parameters
    ----------
    windows : sequence of Window
        Those with the same sound are computed once.
    stores : sequence of Store
        One for each feature, of one data set.
    jobs : int
        Worker processes.
    advance : callable, optional
        Called with a number of windows done, at first with those that need nothing.
    say : callable
        Takes a line if another process has to be waited for.

    Returns
    -------
    Extracted

    Raises
    ------
    FusionError
        If a feature breaks its contract (naming feature and clip), or the store cannot be written.
    """
    folder = stores[0].folder.parent
    lock = folder / ".extracting.lock"
    if not _lacking(windows, stores):
        if lock.exists():  # of a process that was killed, unless one is at work
            with suppress(FusionError), alone(lock, "busy"):
                for store in stores:
                    store.sweep()
        if advance:
            advance(len(windows))
        return Extracted({store.name: 0 for store in stores}, {})
    try:
        with _turn(lock, say), compiled_in(folder.parents[1]):
            return _extract(windows, stores, jobs, advance)
    except OSError as error:
        raise unwritable(folder, error) from error


@contextmanager
def _turn(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process extracts."""
    with ExitStack() as held:
        try:
            held.enter_context(alone(lock, "busy"))
        except FusionError:
            say("another process extracts features of this data set to this cache; waiting for it")
            held.enter_context(alone(lock, "busy", wait=-1))
        yield


def _lacking(windows: Sequence[Window], stores: Sequence[Store]) -> dict[tuple[Store, ...], list[Window]]:
    """Return the windows that some stores lack, by these stores."""
    stored = {store.name: set(store.index().keys) for store in stores}
    lacking: dict[tuple[Store, ...], list[Window]] = {}
    for window in windows:
        if chosen := tuple(store for store in stores if store.key(window) not in stored[store.name]):
            lacking.setdefault(chosen, []).append(window)
            for store in chosen:
                stored[store.name].add(store.key(window))  # the same sound is computed once
    return lacking


def _extract(windows: Sequence[Window], stores: Sequence[Store], jobs: int, advance: Advance | None) -> Extracted:
    lacking = _lacking(windows, stores)
    todo = sum(map(len, lacking.values()))
    if advance:
        advance(len(windows) - todo)
    for store in stores:
        store.prepare({name: importlib.metadata.version(name) for name in _LIBRARIES})
    row = sum(4 * math.prod(store.shape) for store in stores)
    size = max(1, min(_MOST, _MOST_BYTES // row, -(-todo // (4 * jobs))))
    shards = [
        Shard(tuple(missing[first : first + size]), chosen)
        for chosen, missing in lacking.items()
        for first in range(0, len(missing), size)
    ]
    if min(jobs, len(shards)) > 1:
        features = [(each.source, each.parameters, each.samples, each.sr) for each in stores if each.name[0] != "_"]
        compile_first(features, stores[0].folder.parents[2])
    damaged: dict[str, str] = {}  # by key: what has the same content as a damaged clip is damaged, too
    computed = {store.name: 0 for store in stores}
    with run([("fusion.extraction.extract:extract_shard", shard) for shard in shards], jobs) as finished:
        for shard, (done, unusable) in finished:
            damaged.update(unusable)
            for store in shard.stores:
                computed[store.name] += done
            if advance:
                advance(len(shard.windows))
    return Extracted(computed, {window.id: damaged[window.key] for window in windows if window.key in damaged})


def extract_shard(shard: Shard) -> tuple[int, dict[str, str]]:
    """Compute and write one shard; return how many windows, and why others were left out, by key."""
    columns = []
    for store in shard.stores:
        feature = build(store.source, store.parameters)
        if feature.identity() != store.identity["parameters"]:
            raise FusionError(f"feature {store.name}: a file that it reads has changed; run the command again")
        columns.append(Column(store.name, feature, store.shape, len(shard.windows)))
    damaged: dict[str, str] = {}
    done: list[Window] = []
    for window in shard.windows:
        sr = shard.stores[0].sr
        try:
            clip = Clip(window.read(sr), sr, window.clip, window.path)
        except DamagedError as error:
            damaged[window.key] = str(error)
            continue
        for column in columns:
            column.add(clip, window.id)
        done.append(window)
    for store, column in zip(shard.stores, columns, strict=True):
        if done:
            store.write([store.key(window) for window in done], [window.id for window in done], column.values())
    return len(done), damaged
