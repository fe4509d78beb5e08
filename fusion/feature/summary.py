"""Named statistics that turn a series of frames into one vector.

Conventions: a statistic takes ``(..., frames)``, time last, so that many clips share one call, and gives ``(...)`` in
the series' unit. The delta's two are per frame. To add one, write a function and put it into `STATISTICS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fusion.errors import did_you_mean

Series = NDArray[np.float64]

_DELTA_WIDTH = 9  # frames, librosa's default
_PERCENTILE = re.compile(r"p(\d{1,2}|100)")


def slope(series: Series) -> Series:
    """Least-squares slope: the change from the first to the last frame of a fitted line; 0 for one frame."""
    frames = series.shape[-1]
    if frames < 2:
        return np.zeros(series.shape[:-1])
    time = np.linspace(-0.5, 0.5, frames)
    return np.asarray((series * time).sum(axis=-1) / (time @ time))


def attack(series: Series) -> Series:
    """Mean of the first tenth of the frames (at least one) minus the mean of the rest; 0 for one frame."""
    frames = series.shape[-1]
    if frames < 2:
        return np.zeros(series.shape[:-1])
    start = max(1, frames // 10)
    return np.asarray(series[..., :start].mean(axis=-1) - series[..., start:].mean(axis=-1))


def change(series: Series) -> Series:
    """Mean absolute difference of neighbouring frames; 0 for one frame."""
    if series.shape[-1] < 2:
        return np.zeros(series.shape[:-1])
    return np.asarray(np.abs(np.diff(series, axis=-1)).mean(axis=-1))


def delta(series: Series) -> Series:
    """Local slope of each frame, per frame: that of a line fitted to the nine frames around it.

    Equal to ``librosa.feature.delta`` of order 1 with its defaults (a Savitzky-Golay filter, which continues the
    outermost fits to both ends). A series shorter than nine frames takes the widest odd width that fits, at least
    three; one of less than three frames has a slope of 0.

    Parameters
    ----------
    series : (..., frames)

    Returns
    -------
    (..., frames)
    """
    frames = series.shape[-1]
    half = (min(_DELTA_WIDTH, frames) - 1) // 2
    slopes = np.zeros_like(series)
    if not half:
        return slopes
    inner = slopes[..., half : frames - half]
    for step in range(1, half + 1):  # slices, because np.pad and a window view take several times as long
        ahead, behind = series[..., half + step :], series[..., half - step :]
        inner += step * (ahead[..., : frames - 2 * half] - behind[..., : frames - 2 * half])
    inner /= 2 * sum(step * step for step in range(1, half + 1))
    slopes[..., :half], slopes[..., -half:] = inner[..., :1], inner[..., -1:]
    return slopes


STATISTICS: dict[str, Callable[[Series], Series]] = {
    "mean": lambda series: series.mean(axis=-1),
    "std": lambda series: series.std(axis=-1),
    "min": lambda series: series.min(axis=-1),
    "max": lambda series: series.max(axis=-1),
    "slope": slope,
    "attack": attack,
    "change": change,
}

OF_DELTA = {"delta_mean": "mean", "delta_std": "std"}
"""Statistics of `delta`, by the statistic that they are."""


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError unless every name is a known statistic, named once, and there is at least one."""
    if not names:
        raise ValueError("name at least one statistic, or null to keep the series")
    known = [*STATISTICS, *OF_DELTA]
    for name in names:
        if name not in known and _percentile(name) is None:
            near = did_you_mean(name, [*known, "median"])
            raise ValueError(f"no statistic {name!r}{near} (known: {', '.join(known)}, median, p0 to p100)")
    if len({_percentile(name) or name for name in names}) < len(names):
        raise ValueError(f"each statistic once, not {list(names)}")


def summarise_series(series: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float32]:
    """Return the named statistics of a series as one vector; of several clips, as one vector each.

    Parameters
    ----------
    series : (frames, dims) or (clips, frames, dims)
    names : sequence of str
        Keys of `STATISTICS` or `OF_DELTA`, or ``p0`` to ``p100`` for percentiles.

    Returns
    -------
    (len(names) * dims,) or (clips, len(names) * dims) float32
        All dimensions of the first statistic, then of the second, and so on. A clip's numbers do not depend on the
        others beside it.

    Raises
    ------
    ValueError
        For an unknown, doubled or missing name, or a series without frames.

    Examples
    --------
    >>> summarise_series(np.array([[0.0], [1.0], [5.0]]), ["mean", "max", "p50"])
    array([2., 5., 1.], dtype=float32)
    """
    check_names(names)
    if not np.shape(series)[-2]:
        raise ValueError("a series has at least one frame, this one has none")
    # each row in one piece: then numpy adds up a row as it would alone, to the last bit
    values = np.ascontiguousarray(np.swapaxes(series, -1, -2), dtype=np.float64)
    ranks = [rank for name in names if (rank := _percentile(name)) is not None]
    ordered = dict(zip(ranks, np.percentile(values, ranks, axis=-1), strict=True)) if ranks else {}
    slopes = values if OF_DELTA.keys().isdisjoint(names) else delta(values)
    vectors = [
        STATISTICS[OF_DELTA[name]](slopes)
        if name in OF_DELTA
        else STATISTICS[name](values)
        if name in STATISTICS
        else ordered[_percentile(name) or 0]
        for name in names
    ]
    return np.concatenate(vectors, axis=-1).astype(np.float32)


def _percentile(name: str) -> int | None:
    """Return the percentile that a name asks for, or None; one sort of a series gives all of them."""
    if name == "median":
        return 50
    match = _PERCENTILE.fullmatch(name)
    return int(match[1]) if match else None
