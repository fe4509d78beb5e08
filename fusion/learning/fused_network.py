"""The fused network: a branch for each sequence, one for all vectors, joined by a fusion.

``(frames, dims)`` feeds a convolutional branch of its own, all ``(dims,)`` feed one dense branch; each branch ends in
a normalised vector of the same size. Statistics of sequences may feed the dense branch, too, and one convolutional
branch may read all features, joined frame by frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from fusion.extraction.part import Part
from fusion.learning.fuse import fuse
from fusion.learning.fusions import LOGITS, side_by_side
from fusion.learning.layers import MissingBranch, SequenceStatistics, StretchMasking
from fusion.learning.scaling import Moments, moments
from fusion.plugins.registry import FUSIONS, Source, discover, find
from fusion.settings.model import FusionModel

Tensor = Any  # a keras.KerasTensor; keras has no types

VECTORS, FRAMES = "all-vectors", "all-frames"  # names of branches of several features, which no feature can have
_POOLED = "-pooled"  # ending of the name of a sequence's statistics
_BRANCH = "_branch"

# few steps an epoch on small data: Keras' .99 would leave the running moments behind the weights
_MOMENTUM = 0.9


def fused_logits(
    settings: FusionModel,
    inputs: dict[str, Tensor],
    classes: int,
    scaling: dict[str, Moments],
    fusion: Source | None = None,
) -> Tensor:
    """Return ``(clips, classes)`` logits from inputs by feature, ``(clips, frames, dims)`` or ``(clips, dims)``."""
    scaled = {name: _scaled(name, tensor, scaling) for name, tensor in inputs.items()}
    sequences = {name: tensor for name, tensor in scaled.items() if len(tensor.shape) == 3}
    vectors = [tensor for tensor in scaled.values() if len(tensor.shape) == 2]
    convolved, dense = sequences, list(vectors)
    if settings.join == "frames":
        convolved, dense = {FRAMES: _frame_by_frame(settings, list(sequences.values()), vectors)}, []
    if settings.sequences == "pooled":
        convolved = {}
    if settings.sequences != "convolved":
        dense = [*vectors, *(_statistics(name, tensor, scaling) for name, tensor in sequences.items())]
    branches = {name: convolutional_branch(settings, name, tensor) for name, tensor in convolved.items()}
    if dense:
        branches[VECTORS] = dense_branch(settings, VECTORS, dense)
    if settings.branch_dropout and len(branches) > 1:
        kept = MissingBranch(settings.branch_dropout, name="branch_dropout")(list(branches.values()))
        branches = dict(zip(branches, kept, strict=True))
    return fuse(fusion or find(FUSIONS, settings.fusion, discover(FUSIONS)), branches, classes)


def pooled_scaling(settings: FusionModel, train: Part, scaling: Mapping[str, Moments]) -> dict[str, Moments]:
    """Return moments of the statistics of sequences over the training clips, where the network pools them.

    The clips go through the network's own first layers, so these are exact, as the features' own are.
    """
    sequences = {name: rows for name, rows in train.rows.items() if len(rows.shape) == 2}
    if settings.sequences == "convolved":
        return {}
    pool = SequenceStatistics()
    return {
        f"{name}{_POOLED}": moments(
            name, (keras.ops.convert_to_numpy(pool(_scaled(name, batch, scaling))) for batch in rows.batches())
        )
        for name, rows in sequences.items()
    }


def _scaled(name: str, x: Tensor, scaling: Mapping[str, Moments]) -> Tensor:
    mean, variance = scaling[name].mean.tolist(), scaling[name].variance.tolist()
    return layers.Normalization(mean=mean, variance=variance, name=f"{name}_scaled")(x)


def _statistics(name: str, x: Tensor, scaling: Mapping[str, Moments]) -> Tensor:
    """Return ``(clips, 4 * dims)`` scaled statistics of a scaled sequence."""
    return _scaled(f"{name}{_POOLED}", SequenceStatistics(name=f"{name}_statistics")(x), scaling)


def _frame_by_frame(settings: FusionModel, sequences: list[Tensor], vectors: list[Tensor]) -> Tensor:
    """Return ``(clips, frames, dims)`` of all sequences side by side, with the vectors beside each frame."""
    frames = sequences[0].shape[1]
    if vectors:
        x = _noisy(settings, FRAMES, side_by_side(f"{FRAMES}_all", vectors))
        sequences = [*sequences, layers.RepeatVector(frames, name=f"{FRAMES}_repeated")(x)]
    return side_by_side(f"{FRAMES}_joined", sequences)


def convolutional_branch(settings: FusionModel, name: str, x: Tensor) -> Tensor:
    """Return ``(clips, embedding)`` from a sequence ``(clips, frames, dims)``: convolutions over time.

    The dimensions of a frame are channels, so a filter sees whole spectra, and one step costs far less than
    a convolution over an image of time and coefficients. What the filters give is pooled over time by its
    mean, maximum and standard deviation.

    References
    ----------
    D. Snyder, D. Garcia-Romero, G. Sell, D. Povey and S. Khudanpur: "X-vectors: robust DNN embeddings for speaker
    recognition", ICASSP 2018, 5329-5333, https://doi.org/10.1109/ICASSP.2018.8461375 (pooling by statistics)
    """
    for axis, longest in ((1, settings.time_masking), (2, settings.frequency_masking)):
        if longest:
            x = StretchMasking(axis, longest, name=f"{name}_masked{axis}")(x)
    for n, filters in enumerate(settings.conv_filters):
        if n:
            x = layers.MaxPooling1D(2, padding="same", name=f"{name}_pool{n}")(x)
        x = layers.Conv1D(filters, 3, padding="same", use_bias=False, name=f"{name}_conv{n + 1}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm{n + 1}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{n + 1}")(x)
    if settings.time_pooling == "attention":
        mean, variance = _attentive_moments(name, x)
    else:
        mean, variance = layers.GlobalAveragePooling1D(name=f"{name}_mean")(x), keras.ops.var(x, axis=1)
    deviation = keras.ops.sqrt(variance + 1e-5)  # the root of 0 has no gradient
    x = layers.Concatenate(name=f"{name}_pooled")([mean, layers.GlobalMaxPooling1D(name=f"{name}_max")(x), deviation])
    return _embedding(settings, name, layers.Dropout(settings.dropout, name=f"{name}_dropout")(x))


def _attentive_moments(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance over time, ``(clips, filters)`` each, of frames weighted by how much they matter.

    At the start all frames weigh alike.

    References
    ----------
    K. Okabe, T. Koshinaka and K. Shinoda: "Attentive statistics pooling for deep speaker embedding", Interspeech 2018,
    2252-2256, https://doi.org/10.21437/Interspeech.2018-993
    """
    scores = layers.Dense(x.shape[-1], activation="tanh", name=f"{name}_attends")(x)
    scores = layers.Dense(1, kernel_initializer="zeros", use_bias=False, name=f"{name}_attention")(scores)
    weights = layers.Softmax(axis=1, name=f"{name}_weights")(scores)
    mean = keras.ops.sum(weights * x, axis=1, keepdims=True)
    return keras.ops.squeeze(mean, axis=1), keras.ops.sum(weights * keras.ops.square(x - mean), axis=1)


def dense_branch(settings: FusionModel, name: str, vectors: list[Tensor]) -> Tensor:
    """Return ``(clips, embedding)`` from all vectors ``(clips, dims)`` side by side."""
    x = _noisy(settings, name, side_by_side(f"{name}_all", vectors))
    for n, units in enumerate(settings.dense_units):
        x = layers.Dense(units, use_bias=False, name=f"{name}_dense{n + 1}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm{n + 1}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{n + 1}")(x)
        x = layers.Dropout(settings.dropout, name=f"{name}_dropout{n + 1}")(x)
    return _embedding(settings, name, x)


def _noisy(settings: FusionModel, name: str, x: Tensor) -> Tensor:
    return layers.GaussianNoise(settings.noise, name=f"{name}_noise")(x) if settings.noise else x


def _embedding(settings: FusionModel, name: str, x: Tensor) -> Tensor:
    """Project a branch to its vector and normalise it, so that no branch drowns another."""
    x = layers.Dense(settings.embedding, use_bias=False, name=f"{name}_projection")(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_embedding")(x)
    return layers.Activation("relu", name=f"{name}{_BRANCH}")(x)


def with_auxiliary(model: keras.Model) -> keras.Model:
    """Return a network for training that also has each branch's own prediction.

    It shares all layers with `model`, whose saved form has none of the branches' own.

    Parameters
    ----------
    model : keras.Model
        From `build_model`.

    Returns
    -------
    keras.Model
        To a dict of ``(clips, classes)`` probabilities: ``probabilities``, and one by branch.

    References
    ----------
    C.-Y. Lee, S. Xie, P. Gallagher, Z. Zhang and Z. Tu: "Deeply-supervised nets", AISTATS 2015, 562-570.
    """
    outputs = {"probabilities": model.output}
    own_logits = {layer.name: layer for layer in model.layers if layer.name.endswith(LOGITS)}
    for layer in model.layers:
        if isinstance(layer, layers.Activation) and layer.name.endswith(_BRANCH):
            name = layer.name.removesuffix(_BRANCH)
            known = own_logits.get(f"{name}{LOGITS}")  # late fusion has them already
            logits = known.output if known else layers.Dense(model.output.shape[-1])(layer.output)
            activation = model.get_layer("probabilities").activation
            outputs[name] = layers.Activation(activation, name=f"{name}_alone")(logits)
    return keras.Model(model.input, outputs)
