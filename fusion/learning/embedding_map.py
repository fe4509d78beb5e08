"""A map of test clips as a network hears them: what its last layer reads, in two dimensions, for people to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part

FILE = "map.npz"

_MOST = 3_000  # clips, evenly spaced

Floats = NDArray[np.float32]


def write(heard: Floats, test: Part, path: Path) -> None:
    """Write where test clips lie on their two principal axes; nothing where there is nothing to see.

    Parameters
    ----------
    heard : (windows, dims) float32
        What the last layer reads of the windows.
    test : Part
    path : Path
        Of an ``.npz`` file: ``clips`` (numbers of the clips, at most 3,000), ``labels`` (number of their class, -1 for
        several), ``points`` ``(clips, 2)`` float16 from -1 to 1, ``shares`` ``(2,)``, of the variance that each axis
        has.
    """
    from sklearn.decomposition import PCA

    count = int(test.clips.max()) + 1
    clips = np.unique(np.linspace(0, count - 1, min(_MOST, count)).astype(np.int64))
    windows = np.flatnonzero(np.isin(test.clips, clips))
    numbers = np.searchsorted(clips, test.clips[windows])
    means = _means(heard[windows], numbers)
    if len(clips) < 3 or heard.shape[1] < 2 or not np.isfinite(means).all() or not np.ptp(means, axis=0).any():
        return
    axes = PCA(2, svd_solver="full")
    points = axes.fit_transform(means)
    truth = test.truth[clips]
    np.savez_compressed(
        path,
        clips=clips.astype(np.int32),
        labels=np.where(truth.sum(axis=1) == 1, truth.argmax(axis=1), -1).astype(np.int16),
        points=(points / np.abs(points).max()).astype(np.float16),
        shares=axes.explained_variance_ratio_.astype(np.float32),
    )


def _means(windows: Floats, clips: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of the windows of each clip, ``(clips, dims)``."""
    sums = np.zeros((int(clips.max()) + 1, windows.shape[1]), dtype=np.float64)
    np.add.at(sums, clips, windows)
    return np.asarray(sums / np.bincount(clips)[:, np.newaxis])
