"""Layers of our own, registered under the package ``fusion`` so that saved networks load in safe mode.

Only ``keras.ops`` and ``keras.random``, so any backend runs them. What they do to a clip in training they leave
undone in prediction. Saved networks know them by the names of their classes, which therefore stay.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any  # keras has no types


@keras.saving.register_keras_serializable("fusion")
class StretchMasking(keras.layers.Layer):
    """Replaces one span of a sequence by zeros, in training: another one for each clip.

    After normalisation zero is the training mean, so a masked span carries nothing.

    Parameters
    ----------
    axis : {1, 2}
        1 masks frames, 2 dimensions of ``(clips, frames, dims)``.
    longest : float
        The span's length is uniform from 0 to this share of the axis.

    References
    ----------
    D. Park, W. Chan, Y. Zhang, C.-C. Chiu, B. Zoph, E. Cubuk and Q. Le: "SpecAugment: a simple data augmentation method
    for automatic speech recognition", Interspeech 2019, 2613-2617, https://doi.org/10.21437/Interspeech.2019-2680
    """

    def __init__(self, axis: int, longest: float, **options: Any) -> None:
        super().__init__(**options)
        self.axis, self.longest = axis, longest
        self.chance = keras.random.SeedGenerator()

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Mask, in training."""
        if not training:
            return x
        size = x.shape[self.axis]
        clips = ops.shape(x)[0]
        length = keras.random.uniform((clips, 1), 0, self.longest * size, seed=self.chance)
        start = keras.random.uniform((clips, 1), 0, 1, seed=self.chance) * (size - length)
        place = ops.expand_dims(ops.arange(size, dtype="float32") + 0.5, 0)
        masked = ops.logical_and(place >= start, place < start + length)
        return ops.where(ops.expand_dims(masked, 3 - self.axis), ops.zeros_like(x), x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "longest": self.longest}


@keras.saving.register_keras_serializable("fusion")
class BranchDropout(keras.layers.Layer):
    """Drops whole branches in training, never all of a clip, and scales up the others.

    So no branch can lean on another, and the network still works where one is missing (zeros).

    Parameters
    ----------
    rate : float
        Probability that a branch is dropped for a clip; where all would be, one is kept.

    References
    ----------
    N. Neverova, C. Wolf, G. Taylor and F. Nebout: "ModDrop: adaptive multi-modal gesture recognition", IEEE Trans. PAMI
    38(8), 2016, 1692-1706, https://doi.org/10.1109/TPAMI.2015.2461544
    """

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.chance = keras.random.SeedGenerator()

    def call(self, branches: list[Tensor], training: bool = False) -> list[Tensor]:
        """Return the branches, ``(clips, size)`` each."""
        if not training:
            return branches
        count = len(branches)
        draws = keras.random.uniform((ops.shape(branches[0])[0], count), seed=self.chance)
        luckiest = draws >= ops.max(draws, axis=1, keepdims=True)
        kept = ops.cast(ops.logical_or(draws >= self.rate, luckiest), branches[0].dtype)
        scale = kept * count / ops.sum(kept, axis=1, keepdims=True)
        return [branch * scale[:, n : n + 1] for n, branch in enumerate(branches)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable("fusion")
class WeightedMean(keras.layers.Layer):
    """The mean of several tensors of one shape, with learnt weights that are positive and add up to one."""

    def build(self, shapes: list[Any]) -> None:
        """Make a logit for each tensor; all start equal."""
        self.logits = self.add_weight(shape=(len(shapes),), initializer="zeros", name="logits")

    def call(self, tensors: list[Tensor]) -> Tensor:
        """Return the mean."""
        weights = ops.softmax(self.logits)
        return sum(weights[n] * tensor for n, tensor in enumerate(tensors))
