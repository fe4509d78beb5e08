"""What Keras is fed: batches of stored clips, shuffled, mixed and taken from distorted copies by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part, Values


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
        weights: NDArray[np.float32] | None = None,
    ) -> None:
        super().__init__()
        self.part = part
        self.size = size
        self.random = None if seed is None else np.random.default_rng(seed)
        self.mixup = mixup
        self.outputs = tuple(outputs)
        self.shares = shares
        self.weights = weights
        self.order = np.arange(len(part))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        values, labels = self.part.draw(self.order[index * self.size : (index + 1) * self.size], self.random)
        shared = labels / labels.sum(axis=1, keepdims=True)
        targets = (shared if self.shares else labels).astype(np.float32)
        weights = None if self.weights is None else (shared @ self.weights).astype(np.float32)
        if self.mixup and self.random is not None:
            values, targets = _mixed(values, targets, self.mixup, self.random)
        outputs = dict.fromkeys(self.outputs, targets)
        return (values, outputs) if weights is None else (values, outputs, dict.fromkeys(self.outputs, weights))

    def on_epoch_end(self) -> None:
        """Shuffle."""
        if self.random is not None:
            self.random.shuffle(self.order)


def _mixed(
    values: Values, targets: NDArray[np.float32], concentration: float, random: np.random.Generator
) -> tuple[Values, NDArray[np.float32]]:
    """Mix each clip of a batch with another one of it."""
    partner = random.permutation(len(targets))
    share = random.beta(concentration, concentration, len(targets)).astype(np.float32)
    share = np.maximum(share, 1 - share)  # the clip itself stays the larger part

    def mix(array: NDArray[np.float32]) -> NDArray[np.float32]:
        own = share.reshape(-1, *[1] * (array.ndim - 1))
        return own * array + (1 - own) * array[partner]

    return {name: mix(array) for name, array in values.items()}, mix(targets)
