"""Joining branches by a fusion of any origin: its function is called, and what it gives is checked.

What a stranger's function does wrong would else be noticed after a whole training, or never.
"""

from __future__ import annotations

import inspect
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from fusion.errors import FusionError
from fusion.learning.fusions import LOGITS
from fusion.plugins.importing import load, place
from fusion.plugins.registry import Source

Tensor = Any  # keras has no types
_LAST = "probabilities"  # the layer behind the logits


def load_fusion(source: Source) -> Callable[[dict[str, Tensor], int], Tensor]:
    """Import a plug-in and return the function that is called as it is.

    Raises
    ------
    FusionError
        If the module cannot be imported or has no such function.
    """

    def is_one(value: Any) -> bool:
        return inspect.isfunction(value) and value.__name__ == source.name

    wanted = f"one function {source.name}(branches, classes) that returns logits"
    function: Callable[[dict[str, Tensor], int], Tensor] = load(source, is_one, wanted)
    return function


def fuse(source: Source, branches: Mapping[str, Tensor], classes: int) -> Tensor:
    """Return ``(clips, classes)`` logits.

    Parameters
    ----------
    source : Source
        Of the fusion.
    branches : mapping of str to keras tensor
        ``(clips, embedding)`` each, by the branch's name.
    classes : int

    Raises
    ------
    FusionError
        If the function raises, gives no logits, leaves a branch out, or makes layers that cannot be saved.
    """
    function = load_fusion(source)
    try:
        logits = function(dict(branches), classes)
    except (Exception, SystemExit) as error:  # whatever a stranger's code raises
        found = ", ".join(f"{name} {tensor.shape}" for name, tensor in branches.items())
        raise FusionError(
            f"{place(source, error)}: the fusion {source.name!r} cannot join {found}: {type(error).__name__}: {error}"
        ) from error
    if wrong := _wrong(logits, branches, classes):
        raise FusionError(f"{source}: the fusion {source.name!r} {wrong}")
    return logits


def _wrong(logits: Tensor, branches: Mapping[str, Tensor], classes: int) -> str:
    """Return what is wrong with logits and the layers behind them, or an empty string."""
    if not isinstance(logits, keras.KerasTensor) or tuple(logits.shape) != (None, classes):
        found = getattr(logits, "shape", type(logits).__name__)
        return f"should return logits of shape (None, {classes}), one row a clip and one column a class, found {found}"
    last, _, _ = logits._keras_history
    if type(last).__name__ == "Softmax" or getattr(last, "activation", None) is keras.activations.softmax:
        return f"ends in {last.name}, a softmax; should return logits, which become probabilities behind it"
    tensors, operations = _behind(logits)
    if unused := [name for name, branch in branches.items() if id(branch) not in tensors]:
        return (
            f"does not use {', '.join(unused)}: features that it ignores would seem to be worthless; use every branch"
        )
    names = Counter([_LAST, *(operation.name for operation in operations)])
    if twice := [name for name, count in names.items() if count > 1]:
        return f"has two layers called {', '.join(twice)}; put the branch's name into theirs, or give none"
    own_logits = {f"{name}{LOGITS}" for name in branches}
    for operation in operations:
        if operation.name in own_logits and operation.output.shape != logits.shape:
            return f"has a layer {operation.name}; this ending is for a branch's own logits, (None, {classes})"
        if wrong := _unsavable(operation):
            return f"has a layer {operation.name} that cannot be saved: {wrong}"
    return _changed_by_saving(branches, logits, [type(each) for each in operations if not _built_in(each)])


def _behind(tensor: Tensor) -> tuple[set[int], list[Any]]:
    """Return the ids of all tensors that one is computed from, itself included, and the operations that do it."""
    tensors: set[int] = set()
    operations: dict[int, Any] = {}
    left = [tensor]
    while left:
        tensor = left.pop()
        if id(tensor) not in tensors:
            tensors.add(id(tensor))
            operation, node, _ = tensor._keras_history  # no public function follows a graph to tensors within
            operations[id(operation)] = operation
            left += operation._inbound_nodes[node].input_tensors
    return tensors, list(operations.values())


def _changed_by_saving(branches: Mapping[str, Tensor], logits: Tensor, own: Sequence[type]) -> str:
    """Say which layers of a plug-in make other logits of the same branches once they were saved and loaded."""
    if not own:
        return ""
    network = keras.Model(list(branches.values()), logits)
    chance = np.random.default_rng(0)
    sounds = [chance.normal(size=(4, *branch.shape[1:])).astype(np.float32) for branch in branches.values()]
    state = random.getstate()  # weights of the copy would be drawn from what the training's own are drawn from
    try:
        copy = keras.Model.from_config(network.get_config())
        copy.set_weights(network.get_weights())
        first, second = (keras.ops.convert_to_numpy(each(sounds, training=False)) for each in (network, copy))
        found = "" if np.allclose(first, second, rtol=1e-4, atol=1e-5) else "other logits"
    except Exception as error:  # whatever a stranger's code raises
        found = f"{type(error).__name__}: {error}"
    finally:
        random.setstate(state)
    if not found:
        return ""
    names = " or ".join(sorted({cls.__name__ for cls in own}))
    return (
        f"is not the same once it was saved and loaded ({found}): the get_config of {names} lacks something that its "
        "__init__ takes, or something is set after that"
    )


def _built_in(operation: Any) -> bool:
    return type(operation).__module__.split(".")[0] in ("keras", "fusion")


def _unsavable(operation: Any) -> str:
    """Return why a network with this layer could be saved, but not loaded, or an empty string."""
    cls = type(operation)
    if isinstance(operation, keras.layers.Lambda):
        return "a Lambda holds code, which no saved network may; use keras.ops, or a layer of your own"
    if _built_in(operation):
        return ""
    if keras.saving.get_registered_name(cls) == cls.__name__:
        return f'write @keras.saving.register_keras_serializable("<a name of yours>") above class {cls.__name__}'
    try:
        cls.from_config(operation.get_config())
    except Exception as error:  # whatever a stranger's code raises
        return f"give {cls.__name__} a get_config with all that its __init__ takes ({type(error).__name__}: {error})"
    return ""
