"""The networks: functional Keras models built from the shapes that features declare.

Only layers and ``keras.ops``, so any Keras backend runs them. Inputs bear the features' names; the model
knows no feature by name. ``(frames, dims)`` feeds a convolutional branch of its own, all ``(dims,)`` feed
one dense branch; each branch ends in a normalised vector of the same size, and a fusion joins them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.learning.fusions import FUSIONS, LOGITS, side_by_side
from fusion.learning.layers import BranchDropout, StretchMasking
from fusion.settings.model import CourseModel, FusionModel, ModelSettings, NaiveModel

Tensor = Any  # a keras.KerasTensor; keras has no types
Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Moments:
    """Mean and variance of a feature over the training clips, ``(dims,)`` each."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def moments(name: str, batches: Iterable[NDArray[np.float32]]) -> Moments:
    """Return mean and variance of the last axis over everything else.

    Parameters
    ----------
    name : str
        The feature, for messages.
    batches : iterable of (clips, ..., dims) float32

    Returns
    -------
    Moments
        A constant dimension gets the variance 1, so that it is centred but not blown up.

    Raises
    ------
    FusionError
        If the values are so large that float32 cannot hold their variance.

    References
    ----------
    T. Chan, G. Golub and R. LeVeque: "Algorithms for computing the sample variance", The American
    Statistician 37(3), 1983, 242-247, https://doi.org/10.1080/00031305.1983.10483115 (merging of batches)
    """
    count = 0
    mean: NDArray[np.float64] = np.zeros(1)
    squares: NDArray[np.float64] = np.zeros(1)
    for batch in batches:
        values = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        here = values.mean(axis=0)
        difference = here - mean
        total = count + len(values)
        squares = squares + np.square(values - here).sum(axis=0) + difference**2 * count * len(values) / total
        mean = mean + difference * len(values) / total
        count = total
    variance = squares / max(count, 1)
    if not (variance < np.finfo(np.float32).max).all():
        raise FusionError(f"feature {name}: its values reach {np.abs(mean).max():.3g}; scale them down in the feature")
    constant = variance <= (1e-6 * np.maximum(np.abs(mean), 1e-3)) ** 2
    return Moments(mean, np.where(constant, 1.0, variance))


def build_model(settings: ModelSettings, shapes: Shapes, classes: int, scaling: dict[str, Moments]) -> keras.Model:
    """Return an uncompiled network.

    Parameters
    ----------
    settings : FusionModel, CourseModel or NaiveModel
    shapes : dict of str to tuple of int
        Shape of one clip by feature: ``(frames, dims)`` or ``(dims,)``.
    classes : int
    scaling : dict of str to Moments
        Of the training clips; the normalisation is part of the saved model.

    Returns
    -------
    keras.Model
        From a dict of ``(clips, *shape)`` to ``(clips, classes)`` probabilities.
    """
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    if isinstance(settings, CourseModel):
        logits = _course(inputs, classes)
    elif isinstance(settings, NaiveModel):
        logits = _naive(inputs, classes)
    else:
        logits = _fusion(settings, inputs, classes, scaling)
    outputs = layers.Activation(settings.activation, name="probabilities")(logits)
    return keras.Model(inputs, outputs, name=settings.preset)


def start_from(model: keras.Model, source: keras.Model, path: Path) -> None:
    """Give a network the weights of another one's branches; scaling and what joins the branches stay its own.

    Parameters
    ----------
    model : keras.Model
        From `build_model`.
    source : keras.Model
        Trained; its branches of the same features must have the same layers.
    path : Path
        Of `source`, for messages.

    Raises
    ------
    FusionError
        If the two have no branch in common, or a layer has another shape.

    References
    ----------
    J. Yosinski, J. Clune, Y. Bengio and H. Lipson: "How transferable are features in deep neural networks?", NeurIPS
    2014, 3320-3328, https://doi.org/10.48550/arXiv.1411.1792
    """
    known = {layer.name: layer for layer in source.layers}
    names = [f"{name}_" for name in (*(tensor.name for tensor in source.inputs), VECTORS)]
    moved = 0
    for layer in model.layers:
        theirs = known.get(layer.name)
        own = layer.name.endswith((LOGITS, "_said", "_gate")) or isinstance(layer, layers.Normalization)
        if theirs is None or own or not layer.weights or not layer.name.startswith(tuple(names)):
            continue
        mine, others = ([tuple(weight.shape) for weight in of.weights] for of in (layer, theirs))
        if mine != others:
            raise FusionError(
                f"{path}: its layer {layer.name} has weights of shape {others}, this network's has {mine}; give both "
                "experiments the same features with the same parameters, and the same model settings"
            )
        layer.set_weights(theirs.get_weights())
        moved += 1
    if not moved:
        raise FusionError(f"{path}: has no branch in common with this network; pretrain with the same features")


def load_model(path: Path) -> keras.Model:
    """Return a saved network; only layers of keras and fusion, no code from the file.

    Raises
    ------
    FusionError
        If it is damaged or holds anything else.
    """
    try:
        return keras.saving.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # keras raises whatever a damaged or foreign file leads to
        raise FusionError(
            f"{path}: this network cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]}); "
            "run the experiment again to train it"
        ) from error


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


def _fusion(settings: FusionModel, inputs: dict[str, Tensor], classes: int, scaling: dict[str, Moments]) -> Tensor:
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
    a convolution over an image of time and coefficients. What the filters found is pooled over time by its
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


VECTORS = "all-vectors"  # the dense branch's name, which no feature can have
_BRANCH = "_branch"

# few steps an epoch on small data: Keras' .99 would leave the running moments behind the weights
_MOMENTUM = 0.9


def _course(inputs: dict[str, Tensor], classes: int) -> Tensor:
    """Return the course project's layers: an image of frames and coefficients, unscaled."""
    (image,) = inputs.values()
    return _course_head(_course_image(image), classes)


def _naive(inputs: dict[str, Tensor], classes: int) -> Tensor:
    """Return the course project's layers with a dense branch of raw vectors, joined after each one's first layer."""
    (image,) = (tensor for tensor in inputs.values() if len(tensor.shape) == 3)
    x = side_by_side("vectors", [tensor for tensor in inputs.values() if len(tensor.shape) == 2])
    x = layers.Dense(100, activation="relu", name="vectors_dense")(x)
    x = layers.Dropout(0.25, name="vectors_dropout")(x)
    return _course_head(layers.Concatenate(name="fused")([_course_image(image), x]), classes)


def _course_image(image: Tensor) -> Tensor:
    x = layers.Reshape((*image.shape[1:], 1), name="image")(image)
    for n, filters in enumerate((52, 64, 132)):
        x = layers.Conv2D(filters, 2, activation="relu", name=f"conv{n + 1}")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Dropout(0.25, name="dropout1")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(100, activation="relu", name="dense1")(x)
    return layers.Dropout(0.25, name="dropout2")(x)


def _course_head(x: Tensor, classes: int) -> Tensor:
    x = layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3), name="dense2")(x)
    x = layers.Dropout(0.25, name="dropout3")(x)
    return layers.Dense(classes, name="logits")(x)
