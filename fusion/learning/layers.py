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
class MissingBranch(keras.layers.Layer):
    """Puts a learnt vector in the place of whole branches in training, never of all of a clip's.

    So no branch can lean on another, and what joins them learns what it means that one is missing.

    Parameters
    ----------
    rate : float
        Probability that a branch is missing for a clip; where all would be, one is kept.

    References
    ----------
    N. Neverova, C. Wolf, G. Taylor and F. Nebout: "ModDrop: adaptive multi-modal gesture recognition", IEEE Trans. PAMI
    38(8), 2016, 1692-1706, https://doi.org/10.1109/TPAMI.2015.2461544 (with zeros)
    """

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate
        self.chance = keras.random.SeedGenerator()

    def build(self, shapes: list[Any]) -> None:
        """Make a vector for each branch; all start at zero."""
        self.vectors = self.add_weight(shape=(len(shapes), shapes[0][-1]), initializer="zeros", name="vectors")

    def call(self, branches: list[Tensor], training: bool = False) -> list[Tensor]:
        """Return the branches, ``(clips, size)`` each."""
        if not training:
            return branches
        draws = keras.random.uniform((ops.shape(branches[0])[0], len(branches)), seed=self.chance)
        luckiest = draws >= ops.max(draws, axis=1, keepdims=True)
        kept = ops.logical_or(draws >= self.rate, luckiest)
        return [ops.where(kept[:, n : n + 1], branch, self.vectors[n]) for n, branch in enumerate(branches)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable("fusion")
class BranchDropout(keras.layers.Layer):
    """Branches as they are. Here only because networks of earlier versions have it: it acted in their training."""

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.rate = rate

    def call(self, branches: list[Tensor]) -> list[Tensor]:
        """Return the branches."""
        return branches

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate}


@keras.saving.register_keras_serializable("fusion")
class SequenceStatistics(keras.layers.Layer):
    """Mean and standard deviation over time of a sequence and of its delta, ``(clips, 4 * dims)``.

    The delta is the slope of a line through 9 frames, or through the widest odd number of them that there are; the
    first and last frames share the slope of the first and last line, as in ``librosa.feature.delta``. Below 3 frames it
    is 0.

    References
    ----------
    A. Savitzky and M. Golay: "Smoothing and differentiation of data by simplified least squares procedures", Analytical
    Chemistry 36(8), 1964, 1627-1639, https://doi.org/10.1021/ac60214a047
    """

    def call(self, x: Tensor) -> Tensor:
        """Return the statistics side by side."""
        frames = x.shape[1]
        side = min(4, (frames - 1) // 2)
        delta = ops.zeros_like(x)
        if side:
            steps = range(1, side + 1)
            rises = [n * (x[:, side + n : frames - side + n] - x[:, side - n : frames - side - n]) for n in steps]
            slopes = sum(rises) / (2 * sum(n * n for n in steps))
            ends = [ops.repeat(end, side, axis=1) for end in (slopes[:, :1], slopes[:, -1:])]
            delta = ops.concatenate([ends[0], slopes, ends[1]], axis=1)
        # the root of 0 has no gradient
        deviations = [ops.sqrt(ops.maximum(ops.var(values, axis=1), 1e-12)) for values in (x, delta)]
        return ops.concatenate([ops.mean(x, axis=1), deviations[0], ops.mean(delta, axis=1), deviations[1]], axis=-1)


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


@keras.saving.register_keras_serializable("fusion")
class Standardisation(keras.layers.Layer):
    """Minus a mean, divided by a deviation, of each dimension; both are weights that are set and not trained.

    Exported networks have it where trained ones have ``keras.layers.Normalization``.
    """

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make both."""
        size = (shape[-1],)
        self.mean = self.add_weight(shape=size, initializer="zeros", trainable=False, name="mean")
        self.deviation = self.add_weight(shape=size, initializer="ones", trainable=False, name="deviation")

    def call(self, x: Tensor) -> Tensor:
        """Scale."""
        return (x - self.mean) / self.deviation
