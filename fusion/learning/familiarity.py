"""How near a clip is to the training clips, as a network hears both, so that what it never heard is not named gladly.

A network names one of its classes whatever it gets. What its last layer reads tells clips that are like the training
clips from others: the distance to the nearest class there, in the spread that classes have around their means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.part import Part
from fusion.runtime.arrays import read_arrays

FILE = "familiarity.npz"

_MOST = 20_000  # training windows that means and spread are taken from
_SHARE = 0.95  # of validation clips, whose distances count as familiar
_NEGLIGIBLE = 1e-9  # of the largest variance

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Familiarity:
    """The training clips as the last layer of a network reads them.

    Attributes
    ----------
    means : (classes, axes) float32
    whitening : (dims, axes) float32
        To axes along which classes have a variance of 1 around their means.
    threshold : float
        The distance that 95 % of validation clips do not exceed.
    """

    means: Floats
    whitening: Floats
    threshold: float

    def distances(self, embeddings: Floats) -> Floats:
        """Return the distance of windows ``(windows, dims)`` to the nearest class."""
        away = (embeddings @ self.whitening)[:, np.newaxis] - self.means
        return np.asarray(np.sqrt(np.square(away).sum(axis=2)).min(axis=1), dtype=np.float32)


def with_embeddings(model: keras.Model) -> keras.Model:
    """Return a network that also gives what its last layer reads: the probabilities first, then one or more tensors."""
    logits = model.get_layer("probabilities").input
    read = logits._keras_history.operation.input  # of a layer or an operation
    return keras.Model(model.input, [model.output, *(read if isinstance(read, list) else [read])])


def embeddings_of(outputs: Sequence[Any]) -> Floats:
    """Return ``(windows, dims)`` from what `with_embeddings` gives."""
    arrays = [keras.ops.convert_to_numpy(output) for output in outputs[1:]]
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


def familiarity(model: keras.Model, train: Part, held_out: Part | None) -> Familiarity | None:
    """Describe the training clips of a network.

    Parameters
    ----------
    model : keras.Model
        Trained, from `fusion.learning.model.build_model`.
    train, held_out : Part
        Training clips, and those that the threshold is taken from.

    Returns
    -------
    Familiarity or None
        None where there are no held-out clips, or the network gives nothing that varies.

    References
    ----------
    K. Lee, K. Lee, H. Lee and J. Shin: "A simple unified framework for detecting out-of-distribution samples and
    adversarial attacks", NeurIPS 2018, https://doi.org/10.48550/arXiv.1807.03888

    O. Ledoit and M. Wolf: "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate
    Analysis 88(2), 2004, 365-411, https://doi.org/10.1016/S0047-259X(03)00096-4
    """
    from sklearn.covariance import ledoit_wolf

    if held_out is None:
        return None
    hearing = with_embeddings(model)
    windows = np.unique(np.linspace(0, len(train) - 1, min(_MOST, len(train))).astype(np.int64))
    known, labels = hear(hearing, train, windows)[1], train.targets[windows].argmax(axis=1)
    if not np.isfinite(known).all():
        return None
    present = np.unique(labels)
    means = np.stack([known[labels == label].mean(axis=0) for label in present])
    covariance = ledoit_wolf(known - means[np.searchsorted(present, labels)], assume_centered=True)[0]
    variances, axes = np.linalg.eigh(covariance)
    kept = variances > _NEGLIGIBLE * variances[-1]
    if not variances[-1] > 0:
        return None
    whitening = (axes[:, kept] / np.sqrt(variances[kept])).astype(np.float32)
    described = Familiarity((means @ whitening).astype(np.float32), whitening, 1.0)
    every = np.arange(len(held_out))
    far = clip_means(described.distances(hear(hearing, held_out, every)[1]), held_out.clips)
    return Familiarity(described.means, described.whitening, float(np.quantile(far, _SHARE)))


def clip_means(windows: Floats, clips: NDArray[np.int64]) -> Floats:
    """Return the mean over the windows of each clip."""
    return np.asarray(np.bincount(clips, windows) / np.bincount(clips), dtype=np.float32)


def hear(hearing: keras.Model, part: Part, windows: NDArray[np.int64], size: int = 256) -> tuple[Floats, Floats]:
    """Return probabilities of some windows, and what the last layer reads of them, by a model of `with_embeddings`.

    The probabilities are those of the model that it was made from, to the last bit.
    """
    probabilities, read = [], []
    for first in range(0, len(windows), size):
        outputs = hearing(part.values(windows[first : first + size]), training=False)
        probabilities.append(keras.ops.convert_to_numpy(outputs[0]))
        read.append(embeddings_of(outputs))
    return np.concatenate(probabilities), np.concatenate(read)


def save(described: Familiarity, path: Path) -> None:
    """Write it beside its network."""
    np.savez_compressed(path, means=described.means, whitening=described.whitening, threshold=described.threshold)


def read(path: Path) -> Familiarity | None:
    """Read it; None where a network has none, as those of an older fusion.

    Raises
    ------
    FusionError
        If the file is not as it was written.
    """
    if not path.is_file():
        return None
    try:
        means, whitening, threshold = read_arrays(path, "means", "whitening", "threshold")
        if means.ndim != 2 or whitening.ndim != 2 or means.shape[1] != whitening.shape[1] or not float(threshold) > 0:
            raise ValueError(f"shapes {means.shape} and {whitening.shape}, threshold {threshold}")
    except ValueError as error:
        raise FusionError(f"{path}: damaged ({error}); run the experiment again to train it anew") from None
    return Familiarity(means, whitening, float(threshold))
