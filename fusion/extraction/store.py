"""Extracted features on disk: one folder for each feature and its parameters, read by memory map.

::

    <cache>/features/<data set>/<feature>-<key>/
        feature.json          what it is: name, version, parameters, shape, rate, library versions
        <shard>.npy           (clips, *shape) float32
        <shard>.csv           key and id of the clip in each row; written last, so it makes the shard count

A row's key is a hash of the audio's content and of the window cut from it: the same sound is extracted
once, whatever splits or data sets name it, and changed sound is never mistaken for the old one.
"""

from __future__ import annotations

import csv
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.feature.contract import Feature
from fusion.plugins.registry import Source
from fusion.runtime.files import replacing, write_json

if TYPE_CHECKING:  # workers need no settings
    from fusion.settings.dataset import DatasetSettings

_ABANDONED = 3600  # seconds after which a temporary file has no writer any more
_FORMAT = 1  # raise when reading audio or this layout changes the numbers


@dataclass(frozen=True)
class Rows:
    """Rows of a store by clip, picklable: opens its memory maps where it is used.

    Attributes
    ----------
    shards : tuple of Path
    places : (clips, 2) int64
        Shard and row of each clip.
    shape : tuple of int
        Of one row.
    """

    shards: tuple[Path, ...]
    places: NDArray[np.int64]
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, clips: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.float32]:
        """Return the values of some clips, ``(clips, *shape)`` float32, in their order."""
        places = self.places[clips]
        values = np.empty((len(places), *self.shape), dtype=np.float32)
        for shard in np.unique(places[:, 0]):
            mine = places[:, 0] == shard
            values[mine] = _open(self.shards[shard])[places[mine, 1]]
        return values

    def part(self, clips: NDArray[np.bool_] | NDArray[np.int64]) -> Rows:
        """Return some rows, by a mask or by their numbers."""
        return Rows(self.shards, self.places[clips], self.shape)

    def batches(self, size: int = 1024) -> Iterator[NDArray[np.float32]]:
        """Yield all values in order, `size` clips at a time."""
        for first in range(0, len(self), size):
            yield self.take(slice(first, first + size))


@lru_cache(maxsize=512)  # each holds a file descriptor
def _open(shard: Path) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.load(shard, mmap_mode="r", allow_pickle=False)
    return values


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
        self.name, self.source, self.sr = source.name, source, sr
        self.parameters = feature.model_dump_json()  # a plug-in's instance cannot travel to workers
        self.shape = feature.shape(samples, sr)
        self.identity = {
            "feature": self.name,
            "version": feature.version,
            "source": source.fingerprint,
            "parameters": feature.model_dump(mode="json"),
            "samples": samples,
            "sr": sr,
            "format": _FORMAT,
        }
        key = hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:12]
        self.folder = folder / f"{self.name}-{key}"

    def prepare(self, libraries: dict[str, str]) -> None:
        """Make the folder and write what it is, unless that is done; remove what killed writers left."""
        for left in self.folder.glob("*.tmp-*"):
            with suppress(OSError):  # another process may be at it
                if time.time() - left.stat().st_mtime > _ABANDONED:
                    left.unlink()
        path = self.folder / "feature.json"
        if not path.exists():
            write_json(path, {**self.identity, "shape": list(self.shape), "libraries": libraries})

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
        with (
            replacing(shard.with_suffix(".csv")) as temporary,
            temporary.open("w", encoding="utf-8", newline="") as file,
        ):
            csv.writer(file).writerows([("key", "clip"), *zip(keys, ids, strict=True)])

    def index(self) -> dict[str, tuple[Path, int]]:
        """Return shard and row of every stored clip by its key.

        Raises
        ------
        FusionError
            If a table is damaged.
        """
        places: dict[str, tuple[Path, int]] = {}
        for table in sorted(self.folder.glob("*.csv")):
            if ".tmp-" in table.name or table.name.startswith("."):  # killed writers' and file managers'
                continue
            values = table.with_suffix(".npy")
            try:
                with table.open(encoding="utf-8", newline="") as file:
                    rows = list(csv.reader(file, strict=True))[1:]
                places.update({key: (values, row) for row, (key, _) in enumerate(rows)})
            except (OSError, ValueError, csv.Error) as error:
                raise self._damaged(table, f"is damaged ({error})") from None
        return places

    def rows(self, keys: Sequence[str]) -> Rows:
        """Return the rows of some clips.

        Raises
        ------
        FusionError
            If a clip is not stored, or a shard is damaged.
        """
        index = self.index()
        absent = sum(key not in index for key in keys)
        if absent:
            raise FusionError(
                f"{self.folder}: {absent} of {len(keys)} clips are not stored; run `fusion extract` on the experiment"
            )
        lengths: dict[Path, int] = {}
        for shard, row in (index[key] for key in keys):
            lengths[shard] = max(lengths.get(shard, 0), row + 1)
        for shard, length in lengths.items():
            self._check(shard, length)
        shards = sorted(lengths)
        number = {shard: n for n, shard in enumerate(shards)}
        places = np.array([(number[index[key][0]], index[key][1]) for key in keys], dtype=np.int64).reshape(-1, 2)
        return Rows(tuple(shards), places, self.shape)

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
