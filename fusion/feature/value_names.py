"""What each value of a feature is called."""

from __future__ import annotations

from collections.abc import Sequence

from fusion.feature.contract import Feature

POOLED = ("mean over time", "std over time")
"""What is made of each column of a series that the network gets as it is, where one vector is wanted."""


def value_names(name: str, feature: Feature, shape: Sequence[int]) -> tuple[str, ...]:
    """Return ``<column>, <statistic>`` for each value of a stored window, pooled over time where it is a series.

    Parameters
    ----------
    name : str
        Of the feature.
    feature : Feature
    shape : sequence of int
        As stored: ``(frames, dims)`` or ``(dims,)``.

    Examples
    --------
    >>> from fusion_features.spectral_centroid import SpectralCentroid
    >>> value_names("spectral_centroid", SpectralCentroid(statistics=("mean", "std")), (2,))
    ('centroid (Hz), mean', 'centroid (Hz), std')
    """
    statistics: Sequence[str] = POOLED if len(shape) == 2 else getattr(feature, "statistics", None) or ("value",)
    dims = shape[-1] if len(shape) == 2 else shape[-1] // len(statistics)
    columns = feature.columns()
    if len(columns) != dims:
        columns = (name,) if dims == 1 else tuple(f"{name} {number}" for number in range(dims))
    elif dims > 1:
        columns = tuple(f"{name}: {column}" for column in columns)
    return tuple(f"{column}, {statistic}" for statistic in statistics for column in columns)
