"""The windows of some clips as a training takes them: stored features and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.extraction.store import Rows

Ints = NDArray[np.int64]
Values = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Part:
    """The windows of some clips: stored features, and what they are to be recognised as.

    Attributes
    ----------
    rows : dict of str to Rows
        By feature: all windows in order, then (where there are copies or mixtures) one variant of each, and so on.
    targets : (windows * variants, classes) bool
    clips : (windows,) int
        The clip of each window, numbered from 0 in order.
    weights : (windows * variants,) float32 or None
        How much each counts in training; None: all alike.
    """

    rows: dict[str, Rows]
    targets: NDArray[np.bool_]
    clips: Ints
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def variants(self) -> int:
        """How often each window is there: once, and once more for each copy or mixture."""
        return len(self.targets) // len(self.clips)

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Which classes each clip has, ``(clips, classes)``."""
        truth = np.zeros((int(self.clips.max()) + 1, self.targets.shape[1]), dtype=bool)
        truth[self.clips] = self.targets[: len(self)]
        return truth

    def variants_of(self, windows: Ints, random: np.random.Generator | None) -> Ints:
        """Return rows of some windows; with `random`, of each window or one of its variants, by chance."""
        if random is None or self.variants == 1:
            return windows
        return np.asarray(windows + len(self) * random.integers(self.variants, size=len(windows)))

    def values(self, rows: Ints) -> Values:
        """Return the features of some rows."""
        return {name: stored.take(rows) for name, stored in self.rows.items()}

    def only(self, clips: NDArray[np.bool_]) -> Part:
        """Return the windows of some clips, with all their variants."""
        kept = clips[self.clips]
        chosen = np.tile(kept, self.variants)
        numbers = (np.cumsum(clips) - 1)[self.clips[kept]]
        rows = {name: stored.part(chosen) for name, stored in self.rows.items()}
        weights = None if self.weights is None else self.weights[chosen]
        return Part(rows, self.targets[chosen], numbers.astype(np.int64), weights)
