"""From scores to labels: which classes are predicted, and how tables write them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def headline(several: bool) -> str:
    """Return the figure that is shown first and compared."""
    return "micro_f1" if several else "accuracy"


def decide(scores: Floats, threshold: float | None) -> Bools:
    """Return which classes are predicted, ``(clips, classes)``: those from a threshold on, or the one with most."""
    if threshold is not None:
        return scores >= threshold
    found = np.zeros(scores.shape, dtype=bool)
    found[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return found


def joined(classes: tuple[str, ...], chosen: Bools) -> str:
    """Return a clip's labels as tables have them."""
    return ";".join(label for label, said in zip(classes, chosen, strict=True) if said)
