"""Why a training got nowhere: a pure function on its history and on the levels of its inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fusion.settings.training import TrainingSettings

_UNEVEN = 100.0  # ratio of levels from which one feature drowns the others, or a unit saturates
_FALLING = 0.05  # share by which the loss still fell over the last quarter


def likely_cause(
    epochs: Sequence[dict[str, float]], best_epoch: int, levels: dict[str, float], settings: TrainingSettings
) -> str:
    """Return the likely cause if this training is one that did not converge.

    Parameters
    ----------
    epochs : sequence of dict
        Metrics of each epoch, ``loss`` among them.
    best_epoch : int
        The one whose weights the network has, from 1.
    levels : dict of str to float
        Root mean square of each feature as the network sees it; 1 where the network scales it.
    settings : TrainingSettings

    Returns
    -------
    str
        A clause that says what to do; causes that can be seen in the numbers come first.

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr and K.-R. Müller: "Efficient backprop", in: Neural networks: tricks of the trade, 1998,
    9-50, https://doi.org/10.1007/3-540-49430-8_2 (inputs of uneven scale)
    """
    losses = [metrics["loss"] for metrics in epochs]
    loudest = max(levels, key=lambda name: levels[name])
    softest = min(levels, key=lambda name: levels[name])
    lower = f"lower training.learning_rate (now {settings.learning_rate:g})"
    if levels[loudest] > _UNEVEN * min(1.0, levels[softest] or 1.0):
        beside = f", {softest} at {levels[softest]:.3g}" if softest != loudest else ""
        return (
            f"likely because the inputs are not scaled ({loudest} comes in at a level of {levels[loudest]:,.0f}"
            f"{beside}); the default model scales each feature"
        )
    if not np.isfinite(losses).all():
        return f"likely because the training diverged; {lower}"
    quarter = losses[-max(2, len(losses) // 4) :]
    short = f"too few epochs ({settings.epochs}): raise training.epochs"
    if quarter[-1] < (1 - _FALLING) * quarter[0]:
        return f"{short}; the loss was still falling"
    perhaps = f"perhaps because the features do not tell these classes apart, or the steps are too large: {lower}"
    improving = settings.patience is not None and best_epoch == len(epochs)
    return f"{short}; or {perhaps}" if improving else perhaps
