"""Filling the feature store: one pass over the audio for all missing features, in worker processes.

Workers import neither keras nor the rest of the program. Each takes a shard of clips, computes the missing
features and writes them; a shard that was finished is never computed again, whenever the program was killed.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.store import Store
from fusion.extraction.window import Window
from fusion.feature.contract import Feature
from fusion.feature.registry import build
from fusion.runtime.progress import Advance
from fusion.runtime.workers import run
from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError

_MOST = 2048  # windows in a shard: few files at NSynth's size, seconds of work lost when killed
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
class _Shard:
    windows: tuple[Window, ...]
    stores: tuple[Store, ...]


def extract(
    windows: Sequence[Window],
    stores: Sequence[Store],
    jobs: int = 1,
    advance: Advance | None = None,
) -> Extracted:
    """Compute and store every feature of every window that is not stored yet.

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

    Returns
    -------
    Extracted

    Raises
    ------
    FusionError
        If a feature breaks its contract (naming feature and clip), or the store cannot be written.
    """
    stored = {store.name: store.index().keys() for store in stores}
    lacking: dict[tuple[Store, ...], list[Window]] = {}
    for key, window in {window.key: window for window in windows}.items():
        if chosen := tuple(store for store in stores if key not in stored[store.name]):
            lacking.setdefault(chosen, []).append(window)
    todo = sum(map(len, lacking.values()))
    if advance:
        advance(len(windows) - todo)
    for store in stores:
        store.prepare({name: importlib.metadata.version(name) for name in _LIBRARIES})
    size = max(1, min(_MOST, -(-todo // (4 * jobs))))
    shards = [
        _Shard(tuple(missing[first : first + size]), chosen)
        for chosen, missing in lacking.items()
        for first in range(0, len(missing), size)
    ]
    damaged: dict[str, str] = {}  # by key: what has the same content as a damaged clip is damaged, too
    computed = {store.name: 0 for store in stores}
    for shard, unusable in run([("fusion.extraction.extract:extract_shard", shard) for shard in shards], jobs):
        damaged.update(unusable)
        for store in shard.stores:
            computed[store.name] += len(shard.windows) - len(unusable)
        if advance:
            advance(len(shard.windows))
    return Extracted(computed, {window.id: damaged[window.key] for window in windows if window.key in damaged})


def extract_shard(shard: _Shard) -> dict[str, str]:
    """Compute and write one shard; return why windows were left out, by key."""
    columns = [
        (store, build(store.source, store.parameters), np.empty((len(shard.windows), *store.shape), dtype=np.float32))
        for store in shard.stores
    ]
    damaged: dict[str, str] = {}
    done: list[Window] = []
    for window in shard.windows:
        sr = shard.stores[0].sr
        try:
            clip = Clip(window.read(sr), sr)
        except DamagedError as error:
            damaged[window.key] = str(error)
            continue
        for store, feature, values in columns:
            values[len(done)] = compute(store.name, feature, clip, store.shape, window.id)
        done.append(window)
    for store, _, values in columns if done else ():
        store.write([window.key for window in done], [window.id for window in done], values[: len(done)])
    return damaged


def compute(name: str, feature: Feature, clip: Clip, shape: tuple[int, ...], clip_id: str) -> NDArray[np.float32]:
    """Return a feature of a clip, held to its contract.

    Raises
    ------
    FusionError
        If the feature raises, or gives another shape or type than declared, or NaN or infinity.
    """
    try:
        value = feature.extract(clip)
    except (Exception, SystemExit) as error:  # a stranger's code
        raise FusionError(f"feature {name} failed on clip {clip_id}: {type(error).__name__}: {error}") from error
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or value.shape != shape:
        given = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise FusionError(f"feature {name} on clip {clip_id}: declared float32 {shape}, gave {given}; mend its plug-in")
    if not np.isfinite(value).all():
        bad = np.count_nonzero(~np.isfinite(value))
        raise FusionError(
            f"feature {name} on clip {clip_id}: {bad} of {value.size} values are NaN or infinite; mend the feature "
            "(nothing is filled in)"
        )
    return value
