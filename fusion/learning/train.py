"""Training one network: a seed, some stored features, labels; a folder with the trained model comes out.

Runs in a worker process, which alone imports keras. The folder appears whole or not at all; a seed whose
folder is there was finished.
"""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.evaluation import convergence
from fusion.evaluation.aggregate import aggregate
from fusion.evaluation.decisions import best_threshold
from fusion.evaluation.probabilities import fit_temperature
from fusion.extraction.part import Part
from fusion.learning import class_quantiles, embedding_map
from fusion.learning.diagnosis import likely_cause
from fusion.learning.familiarity import FILE, familiarity, hear, save, with_embeddings
from fusion.learning.fit import fit
from fusion.learning.jobs import TrainingJob
from fusion.learning.saved_network import load_model
from fusion.runtime.files import content_hash, content_hashes_in, replacing
from fusion.runtime.known_json import read_known, write_known
from fusion.runtime.names import in_spreadsheet


def train_seed(job: TrainingJob) -> None:
    """Train, then write the model, its history, its test predictions and a summary, in this order.

    Parameters
    ----------
    job : TrainingJob
        ``job.folder`` gets ``model.keras``, ``history.csv``, ``train.npy`` (scores of the training clips, ``(clips,
        classes)`` float32), ``predictions.csv`` (test clip and one score a class), ``familiarity.npz`` (where clips
        are held out), ``map.npz`` and ``classes.npz`` (for its page) and ``summary.json``.
    """
    began, started, processor = time.time(), time.perf_counter(), time.process_time()
    keras.utils.set_random_seed(job.random_seed)
    model = fit(job)
    history, trained, processor = model.history, time.perf_counter(), time.process_time() - processor
    with replacing(job.folder) as folder:
        folder.mkdir()
        model.save(folder / "model.keras")
        _write_history(folder / "history.csv", history.epochs)
        train = job.parts["train"]
        probabilities = predict_windows(model, train)
        targets = train.targets[: len(probabilities)]
        loss = convergence.cross_entropy(probabilities, targets, job.model.activation, train.clips)
        scores = aggregate(probabilities, train.clips, job.aggregate)
        np.save(folder / "train.npy", scores.astype(np.float32), allow_pickle=False)
        test = _write_test(model, job, folder)
        if described := familiarity(model, train, _held_out(job)):
            save(described, folder / FILE)
        class_quantiles.write(train, job.names, folder / class_quantiles.FILE)
        summary = {
            "seed": job.seed,
            "folds": job.folds,
            "training": uuid4().hex[:16],
            "epochs": len(history.epochs),
            "parameters": int(model.count_params()),
            "best_epoch": history.best_epoch,
            "versions": job.versions,
            "threshold": _threshold(model, job, test),
            "temperature": _temperature(model, job),
            "train": {
                "loss": loss if np.isfinite(loss) else None,
                "accuracy": convergence.top_accuracy(scores, train.truth),
            },
            "cause": likely_cause(history.epochs, history.best_epoch, history.levels, job.training),
            "began": began,
            "seconds": {
                "train": trained - started,
                "train_processor": processor,
                "evaluate": time.perf_counter() - trained,
            },
            "backend": f"{keras.config.backend()}, keras {keras.version()}",
            "device": _device(),
        }
        write_known(folder / "summary.json", {**summary, "files": content_hashes_in(folder)})
    keras.backend.clear_session()


def apply_seed(job: TrainingJob) -> None:
    """Write the folder of a trained seed anew, with its network's predictions for other test clips.

    Parameters
    ----------
    job : TrainingJob
        With a source.
    """
    if job.source is None:
        raise ValueError("no source to apply")
    started = time.perf_counter()
    model = load_model(job.source / "model.keras", job.fusion, job.classes)
    summary = read_known(job.source / "summary.json")
    with replacing(job.folder) as folder:
        folder.mkdir()
        optional = [name for name in (FILE, class_quantiles.FILE) if (job.source / name).exists()]
        for name in ("model.keras", "history.csv", "train.npy", *optional):
            shutil.copyfile(job.source / name, folder / name)
        test = _write_test(model, job, folder)
        if job.threshold == "oracle":
            summary["threshold"] = _threshold(model, job, test)
        summary["training"] = uuid4().hex[:16]
        summary["network"] = content_hash(folder / "model.keras")
        summary["seconds"] = {"train": 0.0, "train_processor": 0.0, "evaluate": time.perf_counter() - started}
        write_known(folder / "summary.json", {**summary, "files": content_hashes_in(folder)})
    keras.backend.clear_session()


def predict_windows(model: keras.Model, part: Part, size: int = 256) -> NDArray[np.float32]:
    """Return probabilities, ``(windows, classes)`` float32."""
    windows = len(part)
    chunks = [
        keras.ops.convert_to_numpy(model(part.values(np.arange(first, min(first + size, windows))), training=False))
        for first in range(0, windows, size)
    ]
    return np.concatenate(chunks)


def _clip_scores(model: keras.Model, job: TrainingJob, split: str) -> NDArray[np.float64]:
    """Return scores of clips, ``(clips, classes)``."""
    return aggregate(predict_windows(model, job.parts[split]), job.parts[split].clips, job.aggregate)


def _threshold(model: keras.Model, job: TrainingJob, test: NDArray[np.float64]) -> float | None:
    """Return the score from which a class counts as heard, None where the largest one does."""
    if job.threshold == "validation":
        return best_threshold(_clip_scores(model, job, "mixed"), job.parts["mixed"].truth)
    if job.threshold == "oracle":
        return best_threshold(test, job.parts["test"].truth)
    return None if job.threshold is None else float(job.threshold)


def _temperature(model: keras.Model, job: TrainingJob) -> float | None:
    """Return the temperature that suits the clips held out from training; None where there are none."""
    held_out = _held_out(job)
    if held_out is None:
        return None
    scores = aggregate(predict_windows(model, held_out), held_out.clips, job.aggregate)
    return fit_temperature(held_out.truth, scores, several=job.threshold is not None)


def _held_out(job: TrainingJob) -> Part | None:
    """Return clips that did not train, mixed as those of the test where it has several labels; None: there are none."""
    return job.parts.get("mixed", job.parts.get("validation"))


def _write_history(path: Path, epochs: Sequence[dict[str, float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *epochs[0]])
        writer.writerows([n + 1, *metrics.values()] for n, metrics in enumerate(epochs))


def _write_test(model: keras.Model, job: TrainingJob, folder: Path) -> NDArray[np.float64]:
    """Write scores of the test clips, and their map, in one pass; return the scores, ``(clips, classes)``."""
    part = job.parts["test"]
    probabilities, heard = hear(with_embeddings(model), part, np.arange(len(part)))
    scores = aggregate(probabilities, part.clips, job.aggregate)
    _write_predictions(folder / "predictions.csv", job, scores)
    embedding_map.write(heard, part, folder / embedding_map.FILE)
    return scores


def _write_predictions(path: Path, job: TrainingJob, scores: NDArray[np.float64]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", *map(in_spreadsheet, job.classes)])
        for clip, row in zip(job.ids, scores, strict=True):
            writer.writerow([in_spreadsheet(clip), *(f"{value:.7g}" for value in row)])


def _device() -> str:
    """Return the GPUs that the backend sees, or ``cpu``."""
    try:
        devices = keras.distribution.list_devices("gpu")
    except (RuntimeError, AttributeError):  # JAX without a GPU says so by the first, PyTorch lacks it
        devices = []
    return ", ".join(map(str, devices)) or "cpu"
