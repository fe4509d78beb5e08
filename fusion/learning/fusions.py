"""The built-in ways to join branches: from each branch's vector to the logits of the classes.

Each is a plug-in called as its function, announced under ``fusion.fusions`` in ``pyproject.toml``.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from fusion.learning.layers import WeightedMean

Tensor = Any  # keras has no types

# endings of layer names after the branch's; they stay, because older networks have them in their files, and training
# that starts from another network leaves these layers out by name: so plug-ins have to use them, too
LOGITS = "_logits"  # a branch's own logits
CONTENT, GATE = "_said", "_gate"  # what a branch brings to a fusion by gates, and how much of it passes

_HEADS = 4
_CLOSED = -2.0  # a gate's bias at the start: an eighth passes


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


def cross_attention(branches: dict[str, Tensor], classes: int) -> Tensor:
    """Return logits from branches that look at one another: each is a token of one attention block with a residual.

    References
    ----------
    Y.-H. Tsai, S. Bai, P. Liang, J. Kolter, L.-P. Morency and R. Salakhutdinov: "Multimodal transformer for unaligned
    multimodal language sequences", ACL 2019, 6558-6569, https://doi.org/10.18653/v1/P19-1656

    A. Vaswani et al.: "Attention is all you need", NeurIPS 2017, https://doi.org/10.48550/arXiv.1706.03762
    """
    tokens = keras.ops.stack(list(branches.values()), axis=1)
    x = layers.LayerNormalization(name="tokens")(tokens)
    size = max(1, tokens.shape[-1] // _HEADS)
    x = layers.MultiHeadAttention(_HEADS, size, name="attention")(x, x)
    x = layers.Add(name="attended")([tokens, x])
    return layers.Dense(classes, name="logits")(layers.Flatten(name="fused")(x))


def gated_residual(branches: dict[str, Tensor], classes: int) -> Tensor:
    """Return logits from the first branch, to which each other one is added through a gate that starts closed.

    So a branch that brings nothing disturbs nothing. The first one is the first sequence, by name, if there is one.

    References
    ----------
    R. Srivastava, K. Greff and J. Schmidhuber: "Highway networks", ICML 2015 workshop,
    https://doi.org/10.48550/arXiv.1505.00387 (gates that start closed)

    J.-B. Alayrac et al.: "Flamingo: a visual language model for few-shot learning", NeurIPS 2022,
    https://doi.org/10.48550/arXiv.2204.14198 (for a further kind of input)
    """
    (_, x), *others = branches.items()
    for name, branch in others:
        size = branch.shape[-1]
        content = layers.Dense(size, name=f"{name}{CONTENT}")(branch)
        closed = keras.initializers.Constant(_CLOSED)
        gate = layers.Dense(size, activation="sigmoid", bias_initializer=closed, name=f"{name}{GATE}")(
            side_by_side(f"{name}_gate_sees", [x, branch])
        )
        x = layers.Add(name=f"{name}_added")([x, layers.Multiply(name=f"{name}_gated")([gate, content])])
    return layers.Dense(classes, name="logits")(x)


def side_by_side(name: str, tensors: list[Tensor]) -> Tensor:
    """Return tensors joined along their last axis; a single one as it is."""
    return layers.Concatenate(name=name)(tensors) if len(tensors) > 1 else tensors[0]
