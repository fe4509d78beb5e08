"""Saved networks: to load one, and to start another one from its branches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from fusion.errors import FusionError
from fusion.learning.fuse import load_fusion
from fusion.learning.fused_network import FRAMES, VECTORS
from fusion.learning.fusions import CONTENT, GATE, LOGITS
from fusion.learning.model_bounds import refuse_oversized
from fusion.plugins.registry import Source


def load_model(path: Path, fusion: Source | None = None, classes: Sequence[str] | None = None) -> keras.Model:
    """Return a saved network; only layers of keras, fusion and its own fusion, no code from the file.

    Parameters
    ----------
    path : Path
    fusion : Source, optional
        A plug-in that may have layers of its own; it is imported, so that keras knows them.
    classes : sequence of str, optional
        What it must give a score of each.

    Raises
    ------
    FusionError
        If it is damaged, too large, for other classes or holds anything else, or weights are NaN or infinite.
    """
    if fusion is not None:
        load_fusion(fusion)
    refuse_oversized(path)
    try:
        model = keras.saving.load_model(path, safe_mode=True, compile=False)
    except Exception as error:  # keras raises whatever a damaged or foreign file leads to
        mend = "run the experiment again to train it"
        if "Could not locate class" in str(error):
            mend = "if these are layers of a fusion of your own, name its plug-in folder with --plugins"
        raise FusionError(
            f"{path}: this network cannot be loaded ({type(error).__name__}: {str(error).splitlines()[0]}); {mend}"
        ) from error
    if classes is not None and model.output_shape[1:] != (len(classes),):
        raise FusionError(f"{path}: gives scores {model.output_shape[1:]} for {len(classes)} classes; it is another's")
    if wrong := [weight.path for weight in model.weights if not np.isfinite(keras.ops.convert_to_numpy(weight)).all()]:
        raise FusionError(f"{path}: has NaN or infinity in {wrong[0]}; run the experiment again to train it")
    return model


def start_from(model: keras.Model, source: keras.Model, path: Path) -> None:
    """Give a network the weights of another one's branches; scaling and what joins the branches stay its own.

    Parameters
    ----------
    model : keras.Model
        From `fusion.learning.model.build_model`.
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
    names = [f"{name}_" for name in (*(tensor.name for tensor in source.inputs), FRAMES, VECTORS)]
    moved = 0
    for layer in model.layers:
        counterpart = known.get(layer.name)
        not_moved = layer.name.endswith((CONTENT, GATE, LOGITS)) or isinstance(layer, layers.Normalization)
        if counterpart is None or not_moved or not layer.weights or not layer.name.startswith(tuple(names)):
            continue
        shapes, others = ([tuple(weight.shape) for weight in each.weights] for each in (layer, counterpart))
        if shapes != others:
            raise FusionError(
                f"{path}: its layer {layer.name} has weights of shape {others}, this network's has {shapes}; give both "
                "experiments the same features with the same parameters, and the same model settings"
            )
        layer.set_weights(counterpart.get_weights())
        moved += 1
    if not moved:
        raise FusionError(f"{path}: has no branch in common with this network; pretrain with the same features")
