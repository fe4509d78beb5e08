"""The course project's networks: its own, and its try to fuse, which never converged. Neither scales its inputs."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from fusion.learning.fusions import side_by_side

Tensor = Any  # a keras.KerasTensor; keras has no types


def course_logits(inputs: dict[str, Tensor], classes: int) -> Tensor:
    """Return the course project's layers: an image of frames and coefficients, unscaled."""
    (image,) = inputs.values()
    return _head(_image_branch(image), classes)


def naive_logits(inputs: dict[str, Tensor], classes: int) -> Tensor:
    """Return the course project's layers with a dense branch of raw vectors, joined after each one's first layer."""
    (image,) = (tensor for tensor in inputs.values() if len(tensor.shape) == 3)
    x = side_by_side("vectors", [tensor for tensor in inputs.values() if len(tensor.shape) == 2])
    x = layers.Dense(100, activation="relu", name="vectors_dense")(x)
    x = layers.Dropout(0.25, name="vectors_dropout")(x)
    return _head(layers.Concatenate(name="fused")([_image_branch(image), x]), classes)


def _image_branch(image: Tensor) -> Tensor:
    x = layers.Reshape((*image.shape[1:], 1), name="image")(image)
    for n, filters in enumerate((52, 64, 132)):
        x = layers.Conv2D(filters, 2, activation="relu", name=f"conv{n + 1}")(x)
    x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.Dropout(0.25, name="dropout1")(x)
    x = layers.Flatten(name="flat")(x)
    x = layers.Dense(100, activation="relu", name="dense1")(x)
    return layers.Dropout(0.25, name="dropout2")(x)


def _head(x: Tensor, classes: int) -> Tensor:
    x = layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3), name="dense2")(x)
    x = layers.Dropout(0.25, name="dropout3")(x)
    return layers.Dense(classes, name="logits")(x)
