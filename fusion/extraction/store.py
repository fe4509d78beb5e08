"""Extracted features on disk: one folder for each feature and its parameters, read by memory map.

::

    <cache>/features/<data set>/<feature>-<key>/
        feature.json          what it is: name, version, parameters, shape, rate, library versions
        <shard>.npy           (clips, *shape) float32
        <shard>.json          content hashes of these two
        <shard>.csv           key and id of the clip in each row; written last, so it makes the shard count

A row's key is a hash of the audio's content and of the window cut from it: the same sound is extracted once, whatever
splits name it, and changed sound is never mistaken for the old one. If a feature depends on the clip, so does the key.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.checksums import write_checksums
from fusion.extraction.index import Index, TableError, read_index
from fusion.extraction.window import Window
from fusion.feature.contract import Feature
from fusion.plugins.registry import Source
from fusion.runtime.files import replacing, write_json

if TYPE_CHECKING:  # workers need no settings
    from fusion.settings.dataset import DatasetSettings

_SMALL = 512  # bytes of a row that is kept in memory: 150 MB for all of NSynth's training notes
_FORMAT = 3  # raise when reading audio, statistics or this layout change the numbers


@dataclass(frozen=True)
class Rows:
    """Rows of a store by clip, picklable: opens its memory maps where it is used.

    Attributes
    ----------
    shards : tuple of Path
    places : (clips, 2) int32
        Shard and row of each clip.
    shape : tuple of int
        Of one row.
    """

    shards: tuple[Path, ...]
    places: NDArray[np.int32]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, clips: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """Return the values of some clips, ``(clips, *shape)`` float32, in their order."""
        places = self.places[clips]
        read = _whole if 4 * math.prod(self.shape) <= _SMALL else _mapped
        values = np.empty((len(places), *self.shape), dtype=np.float32)
        for shard in np.unique(places[:, 0]):
            mine = places[:, 0] == shard
            values[mine] = read(self.shards[shard])[places[mine, 1]]
        return values

    def part(self, clips: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
        """Return some rows, by a mask or by their numbers."""
        return Rows(self.shards, self.places[clips], self.shape)

    def batches(self, size: int = 1024) -> Iterator[NDArray[np.float32]]:
        """Yield all values in order, `size` clips at a time."""
        for first in range(0, len(self), size):
            yield self.take(slice(first, first + size))


@cache  # small at any number of clips, and used again and again: a file descriptor each would be too many
def _whole(shard: Path) -> NDArray[np.float32]:
    return np.load(shard, allow_pickle=False)


@lru_cache(maxsize=128)  # each holds a file descriptor
def _mapped(shard: Path) -> NDArray[np.float32]:
    return np.load(shard, mmap_mode="r", allow_pickle=False)


_MAKERS = ("librosa", "soundfile", "soxr")


class Store:
    """The stored values of one feature.

    Parameters
    ----------
    folder : Path
        Of the data set, where each feature has a folder.
    feature : Feature
    source : Source
        Bears the feature's name.
    samples : int
        Length of a window.
    sr : int, Hz
    """

    def __init__(self, folder: Path, feature: Feature, source: Source, samples: int, sr: int) -> None:
        self.name, self.source, self.by_clip = source.name, source, feature.by_clip
        self.samples, self.sr = samples, sr
        self.parameters = feature.model_dump_json()  # a plug-in's instance cannot travel to workers
        self.shape = feature.shape(samples, sr)
        self.identity = {
            "feature": self.name,
            "version": feature.version,
            "source": source.fingerprint,
            "parameters": feature.identity(),
            "samples": samples,
            "sr": sr,
            "format": _FORMAT,
        }
        digest = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()
        self.folder = folder / f"{self.name}-{digest[:12]}"

    def key(self, window: Window) -> str:
        """Return the key of a window's row."""
        return window.clip_key if self.by_clip else window.key

    def prepare(self, libraries: dict[str, str]) -> None:
        """Make the folder and write what it is, unless that is done."""
        self.sweep()
        path = self.folder / "feature.json"
        if not path.exists():
            write_json(path, {**self.identity, "shape": list(self.shape), "libraries": libraries})

    def made_with_others(self) -> list[str]:
        """Return which libraries that make values had another version when the store was begun."""
        path = self.folder / "feature.json"
        with suppress(OSError, ValueError, LookupError, TypeError, ImportError):  # it may lack, or be damaged
            before = json.loads(path.read_text(encoding="utf-8"))["libraries"]
            here = {name: importlib.metadata.version(name) for name in _MAKERS if name in before}
            return [f"{name} {before[name]} (here {own})" for name, own in here.items() if own != before[name]]
        return []

    def sweep(self) -> None:
        """Remove what killed writers left; nobody else may be at it."""
        for left in self.folder.glob("*.tmp-*"):
            left.unlink(missing_ok=True)

    def write(self, keys: Sequence[str], ids: Sequence[str], values: NDArray[np.float32]) -> None:
        """Add one shard.

        Parameters
        ----------
        keys, ids : sequence of str
            One a clip.
        values : (clips, *shape) float32

        Raises
        ------
        FusionError
            If the folder cannot be written.
        """
        shard = self.folder / hashlib.blake2b("".join(keys).encode(), digest_size=8).hexdigest()
        with replacing(shard.with_suffix(".npy")) as temporary:
            np.save(temporary, values, allow_pickle=False)
        with replacing(shard.with_suffix(".csv")) as table, table.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("key", "clip"), *zip(keys, ids, strict=True)])
            file.flush()
            write_checksums(shard, table)

    def index(self) -> Index:
        """Return where every stored clip is.

        Raises
        ------
        FusionError
            If a table is damaged.
        """
        named = sorted(self.folder.glob("[!.]*.csv"))  # a dot: file managers'
        tables = [table for table in named if ".tmp-" not in table.name]  # killed writers'
        try:
            return read_index(tables)
        except TableError as error:
            raise self._damaged(tables[error.number], f"is damaged ({error})") from None
        except OSError as error:
            raise self._damaged(Path(error.filename), f"cannot be read ({error.strerror})") from None

    def rows(self, keys: Sequence[str]) -> Rows:
        """Return the rows of some clips.

        Raises
        ------
        FusionError
            If a clip is not stored, or a shard is damaged.
        """
        index = self.index()
        numbers = np.array([index.keys.get(key, -1) for key in keys], dtype=np.int64)
        if absent := np.count_nonzero(numbers < 0):
            raise FusionError(
                f"{self.folder}: {absent} of {len(keys)} clips are not stored; run `fusion extract` on the experiment"
            )
        shard = np.searchsorted(index.first, numbers, side="right") - 1
        used, place = np.unique(shard, return_inverse=True)
        row = numbers - index.first[shard]
        shards = tuple(index.shards[each] for each in used)
        for number, path in enumerate(shards):
            self._check(path, int(row[place == number].max()) + 1)
        return Rows(shards, np.stack([place, row], axis=1).astype(np.int32), self.shape)

    def _check(self, shard: Path, length: int) -> None:
        try:
            values = np.load(shard, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(shard, f"is damaged ({error})") from None
        if values.dtype != np.float32 or values.shape[1:] != self.shape or len(values) < length:
            holds = f"holds {values.dtype} of shape {values.shape}"
            raise self._damaged(shard, f"{holds}, not float32 of shape ({length} or more, *{self.shape})")

    def _damaged(self, path: Path, what: str) -> FusionError:
        return FusionError(
            f"{path}: this part of the feature store {what}; delete the folder {self.folder}, "
            "it will be extracted again"
        )


def open_stores(
    cache: Path, settings: DatasetSettings, features: dict[str, Feature], sources: dict[str, Source]
) -> list[Store]:
    """Return a data set's store of each feature; nothing is made before something is stored."""
    folder = cache / "features" / settings.name
    return [Store(folder, feature, sources[name], settings.samples, settings.sr) for name, feature in features.items()]
