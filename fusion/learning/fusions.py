"""Ways to join branches: from each branch's vector to the logits of the classes.

To add one, write a function like these, name it in `FUSIONS` and in ``FusionModel.fusion``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import layers

from fusion.learning.layers import WeightedMean

Tensor = Any  # keras has no types

# endings of layer names after the branch's; they stay, because older networks have them in their files, and training
# that starts from such a network leaves these layers out by name
LOGITS = "_logits"  # a branch's own logits
CONTENT, GATE = "_said", "_gate"  # what a branch brings to a gated fusion, and how much of it passes


def concat(branches: dict[str, Tensor], classes: int) -> Tensor:
    """Return ``(clips, classes)`` logits from the branches' vectors side by side.

    References
    ----------
    J. Ngiam, A. Khosla, M. Kim, J. Nam, H. Lee and A. Ng: "Multimodal deep learning", ICML 2011, 689-696.
    """
    return layers.Dense(classes, name="logits")(side_by_side("fused", list(branches.values())))


def gated(branches: dict[str, Tensor], classes: int) -> Tensor:
    """Return logits from a gated multimodal unit: each branch has a gate, opened by what all branches say.

    References
    ----------
    J. Arevalo, T. Solorio, M. Montes-y-Gomez and F. Gonzalez: "Gated multimodal units for information fusion", ICLR
    2017 workshop, https://doi.org/10.48550/arXiv.1702.01992
    """
    everything = side_by_side("gates_see", list(branches.values()))
    parts = []
    for name, branch in branches.items():
        size = branch.shape[-1]
        content = layers.Dense(size, activation="tanh", name=f"{name}{CONTENT}")(branch)
        gate = layers.Dense(size, activation="sigmoid", name=f"{name}{GATE}")(everything)
        parts.append(layers.Multiply(name=f"{name}_gated")([gate, content]))
    fused = layers.Add(name="fused")(parts) if len(parts) > 1 else parts[0]
    return layers.Dense(classes, name="logits")(fused)


def late(branches: dict[str, Tensor], classes: int) -> Tensor:
    """Return the mean of each branch's own logits, with learnt weights that add up to one.

    References
    ----------
    J. Kittler, M. Hatef, R. Duin and J. Matas: "On combining classifiers", IEEE Trans. PAMI 20(3), 1998, 226-239,
    https://doi.org/10.1109/34.667881
    """
    logits = [layers.Dense(classes, name=f"{name}{LOGITS}")(branch) for name, branch in branches.items()]
    return WeightedMean(name="logits")(logits)


FUSIONS: dict[str, Callable[[dict[str, Tensor], int], Tensor]] = {"concat": concat, "gated": gated, "late": late}


def side_by_side(name: str, tensors: list[Tensor]) -> Tensor:
    """Return tensors joined along their last axis; a single one as it is."""
    return layers.Concatenate(name=name)(tensors) if len(tensors) > 1 else tensors[0]
