"""What Keras is fed: batches of stored clips, shuffled, mixed and taken from distorted copies by a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Epoch:
    """All that chance decides in an epoch, so that it can be drawn before and the same on every backend.

    Attributes
    ----------
    rows : (windows,) int64
        Rows of the part in their order, batch by batch: windows, or variants of them.
    partners : (windows,) int64
        Which one of the same batch each is mixed with.
    shares : (windows,) float32
        Of each itself in its mixture, 0.5 to 1; 1 where nothing is mixed.
    edges : (batches + 1,) int64
        Where each batch begins, and the last one ends.
    """

    rows: Ints
    partners: Ints
    shares: Floats
    edges: Ints


class Batches(keras.utils.PyDataset):
    """Batches of windows with labels as probabilities, shuffled and mixed anew each epoch from a seed.

    Parameters
    ----------
    part : Part
    size : int
        Windows a batch; the last one may have fewer.
    seed : int or None
        None keeps the order.
    mixup : float
        Clips and labels are mixed in pairs with shares from a Beta(mixup, mixup) distribution; 0 mixes nothing.
    outputs : sequence of str
        The network's outputs; each is to learn the same labels.
    shares : bool
        Whether a clip's labels share one whole, as a softmax does; each has a 1 of its own otherwise.
    weights : (classes,) float32, optional
        How much each class counts; a clip has the mean of its labels.

    Attributes
    ----------
    epoch : Epoch
        The present one.
    targets : (rows, classes) float32
        What each row of the part is to be recognised as.
    counts : (rows,) float32 or None
        How much each row counts.

    References
    ----------
    H. Zhang, M. Cisse, Y. Dauphin and D. Lopez-Paz: "mixup: beyond empirical risk minimization", ICLR 2018,
    https://doi.org/10.48550/arXiv.1710.09412
    """

    def __init__(
        self,
        part: Part,
        size: int,
        seed: int | None = None,
        mixup: float = 0.0,
        outputs: Sequence[str] = ("probabilities",),
        shares: bool = True,
        weights: Floats | None = None,
    ) -> None:
        super().__init__()
        self.part = part
        self.size = size
        self.random = None if seed is None else np.random.default_rng(seed)
        self.turns = random.Random()
        self.turns.setstate(random.getstate())  # one of our own, because TensorFlow draws epochs in a thread
        self.mixup = mixup if seed is not None else 0.0
        self.outputs = tuple(outputs)
        shared = part.targets / part.targets.sum(axis=1, keepdims=True)
        self.targets = (shared if shares else part.targets).astype(np.float32)
        self.counts = part.weights
        if weights is not None:
            by_class: Floats = (shared @ weights).astype(np.float32)
            self.counts = by_class if part.weights is None else by_class * part.weights
        self.order = np.arange(len(part))
        self.epoch = self._planned(self._in_turn(), None)  # Keras looks at two batches before an epoch begins
        if self.random is not None:  # these were once drawn, so networks are trained as older ones were
            self.random.shuffle(self.order)
            self._planned(self._in_turn()[:2], self.random)

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        batch = slice(*self.epoch.edges[index : index + 2])
        rows = self.epoch.rows[batch]
        values, targets = self.part.values(rows), self.targets[rows]
        if self.mixup:
            partners, shares = self.epoch.partners[batch], self.epoch.shares[batch]
            values = {name: _mix(own, own[partners], shares) for name, own in values.items()}
            targets = _mix(targets, targets[partners], shares)
        outputs = dict.fromkeys(self.outputs, targets)
        if self.counts is None:
            return values, outputs
        return values, outputs, dict.fromkeys(self.outputs, self.counts[rows])

    def on_epoch_begin(self) -> None:
        """Draw the epoch."""
        if self.random is not None:
            self.random.shuffle(self.order)
            batches = self._in_turn()
            self.turns.shuffle(batches)
            self.epoch = self._planned(batches, self.random)

    def _in_turn(self) -> list[Ints]:
        return [self.order[first : first + self.size] for first in range(0, len(self.order), self.size)]

    def _planned(self, batches: list[Ints], chance: np.random.Generator | None) -> Epoch:
        drawn = [_drawn(self.part.variants_of(windows, chance), self.mixup, chance) for windows in batches]
        rows, partners, shares = map(np.concatenate, zip(*drawn, strict=True))
        return Epoch(rows, partners, shares, np.cumsum([0, *map(len, batches)]))


def _drawn(rows: Ints, mixup: float, chance: np.random.Generator | None) -> tuple[Ints, Ints, Floats]:
    """Return rows of a batch, with what each is mixed with and its own share."""
    if chance is None or not mixup:
        return rows, np.arange(len(rows)), np.ones(len(rows), dtype=np.float32)
    partners = chance.permutation(len(rows))
    shares = chance.beta(mixup, mixup, len(rows)).astype(np.float32)
    return rows, partners, np.maximum(shares, 1 - shares)  # the clip itself stays the larger part


def _mix(own: Floats, other: Floats, shares: Floats) -> Floats:
    shares = shares.reshape(-1, *[1] * (own.ndim - 1))
    return shares * own + (1 - shares) * other
