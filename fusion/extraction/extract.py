"""Filling the feature store: one pass over the audio for all missing features, in worker processes.

Workers import neither keras nor the rest of the program. Each takes a shard of clips, computes the missing
features and writes them; a shard that was finished is never computed again, whenever the program was killed.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.column import Column
from fusion.extraction.compiled import compile_first, compiled_in
from fusion.extraction.store import Store
from fusion.extraction.window import Window
from fusion.feature.registry import build
from fusion.runtime.cluster import Cluster
from fusion.runtime.files import unwritable
from fusion.runtime.lock import alone, held_elsewhere
from fusion.runtime.progress import Advance
from fusion.runtime.workers import Workers, is_shared, parallel, run
from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError

MOST = 8192
"""Windows in a shard: few files at NSynth's size; work on one is lost when killed."""

_MOST_BYTES = 2**28  # in a shard, which a worker holds in memory: an encoder's frames may be megabytes a window
_MOST_SENT = 512  # windows in a shard whose sound travels with it: 65 MB of NSynth's notes
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


@dataclass(frozen=True)
class ShardValues:
    """What was computed of a shard: values of each store's feature, and by number why a window could not be used."""

    values: list[NDArray[np.float32]]
    damaged: dict[int, str]


def extract(
    windows: Sequence[Window],
    stores: Sequence[Store],
    workers: Workers = 1,
    advance: Advance | None = None,
) -> Extracted:
    """Compute and store every feature of every window that is not stored yet.

    Processes that fill stores of one data set take turns, so that no window is computed twice.

    Parameters
    ----------
    windows : sequence of Window
        Those with the same sound are computed once.
    stores : sequence of Store
        One for each feature, of one data set.
    workers : int or Cluster
        Where they do not see the store, what they computed is written here.
    advance : callable, optional
        Called with a number of windows done, at first with those that need nothing.

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
        if lock.exists() and not held_elsewhere(lock):  # of a process that was killed, unless one is at work
            with suppress(FusionError), alone(lock, "busy"):
                for store in stores:
                    store.sweep()
        if advance:
            advance(len(windows))
        return Extracted({store.name: 0 for store in stores}, {})
    busy = f"{folder}: another process extracts features of this data set, waiting for it"
    try:
        with alone(lock, busy, math.inf), compiled_in(folder.parents[1]):
            return _extract(windows, stores, workers, advance)
    except OSError as error:
        raise unwritable(folder, error) from error


def _lacking(windows: Sequence[Window], stores: Sequence[Store]) -> dict[tuple[Store, ...], list[Window]]:
    """Return windows that are not stored yet, by the stores that lack them; of those with the same sound, one."""
    stored = {store.name: set(store.index().keys) for store in stores}
    lacking: dict[tuple[Store, ...], list[Window]] = {}
    for window in windows:
        if chosen := tuple(store for store in stores if store.key(window) not in stored[store.name]):
            lacking.setdefault(chosen, []).append(window)
            for store in chosen:
                stored[store.name].add(store.key(window))
    return lacking


def _extract(
    windows: Sequence[Window], stores: Sequence[Store], workers: Workers, advance: Advance | None
) -> Extracted:
    lacking = _lacking(windows, stores)
    todo = sum(map(len, lacking.values()))
    if advance:
        advance(len(windows) - todo)
    for store in stores:
        store.prepare({name: importlib.metadata.version(name) for name in _LIBRARIES})
    row = sum(4 * math.prod(store.shape) for store in stores)
    shared = is_shared(workers)
    size = shard_size(todo, min(MOST if shared else _MOST_SENT, _MOST_BYTES // row), parallel(workers))
    shards = [
        Shard(tuple(missing[first : first + size]), chosen)
        for chosen, missing in lacking.items()
        for first in range(0, len(missing), size)
    ]
    if not isinstance(workers, Cluster) and min(workers, len(shards)) > 1:
        features = [(each.source, each.parameters, each.samples, each.sr) for each in stores if each.name[0] != "_"]
        compile_first(features, stores[0].folder.parents[2])
    damaged: dict[str, str] = {}  # by key: what has the same content as a damaged clip is damaged, too
    computed = {store.name: 0 for store in stores}
    function = f"fusion.extraction.extract:{'extract' if shared else 'compute'}_shard"
    with run([(function, shard) for shard in shards], workers) as finished:
        for shard, output in finished:
            done, unusable = output if shared else write_shard(shard, output)
            damaged.update(unusable)
            for store in shard.stores:
                computed[store.name] += done
            if advance:
                advance(len(shard.windows))
    return Extracted(computed, {window.id: damaged[window.key] for window in windows if window.key in damaged})


def shard_size(windows: int, most: int, workers: int) -> int:
    """Return how many windows go into a shard, so that all of some workers end at about the same time."""
    rounds = max(4, math.ceil(windows / (max(1, most) * workers)))
    return max(1, math.ceil(windows / (rounds * workers)))


def extract_shard(shard: Shard) -> tuple[int, dict[str, str]]:
    """Compute and write one shard; return how many windows, and why others were left out, by key."""
    return write_shard(shard, compute_shard(shard))


def compute_shard(shard: Shard) -> ShardValues:
    """Compute one shard."""
    columns = []
    for store in shard.stores:
        feature = build(store.source, store.parameters)
        if feature.identity() != store.identity["parameters"]:
            raise FusionError(f"feature {store.name}: a file that it reads has changed; run the command again")
        columns.append(Column(store.name, feature, store.shape, len(shard.windows)))
    damaged: dict[int, str] = {}
    for number, window in enumerate(shard.windows):
        sr = shard.stores[0].sr
        try:
            clip = Clip(window.read(sr), sr, window.clip, window.path)
        except DamagedError as error:
            damaged[number] = str(error)
            continue
        for column in columns:
            column.add(clip, window.id)
    return ShardValues([column.values() for column in columns], damaged)


def write_shard(shard: Shard, computed: ShardValues) -> tuple[int, dict[str, str]]:
    """Write one shard; return how many windows, and why others were left out, by key."""
    done = [window for number, window in enumerate(shard.windows) if number not in computed.damaged]
    for store, values in zip(shard.stores, computed.values, strict=True):
        if done:
            store.write([store.key(window) for window in done], [window.id for window in done], values)
    return len(done), {shard.windows[number].key: why for number, why in computed.damaged.items()}
