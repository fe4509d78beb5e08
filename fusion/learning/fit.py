"""Fitting one network: scaling, loss, optimizer, schedule."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part
from fusion.learning.batches import Batches
from fusion.learning.callbacks import EpochMessages, KeepBest, epoch_figures
from fusion.learning.jobs import Job
from fusion.learning.model import Moments, build_model, load_model, moments, start_from, with_auxiliary
from fusion.settings.model import FusionModel


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
    callbacks: list[keras.callbacks.Callback] = [EpochMessages(str(job.folder))]
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
        epoch_figures(dict(zip(history.history, row, strict=True)))
        for row in zip(*history.history.values(), strict=True)
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
