"""Has a training learnt anything? Cross-entropy, accuracy, and why it counts as not converged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def cross_entropy(
    probabilities: NDArray[Any], targets: NDArray[np.bool_], activation: str, clips: NDArray[np.int64] | None = None
) -> float:
    """Return the mean cross-entropy of clips in nats; with a sigmoid, the sum over classes of each one's own.

    Parameters
    ----------
    probabilities : (windows, classes)
    targets : (windows, classes) bool
    activation : {"softmax", "sigmoid"}
        With a softmax, a clip's labels share one whole.
    clips : (windows,) int, optional
        The clip of each window: a clip counts once, however many windows it has. None: each window is a clip.
    """
    smallest = np.finfo(np.float32).tiny
    values = np.asarray(probabilities, dtype=np.float64)
    logs = np.log(np.maximum(values, smallest))
    if activation == "softmax":
        losses = -(logs * targets / targets.sum(axis=1, keepdims=True)).sum(axis=1)
    else:
        losses = -np.where(targets, logs, np.log(np.maximum(1 - values, smallest))).sum(axis=1)
    return float(np.average(losses, weights=None if clips is None else 1 / np.bincount(clips)[clips]))


def top_accuracy(scores: NDArray[Any], targets: NDArray[np.bool_]) -> float:
    """Return the share of clips whose largest score is of one of their labels."""
    return float(targets[np.arange(len(targets)), scores.argmax(axis=1)].mean())


def why_not_converged(loss: float, accuracy: float, targets: NDArray[np.bool_], activation: str) -> str:
    """Say why a training counts as not converged, or return an empty string.

    Parameters
    ----------
    loss : float, nats
        As `cross_entropy` gives it for the training clips, in prediction, at the end.
    accuracy : float
        Of the training clips.
    targets : (clips, classes) bool
        Of the training clips.
    activation : {"softmax", "sigmoid"}

    Notes
    -----
    Guessing by class frequency has the entropy of these frequencies as its loss (with a sigmoid the sum over classes
    of each label's own entropy), always guessing the largest class has its share as its accuracy. A network close to
    either has learnt nothing from the sound.
    """
    from scipy.special import entr

    shares = targets.mean(axis=0)
    if activation == "softmax":
        entropy = entr(shares / shares.sum()).sum()
    else:
        entropy = (entr(shares) + entr(1 - shares)).sum()
    majority = float(targets.mean(axis=0).max())
    if not loss <= 0.9 * entropy:
        return f"training loss {loss:.3f} is above 0.9 of {entropy:.3f}, the entropy of the training labels"
    more = min(0.05, (1 - majority) / 2)
    if accuracy < majority + more:
        return f"training accuracy {accuracy:.3f} is not {more:.2g} above {majority:.3f}, the largest class' share"
    return ""
