"""Training one network: a seed, some stored features, labels; a folder with the trained model comes out.

Runs in a worker process, which alone imports keras. The folder appears whole or not at all; a seed whose
folder is there was finished.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.files import replacing, write_json
from fusion.jobs import Job, Part, Values
from fusion.model import build_model, moments
from fusion.workers import tell


class Batches(keras.utils.PyDataset):
    """Batches of clips, shuffled anew each epoch from a seed.

    Parameters
    ----------
    part : Part
    size : int
        Clips a batch; the last one may have fewer.
    seed : int or None
        None keeps the order.
    """

    def __init__(self, part: Part, size: int, seed: int | None = None) -> None:
        super().__init__()
        self.part = part
        self.size = size
        self.random = None if seed is None else np.random.default_rng(seed)
        self.order = np.arange(len(part.labels))
        self.on_epoch_end()

    def __len__(self) -> int:
        return -(-len(self.order) // self.size)

    def __getitem__(self, index: int) -> tuple[Values, NDArray[np.int64]]:
        clips = self.order[index * self.size : (index + 1) * self.size]
        return self.part.values(clips), self.part.labels[clips]

    def on_epoch_end(self) -> None:
        """Shuffle."""
        if self.random is not None:
            self.random.shuffle(self.order)


class News(keras.callbacks.Callback):
    """Tells the parent process of each epoch."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Send seed, epoch and the epoch's figures."""
        tell(("epoch", self.seed, epoch + 1, dict(logs or {})))


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
        figures = logs or {}
        now = (round(figures["val_accuracy"], 6), -figures["val_loss"])
        if now > self.best:
            self.best, self.epoch, self.weights = now, epoch + 1, self.model.get_weights()
        elif epoch + 1 - self.epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Bring the best weights back."""
        if self.weights is not None:
            self.model.set_weights(self.weights)


def train_seed(job: Job) -> None:
    """Train, then write the model, its history, its test predictions and a summary, in this order.

    Parameters
    ----------
    job : Job
        ``job.folder`` gets ``model.keras``, ``history.csv``, ``train.npy`` (predicted classes of the training
        clips), ``predictions.csv`` (test clip and one probability a class) and ``summary.json``.
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(job.seed)
    model = fit(job)
    trained = time.perf_counter()
    with replacing(job.folder) as folder:
        folder.mkdir()
        model.save(folder / "model.keras")
        _write_history(folder / "history.csv", model.history.history)
        loss, predicted = _score(model, job.parts["train"])
        np.save(folder / "train.npy", predicted, allow_pickle=False)
        _write_predictions(folder / "predictions.csv", job, predict(model, job.parts["test"]))
        summary = {
            "seed": job.seed,
            "epochs": len(model.history.epoch),
            "parameters": int(model.count_params()),
            "best_epoch": model.history.best_epoch,
            "versions": job.versions,
            "train": {
                "loss": loss if np.isfinite(loss) else None,
                "accuracy": float((predicted == job.parts["train"].labels).mean()),
            },
            "seconds": {"train": trained - started, "evaluate": time.perf_counter() - trained},
            "backend": f"{keras.config.backend()}, keras {keras.version()}",
            "device": _device(),
        }
        write_json(folder / "summary.json", summary)
    keras.backend.clear_session()


def fit(job: Job) -> keras.Model:
    """Return a trained model; ``model.history`` has its epochs, and as ``best_epoch`` the one whose weights it has."""
    settings = job.training
    train = job.parts["train"]
    scaling = {name: moments(name, rows.batches()) for name, rows in train.rows.items()}
    shapes = {name: rows.shape for name, rows in train.rows.items()}
    model = build_model(job.model, shapes, len(job.classes), scaling)
    batches = Batches(train, settings.batch_size, job.seed)
    rate: Any = settings.learning_rate
    callbacks: list[keras.callbacks.Callback] = [News(job.seed)]
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, settings.epochs * len(batches))
    elif settings.schedule == "plateau":
        patience = max(1, (settings.patience or 10) // 3)
        callbacks.append(keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=patience))
    if settings.patience:
        callbacks.append(KeepBest(settings.patience))
    model.compile(
        keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    validation = Batches(job.parts["validation"], max(settings.batch_size, 256))
    history = model.fit(batches, validation_data=validation, epochs=settings.epochs, callbacks=callbacks, verbose=0)
    kept = [callback.epoch for callback in callbacks if isinstance(callback, KeepBest)]
    history.best_epoch = kept[0] if kept else len(history.epoch)
    return model


def predict(model: keras.Model, part: Part, size: int = 256) -> NDArray[np.float32]:
    """Return probabilities, ``(clips, classes)`` float32."""
    chunks = [
        keras.ops.convert_to_numpy(model(part.values(slice(first, first + size)), training=False))
        for first in range(0, len(part.labels), size)
    ]
    return np.concatenate(chunks)


def _score(model: keras.Model, part: Part) -> tuple[float, NDArray[np.int64]]:
    """Return cross-entropy (nats) and classes as in prediction: nothing dropped, nothing augmented."""
    probabilities = predict(model, part)
    chosen = probabilities[np.arange(len(part.labels)), part.labels].astype(np.float64)
    loss = -np.log(np.maximum(chosen, np.finfo(np.float32).tiny)).mean()
    return float(loss), probabilities.argmax(axis=1)


def _write_history(path: Path, history: dict[str, Sequence[float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        writer.writerows([n + 1, *map(float, row)] for n, row in enumerate(zip(*history.values(), strict=True)))


def _write_predictions(path: Path, job: Job, probabilities: NDArray[np.float32]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", *job.classes])
        for clip, row in zip(job.ids, probabilities, strict=True):
            writer.writerow([clip, *(f"{value:.7g}" for value in row)])


def _device() -> str:
    devices = keras.distribution.list_devices("gpu") if hasattr(keras, "distribution") else []
    return ", ".join(devices) if devices else "cpu"
