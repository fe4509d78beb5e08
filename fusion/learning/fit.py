"""Fitting one network: its weights at the start, loss, optimizer, schedule, callbacks."""

from __future__ import annotations

import shutil
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part
from fusion.learning.batches import Batches
from fusion.learning.callbacks import EpochMessages, KeepBest, epoch_metrics
from fusion.learning.fused_network import pooled_scaling, with_auxiliary
from fusion.learning.jobs import TrainingJob
from fusion.learning.model import build_model
from fusion.learning.saved_network import load_model, start_from
from fusion.learning.scaling import Moments, moments
from fusion.settings.model import FusionModel
from fusion.settings.training import TrainingSettings


def fit(job: TrainingJob) -> keras.Model:
    """Return a trained model.

    Returns
    -------
    keras.Model
        ``model.history`` has as ``epochs`` a dict of metrics for each epoch, as ``best_epoch`` the one whose weights
        the model has, and as ``levels`` the root mean square of each feature as the network sees it.
    """
    train = job.parts["train"]
    scaling = {name: moments(name, rows.batches()) for name, rows in train.rows.items()}
    model = _untrained(job, scaling)
    trainer, loss_weights = _with_outputs(job, model)
    batches, validation = _data(job, list(loss_weights))
    source = _read(batches, forever=True)
    in_graph = source is not batches
    _compile(job, trainer, loss_weights, len(batches), together=len(batches) if in_graph else 1)
    best = KeepBest(job.training.patience) if job.training.patience else None
    callbacks = [EpochMessages(job.name), *_schedule_callbacks(job.training), *([best] if best else [])]
    if job.logs:
        shutil.rmtree(job.logs, ignore_errors=True)  # of a training that was interrupted, or is done again
        callbacks.append(keras.callbacks.TensorBoard(str(job.logs), write_graph=False))
    history = trainer.fit(
        source,
        validation_data=None if validation is None else _read(validation, forever=False),
        steps_per_epoch=len(batches) if in_graph else None,
        validation_steps=None if validation is None else len(validation),
        shuffle=False,  # they are drawn in their order
        epochs=job.training.epochs,
        callbacks=callbacks,
        verbose=0,
    )
    history.epochs = [
        epoch_metrics(dict(zip(history.history, row, strict=True)))
        for row in zip(*history.history.values(), strict=True)
    ]
    history.best_epoch = best.epoch if best else len(history.epochs)
    scaled = isinstance(job.model, FusionModel)
    history.levels = {name: 1.0 if scaled else _level(values) for name, values in scaling.items()}
    model.history = history
    return model


def _untrained(job: TrainingJob, scaling: dict[str, Moments]) -> keras.Model:
    """Return the network with its first weights: random ones, or those of another network's branches."""
    shapes = {name: rows.shape for name, rows in job.parts["train"].rows.items()}
    if isinstance(job.model, FusionModel):
        scaling = scaling | pooled_scaling(job.model, job.parts["train"], scaling)
    model = build_model(job.model, shapes, len(job.classes), scaling, job.fusion)
    if job.pretrained:
        start_from(model, load_model(job.pretrained, job.fusion), job.pretrained)
    return model


def _with_outputs(job: TrainingJob, model: keras.Model) -> tuple[keras.Model, dict[str, float]]:
    """Return the network as it is trained, with the weight of each of its outputs in the loss."""
    auxiliary = job.model.auxiliary if isinstance(job.model, FusionModel) else 0.0
    trainer = with_auxiliary(model) if auxiliary else keras.Model(model.input, {"probabilities": model.output})
    return trainer, {name: 1.0 if name == "probabilities" else auxiliary for name in trainer.output}


def _data(job: TrainingJob, outputs: list[str]) -> tuple[Batches, Batches | None]:
    """Return batches to train on, and to validate on where there are any."""
    settings, train = job.training, job.parts["train"]
    class_weights = _class_weights(train) if settings.class_weights else None
    softmax = job.model.activation == "softmax"
    batches = Batches(train, settings.batch_size, job.random_seed, settings.mixup, outputs, softmax, class_weights)
    if "validation" not in job.parts:
        return batches, None
    validation = Batches(job.parts["validation"], max(settings.batch_size, 256), outputs=outputs, shares=softmax)
    return batches, validation


def _read(batches: Batches, forever: bool) -> Any:
    """Return batches in the way that is fastest on this backend."""
    if keras.backend.backend() != "tensorflow":
        return batches
    from fusion.learning.graph_batches import in_graph

    return in_graph(batches, forever)


def _compile(job: TrainingJob, trainer: keras.Model, loss_weights: dict[str, float], steps: int, together: int) -> None:
    """Give the network its optimizer, losses and metrics; an epoch has so many steps, of which so many run at once."""
    settings = job.training
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, job.training.epochs * steps)
    decay = settings.weight_decay
    softmax = job.model.activation == "softmax"
    loss = keras.losses.CategoricalCrossentropy if softmax else keras.losses.BinaryCrossentropy
    trainer.compile(
        keras.optimizers.AdamW(rate, weight_decay=decay) if decay else keras.optimizers.Adam(rate),
        loss={name: loss(label_smoothing=settings.label_smoothing) for name in loss_weights},
        loss_weights=loss_weights,
        metrics={name: [keras.metrics.CategoricalAccuracy(name="accuracy")] for name in loss_weights},
        jit_compile=keras.backend.backend() == "jax",  # JAX runs layer by layer else; XLA brings TensorFlow nothing
        steps_per_execution=together,
    )
    trainer.optimizer.build(trainer.trainable_variables)  # else the first step creates them, and is traced twice


def _schedule_callbacks(settings: TrainingSettings) -> list[keras.callbacks.Callback]:
    """Return what lowers the learning rate between epochs."""
    if settings.schedule != "plateau":
        return []
    patience = max(1, (settings.patience or 10) // 3)
    return [keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=patience)]


def _level(values: Moments) -> float:
    """Return the root mean square of a feature."""
    return float(np.sqrt((values.mean**2 + values.variance).mean()))


def _class_weights(part: Part) -> NDArray[np.float32]:
    """Return the weight of each class with which all count alike beside clips' own weights, 1 on the mean of clips."""
    targets = part.targets[: len(part)]
    total = (targets if part.weights is None else targets * part.weights[: len(part), np.newaxis]).sum(axis=0)
    return np.asarray(total.sum() / np.where(total > 0, total, 1) / np.count_nonzero(total), dtype=np.float32)
