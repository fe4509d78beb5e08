"""From settings to a network: a functional Keras model built from the shapes that features declare.

Only layers and ``keras.ops``, so any Keras backend runs it. Inputs bear the features' names; the model knows no
feature by name.
"""

from __future__ import annotations

import keras
from keras import layers

from fusion.learning.course_network import course_logits, naive_logits
from fusion.learning.fused_network import fused_logits
from fusion.learning.scaling import Moments
from fusion.plugins.registry import Source
from fusion.settings.model import CourseModel, ModelSettings, NaiveModel

Shapes = dict[str, tuple[int, ...]]


def build_model(
    settings: ModelSettings, shapes: Shapes, classes: int, scaling: dict[str, Moments], fusion: Source | None = None
) -> keras.Model:
    """Return an uncompiled network.

    Parameters
    ----------
    settings : FusionModel, CourseModel or NaiveModel
    shapes : dict of str to tuple of int
        Shape of one clip by feature: ``(frames, dims)`` or ``(dims,)``.
    classes : int
    scaling : dict of str to Moments
        Of the training clips; the normalisation is part of the saved model.
    fusion : Source, optional
        Where the fusion comes from, if not from an installed package.

    Returns
    -------
    keras.Model
        From a dict of ``(clips, *shape)`` to ``(clips, classes)`` probabilities.
    """
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    if isinstance(settings, CourseModel):
        logits = course_logits(inputs, classes)
    elif isinstance(settings, NaiveModel):
        logits = naive_logits(inputs, classes)
    else:
        logits = fused_logits(settings, inputs, classes, scaling, fusion)
    outputs = layers.Activation(settings.activation, name="probabilities")(logits)
    return keras.Model(inputs, outputs, name=settings.preset)
