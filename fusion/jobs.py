"""What a training needs, as plain data that travels to a worker process; imports no keras."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.spec import ModelSettings, TrainingSettings
from fusion.store import Rows

Values = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Part:
    """The clips of one split: stored features, and class numbers.

    Attributes
    ----------
    rows : dict of str to Rows
        By feature: all clips in order, then (where there are distorted copies) all their first copies, and so on.
    labels : (clips,) int
    """

    rows: dict[str, Rows]
    labels: NDArray[np.int64]

    def values(self, clips: NDArray[np.int64], random: np.random.Generator | None = None) -> Values:
        """Return all features of some clips by name; with `random` each clip or one of its copies, by chance."""
        if random is not None and self.variants > 1:
            clips = clips + len(self.labels) * random.integers(self.variants, size=len(clips))
        return {name: rows.take(clips) for name, rows in self.rows.items()}

    @property
    def variants(self) -> int:
        """How often each clip is there: once, and once more for each distorted copy."""
        return len(next(iter(self.rows.values()))) // len(self.labels)

    def only(self, clips: NDArray[np.bool_]) -> Part:
        """Return some clips, with all their copies."""
        chosen = np.tile(clips, self.variants)
        return Part({name: rows.part(chosen) for name, rows in self.rows.items()}, self.labels[clips])


@dataclass(frozen=True)
class Job:
    """Everything that one training needs, picklable.

    Attributes
    ----------
    folder : Path
        Where the result appears.
    seed : int
    model, training : Section
    classes : tuple of str
    parts : dict of str to Part
        By split: train, validation, test.
    ids : tuple of str
        Of the test clips.
    versions : dict
        Of fusion and the libraries, recorded with the network.
    source : Path or None
        Folder of a seed that is trained already, to be applied to the test clips.
    """

    folder: Path
    seed: int
    model: ModelSettings
    training: TrainingSettings
    classes: tuple[str, ...]
    parts: dict[str, Part]
    ids: tuple[str, ...]
    versions: dict[str, Any]
    source: Path | None = None
