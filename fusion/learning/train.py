"""Training one network: a seed, some stored features, labels; a folder with the trained model comes out.

Runs in a worker process, which alone imports keras. The folder appears whole or not at all; a seed whose
folder is there was finished.
"""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion import evaluate
from fusion.aggregate import aggregate
from fusion.batches import Batches
from fusion.diagnosis import likely_cause
from fusion.files import content_hash, replacing, write_json
from fusion.jobs import Job, Part
from fusion.model import Moments, build_model, load_model, moments, start_from, with_auxiliary
from fusion.multilabel import best_threshold
from fusion.spec import FusionModel
from fusion.workers import tell


class News(keras.callbacks.Callback):
    """Tells the parent process of each epoch."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Send the training's name, the epoch and its figures."""
        tell(("epoch", self.name, epoch + 1, _figures(logs)))


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
        figures = _figures(logs)
        now = (round(figures["val_accuracy"], 6), -figures["val_loss"])
        if now > self.best:
            self.best, self.epoch, self.weights = now, epoch + 1, self.model.get_weights()
        elif epoch + 1 - self.epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Bring the best weights back."""
        if self.weights is not None:
            self.model.set_weights(self.weights)


def _figures(logs: dict[str, float] | None) -> dict[str, float]:
    """Return an epoch's loss and accuracy, without those of branches on their own."""
    found = dict(logs or {})
    for key in ("loss", "accuracy"):
        for prefix in ("", "val_"):
            whole = found.pop(f"{prefix}probabilities_{key}", None)
            if whole is not None:
                found[prefix + key] = whole
    return {key: float(value) for key, value in found.items() if key.removeprefix("val_") in ("loss", "accuracy")}


def train_seed(job: Job) -> None:
    """Train, then write the model, its history, its test predictions and a summary, in this order.

    Parameters
    ----------
    job : Job
        ``job.folder`` gets ``model.keras``, ``history.csv``, ``train.npy`` (scores of the training clips, ``(clips,
        classes)`` float32), ``predictions.csv`` (test clip and one score a class) and ``summary.json``.
    """
    started = time.perf_counter()
    keras.utils.set_random_seed(job.seed)
    model = fit(job)
    trained = time.perf_counter()
    with replacing(job.folder) as folder:
        folder.mkdir()
        model.save(folder / "model.keras")
        _write_history(folder / "history.csv", model.history.epochs)
        probabilities = predict(model, job.parts["train"])
        truth = job.parts["train"].targets[: len(probabilities)]
        loss = evaluate.cross_entropy(probabilities, truth, job.model.activation)
        scores = aggregate(probabilities, job.parts["train"].clips, job.aggregate)
        np.save(folder / "train.npy", scores.astype(np.float32), allow_pickle=False)
        test = _scores(model, job, "test")
        _write_predictions(folder / "predictions.csv", job, test)
        summary = {
            "seed": job.seed,
            "folds": job.folds,
            "epochs": len(model.history.epochs),
            "parameters": int(model.count_params()),
            "best_epoch": model.history.best_epoch,
            "versions": job.versions,
            "threshold": _threshold(model, job, test),
            "train": {
                "loss": loss if np.isfinite(loss) else None,
                "accuracy": evaluate.top_accuracy(scores, job.parts["train"].truth),
            },
            "cause": likely_cause(model.history.epochs, model.history.levels, job.training),
            "seconds": {"train": trained - started, "evaluate": time.perf_counter() - trained},
            "backend": f"{keras.config.backend()}, keras {keras.version()}",
            "device": _device(),
        }
        write_json(folder / "summary.json", summary)
    keras.backend.clear_session()


def apply_seed(job: Job) -> None:
    """Write the folder of a trained seed anew, with its network's predictions for other test clips.

    Parameters
    ----------
    job : Job
        With a source.
    """
    if job.source is None:
        raise ValueError("no source to apply")
    started = time.perf_counter()
    model = load_model(job.source / "model.keras")
    summary = json.loads((job.source / "summary.json").read_text(encoding="utf-8"))
    with replacing(job.folder) as folder:
        folder.mkdir()
        for name in ("model.keras", "history.csv", "train.npy"):
            shutil.copyfile(job.source / name, folder / name)
        test = _scores(model, job, "test")
        _write_predictions(folder / "predictions.csv", job, test)
        if job.threshold == "oracle":
            summary["threshold"] = _threshold(model, job, test)
        summary["network"] = content_hash(folder / "model.keras")
        summary["seconds"] = {"train": 0.0, "evaluate": time.perf_counter() - started}
        write_json(folder / "summary.json", summary)
    keras.backend.clear_session()


def fit(job: Job) -> keras.Model:
    """Return a trained model.

    Returns
    -------
    keras.Model
        ``model.history`` has as ``epochs`` a dict of figures for each epoch, as ``best_epoch`` the one whose weights
        the model has, and as ``levels`` the root mean square of each feature as the network sees it.
    """
    settings = job.training
    train = job.parts["train"]
    scaling = {name: moments(name, rows.batches()) for name, rows in train.rows.items()}
    shapes = {name: rows.shape for name, rows in train.rows.items()}
    model = build_model(job.model, shapes, len(job.classes), scaling)
    if job.pretrained:
        start_from(model, load_model(job.pretrained), job.pretrained)
    auxiliary = job.model.auxiliary if isinstance(job.model, FusionModel) else 0.0
    trainer = with_auxiliary(model) if auxiliary else keras.Model(model.input, {"probabilities": model.output})
    weights = {name: 1.0 if name == "probabilities" else auxiliary for name in trainer.output}
    shares = job.model.activation == "softmax"
    counted = _class_weights(train) if settings.class_weights else None
    batches = Batches(train, settings.batch_size, job.seed, settings.mixup, list(weights), shares, counted)
    rate: Any = settings.learning_rate
    callbacks: list[keras.callbacks.Callback] = [News(str(job.folder))]
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, settings.epochs * len(batches))
    elif settings.schedule == "plateau":
        patience = max(1, (settings.patience or 10) // 3)
        callbacks.append(keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=patience))
    if settings.patience:
        callbacks.append(KeepBest(settings.patience))
    optimizer = (
        keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
        if settings.weight_decay
        else keras.optimizers.Adam(rate)
    )
    loss = keras.losses.CategoricalCrossentropy if shares else keras.losses.BinaryCrossentropy
    losses = {name: loss(label_smoothing=settings.label_smoothing) for name in weights}
    trainer.compile(
        optimizer,
        loss=losses,
        loss_weights=weights,
        metrics={name: [keras.metrics.CategoricalAccuracy(name="accuracy")] for name in weights},
        jit_compile=False,
    )
    held_out, size = job.parts["validation"], max(settings.batch_size, 256)
    validation = Batches(held_out, size, outputs=list(weights), shares=shares)
    history = trainer.fit(batches, validation_data=validation, epochs=settings.epochs, callbacks=callbacks, verbose=0)
    kept = [callback.epoch for callback in callbacks if isinstance(callback, KeepBest)]
    history.epochs = [
        _figures(dict(zip(history.history, row, strict=True))) for row in zip(*history.history.values(), strict=True)
    ]
    history.best_epoch = kept[0] if kept else len(history.epochs)
    scaled = isinstance(job.model, FusionModel)
    history.levels = {name: 1.0 if scaled else _level(values) for name, values in scaling.items()}
    model.history = history
    return model


def _level(values: Moments) -> float:
    """Return the root mean square of a feature."""
    return float(np.sqrt((values.mean**2 + values.variance).mean()))


def _class_weights(part: Part) -> NDArray[np.float32]:
    """Return the weight of each class with which all count alike, 1 on the mean of clips."""
    count = part.targets[: len(part)].sum(axis=0)
    return np.asarray(count.sum() / np.maximum(count, 1) / np.count_nonzero(count), dtype=np.float32)


def predict(model: keras.Model, part: Part, size: int = 256) -> NDArray[np.float32]:
    """Return probabilities, ``(windows, classes)`` float32."""
    windows = len(part)
    chunks = [
        keras.ops.convert_to_numpy(model(part.draw(np.arange(first, min(first + size, windows)))[0], training=False))
        for first in range(0, windows, size)
    ]
    return np.concatenate(chunks)


def _scores(model: keras.Model, job: Job, split: str) -> NDArray[np.float64]:
    """Return scores of clips, ``(clips, classes)``."""
    return aggregate(predict(model, job.parts[split]), job.parts[split].clips, job.aggregate)


def _threshold(model: keras.Model, job: Job, test: NDArray[np.float64]) -> float | None:
    """Return the score from which a class counts as heard, None where the largest one does."""
    if job.threshold == "validation":
        return best_threshold(_scores(model, job, "mixed"), job.parts["mixed"].truth)
    if job.threshold == "oracle":
        return best_threshold(test, job.parts["test"].truth)
    return None if job.threshold is None else float(job.threshold)


def _write_history(path: Path, epochs: Sequence[dict[str, float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *epochs[0]])
        writer.writerows([n + 1, *figures.values()] for n, figures in enumerate(epochs))


def _write_predictions(path: Path, job: Job, scores: NDArray[np.float64]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", *job.classes])
        for clip, row in zip(job.ids, scores, strict=True):
            writer.writerow([clip, *(f"{value:.7g}" for value in row)])


def _device() -> str:
    devices = keras.distribution.list_devices("gpu") if hasattr(keras, "distribution") else []
    return ", ".join(devices) if devices else "cpu"
