"""Filling the feature store: one pass over the audio for all missing features, in worker processes.

Workers import neither keras nor the rest of the program. Each takes a shard of clips, computes the missing
features and writes them; a shard that was finished is never computed again, whenever the program was killed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.store import Store
from fusion.feature.contract import Feature
from fusion.feature.registry import FeatureSource, build
from fusion.runtime.workers import run
from fusion.sound import mixing
from fusion.sound.clip import Clip
from fusion.sound.distortion import VERSION, distort
from fusion.sound.reading import DamagedError, read_audio

_MOST = 2048  # clips in a shard: few files at NSynth's size, seconds of work lost when killed
_LIBRARIES = ("librosa", "numpy", "scipy", "soundfile", "soxr")


@dataclass(frozen=True)
class Stretch:
    """A window to extract: its name, where its sound lies, the store's key for it, how it is distorted or mixed."""

    id: str
    key: str
    path: Path
    start: float
    duration: float
    distortions: tuple[str, ...] = ()
    partners: tuple[tuple[Stretch, float], ...] = ()  # with gains in dB

    def mixed(self, partners: Sequence[tuple[Stretch, float]]) -> Stretch:
        """Return a mixture of this stretch with others; this one where there are none."""
        if not partners:
            return self
        with_gains = ",".join(f"{partner.key}:{gain!r}" for partner, gain in partners)
        key = hashlib.blake2b(f"{self.key}+{with_gains}:{mixing.VERSION}".encode(), digest_size=16).hexdigest()
        return replace(self, id=f"{self.id} with {len(partners)} more", key=key, partners=tuple(partners))

    def copy(self, number: int, distortions: tuple[str, ...]) -> Stretch:
        """Return a distorted copy of this stretch; its number, too, is part of its key."""
        text = f"{self.key}:{VERSION}:{','.join(distortions)}:{number}"
        key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return replace(self, id=f"{self.id} copy {number}", key=key, distortions=distortions)

    def read(self, sr: int) -> NDArray[np.float32]:
        """Return the sound; a copy's or mixture's is always the same.

        Raises
        ------
        DamagedError
        """
        if self.partners:
            sounds = [replace(self, partners=()).read(sr), *(partner.read(sr) for partner, _ in self.partners)]
            return mixing.mix(sounds, [0.0, *(gain for _, gain in self.partners)])
        y = read_audio(self.path, sr, self.start, self.duration)
        return distort(y, sr, self.distortions, int(self.key, 16)) if self.distortions else y


@dataclass(frozen=True)
class Extracted:
    """What an extraction did.

    Attributes
    ----------
    computed : dict of str to int
        Clips computed for each feature; 0 where all were stored.
    damaged : dict of str to str
        Why a window could not be used, by id.
    """

    computed: dict[str, int]
    damaged: dict[str, str]


@dataclass(frozen=True)
class _Shard:
    stretches: tuple[Stretch, ...]
    stores: tuple[Store, ...]
    sources: tuple[tuple[FeatureSource, str], ...]
    sr: int


def extract(
    stretches: Sequence[Stretch],
    stores: Sequence[Store],
    features: dict[str, Feature],
    sources: dict[str, FeatureSource],
    sr: int,
    jobs: int = 1,
    advance: Callable[[int], None] | None = None,
) -> Extracted:
    """Compute and store every feature of every clip that is not stored yet.

    Parameters
    ----------
    stretches : sequence of Stretch
        Clips with the same sound are computed once.
    stores : sequence of Store
        One for each feature.
    features : dict of str to Feature
    sources : dict of str to FeatureSource
    sr : int, Hz
    jobs : int
        Worker processes.
    advance : callable, optional
        Called with a number of clips done, at first with those that need nothing.

    Returns
    -------
    Extracted

    Raises
    ------
    FusionError
        If a feature breaks its contract (naming feature and clip), or the store cannot be written.
    """
    unique = {stretch.key: stretch for stretch in stretches}
    stored = {store.name: store.index().keys() for store in stores}
    lacking: dict[tuple[str, ...], list[Stretch]] = {}
    for key, stretch in unique.items():
        names = tuple(store.name for store in stores if key not in stored[store.name])
        if names:
            lacking.setdefault(names, []).append(stretch)
    todo = sum(map(len, lacking.values()))
    if advance:
        advance(len(stretches) - todo)
    for store in stores:
        store.prepare({name: importlib.metadata.version(name) for name in _LIBRARIES})
    size = max(1, min(_MOST, -(-todo // (4 * jobs))))
    shards = []
    for names, clips in lacking.items():
        chosen = tuple(store for store in stores if store.name in names)
        built = tuple((sources[name], features[name].model_dump_json()) for name in names)
        shards += [
            _Shard(tuple(clips[first : first + size]), chosen, built, sr) for first in range(0, len(clips), size)
        ]
    damaged: dict[str, str] = {}  # by key: what has the same content as a damaged clip is damaged, too
    computed = dict.fromkeys(features, 0)
    for shard, found in run([("fusion.extraction.extract:extract_shard", shard) for shard in shards], jobs):
        damaged.update(found)
        for store in shard.stores:
            computed[store.name] += len(shard.stretches) - len(found)
        if advance:
            advance(len(shard.stretches))
    return Extracted(computed, {s.id: damaged[s.key] for s in stretches if s.key in damaged})


def extract_shard(shard: _Shard) -> dict[str, str]:
    """Compute and write one shard; return why clips were left out, by key."""
    features = [build(source, parameters) for source, parameters in shard.sources]
    values = [np.empty((len(shard.stretches), *store.shape), dtype=np.float32) for store in shard.stores]
    damaged: dict[str, str] = {}
    sound: list[Stretch] = []
    for stretch in shard.stretches:
        try:
            clip = Clip(stretch.read(shard.sr), shard.sr)
        except DamagedError as error:
            damaged[stretch.key] = str(error)
            continue
        for store, feature, column in zip(shard.stores, features, values, strict=True):
            column[len(sound)] = compute(store.name, feature, clip, store.shape, stretch.id)
        sound.append(stretch)
    for store, column in zip(shard.stores, values, strict=True):
        if sound:
            store.write([s.key for s in sound], [s.id for s in sound], column[: len(sound)])
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
        found = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise FusionError(f"feature {name} on clip {clip_id}: declared float32 {shape}, gave {found}; mend its plug-in")
    if not np.isfinite(value).all():
        bad = np.count_nonzero(~np.isfinite(value))
        raise FusionError(
            f"feature {name} on clip {clip_id}: {bad} of {value.size} values are NaN or infinite; mend the feature "
            "(nothing is filled in)"
        )
    return value
