"""The fused network: a branch for each sequence, one for all vectors, joined by a fusion.

``(frames, dims)`` feeds a convolutional branch of its own, all ``(dims,)`` feed one dense branch; each branch ends in
a normalised vector of the same size.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from fusion.learning.fusions import FUSIONS, LOGITS, side_by_side
from fusion.learning.layers import BranchDropout, StretchMasking
from fusion.learning.scaling import Moments
from fusion.settings.model import FusionModel

Tensor = Any  # a keras.KerasTensor; keras has no types

VECTORS = "all-vectors"  # the dense branch's name, which no feature can have
_BRANCH = "_branch"

# few steps an epoch on small data: Keras' .99 would leave the running moments behind the weights
_MOMENTUM = 0.9


def fused_logits(settings: FusionModel, inputs: dict[str, Tensor], classes: int, scaling: dict[str, Moments]) -> Tensor:
    """Return ``(clips, classes)`` logits from inputs by feature, ``(clips, frames, dims)`` or ``(clips, dims)``."""
    scaled = {
        name: layers.Normalization(
            mean=scaling[name].mean.tolist(), variance=scaling[name].variance.tolist(), name=f"{name}_scaled"
        )(tensor)
        for name, tensor in inputs.items()
    }
    sequences = {name: tensor for name, tensor in scaled.items() if len(tensor.shape) == 3}
    vectors = [tensor for tensor in scaled.values() if len(tensor.shape) == 2]
    branches = {name: convolutional_branch(settings, name, tensor) for name, tensor in sequences.items()}
    if vectors:
        branches[VECTORS] = dense_branch(settings, VECTORS, vectors)
    if settings.branch_dropout and len(branches) > 1:
        kept = BranchDropout(settings.branch_dropout, name="branch_dropout")(list(branches.values()))
        branches = dict(zip(branches, kept, strict=True))
    return FUSIONS[settings.fusion](branches, classes)


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
    pooled = [
        layers.GlobalAveragePooling1D(name=f"{name}_mean")(x),
        layers.GlobalMaxPooling1D(name=f"{name}_max")(x),
        keras.ops.sqrt(keras.ops.var(x, axis=1) + 1e-5),  # the root of 0 has no gradient
    ]
    x = layers.Concatenate(name=f"{name}_pooled")(pooled)
    return _embedding(settings, name, layers.Dropout(settings.dropout, name=f"{name}_dropout")(x))


def dense_branch(settings: FusionModel, name: str, vectors: list[Tensor]) -> Tensor:
    """Return ``(clips, embedding)`` from all vectors ``(clips, dims)`` side by side."""
    x = side_by_side(f"{name}_all", vectors)
    if settings.noise:
        x = layers.GaussianNoise(settings.noise, name=f"{name}_noise")(x)
    for n, units in enumerate(settings.dense_units):
        x = layers.Dense(units, use_bias=False, name=f"{name}_dense{n + 1}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_norm{n + 1}")(x)
        x = layers.Activation("relu", name=f"{name}_relu{n + 1}")(x)
        x = layers.Dropout(settings.dropout, name=f"{name}_dropout{n + 1}")(x)
    return _embedding(settings, name, x)


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
