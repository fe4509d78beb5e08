"""The product of all branches."""

from typing import Any

import keras


def my_fusion(branches: dict[str, Any], classes: int) -> Any:
    """Return logits from the product of all branches, each projected before: low-rank bilinear pooling.

    Parameters
    ----------
    branches : dict of str to keras tensor
        ``(clips, embedding)`` each, by its name: one for each sequence, one for all vectors together. Use all of them.
    classes : int

    Returns
    -------
    keras tensor
        ``(clips, classes)`` logits; the network's own activation comes behind them.

    References
    ----------
    J.-H. Kim, K.-W. On, W. Lim, J. Kim, J.-W. Ha and B.-T. Zhang: "Hadamard product for low-rank bilinear pooling",
    ICLR 2017, https://doi.org/10.48550/arXiv.1610.04325
    """
    parts = []
    for name, branch in branches.items():
        # layers named after a branch end in _said, _gate or _logits: else training.pretrain takes them for the branch's
        parts.append(keras.layers.Dense(branch.shape[-1], activation="tanh", name=f"{name}_said")(branch))
    fused = keras.layers.Multiply(name="fused")(parts) if len(parts) > 1 else parts[0]
    return keras.layers.Dense(classes, name="logits")(fused)
