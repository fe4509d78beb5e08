"""What happens between epochs: messages to the parent process, and keeping the best weights."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from fusion.runtime.workers import send_message


class EpochMessages(keras.callbacks.Callback):
    """Sends the parent process a message after each epoch, and when training is over."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.epoch = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Send the training's name, the epoch and its metrics."""
        self.epoch = epoch + 1
        send_message(("epoch", self.name, self.epoch, epoch_metrics(logs)))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Send the training's name and how many epochs it had."""
        send_message(("trained", self.name, self.epoch, {}))


class KeepBest(keras.callbacks.Callback):
    """Stops when validation gets no better, and brings the best epoch's weights back.

    Better is a higher accuracy, or the same with a lower loss. Loss alone would not do: on unknown instruments it
    rises with the network's confidence while accuracy still improves.

    Parameters
    ----------
    patience : int
        Epochs without a better one before training stops.
    """

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience
        self.best = (-np.inf, -np.inf)
        self.epoch = 0
        self.weights: Any = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Compare with the best epoch so far."""
        metrics = epoch_metrics(logs)
        score = (round(metrics["val_accuracy"], 6), -metrics["val_loss"])
        if score > self.best:
            self.best, self.epoch, self.weights = score, epoch + 1, self.model.get_weights()
        elif epoch + 1 - self.epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Bring the best weights back."""
        if self.weights is not None:
            self.model.set_weights(self.weights)


def epoch_metrics(logs: dict[str, float] | None) -> dict[str, float]:
    """Return an epoch's loss and accuracy, without those of branches on their own."""
    metrics = dict(logs or {})
    for key in ("loss", "accuracy"):
        for prefix in ("", "val_"):
            whole = metrics.pop(f"{prefix}probabilities_{key}", None)
            if whole is not None:
                metrics[prefix + key] = whole
    return {key: float(value) for key, value in metrics.items() if key.removeprefix("val_") in ("loss", "accuracy")}
