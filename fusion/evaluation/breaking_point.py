"""At which level a figure is lost, and how far a feature moves from where it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TENTH, HALF = 0.1, 0.5


def breaking_point(
    levels: Sequence[float], lost: Sequence[float], share: float, log: bool = False, around_0: bool = False
) -> tuple[float | None, float | None]:
    """Return where a share is first lost, between two levels by a straight line.

    Parameters
    ----------
    levels : sequence of float
        From mild to severe.
    lost : sequence of float
        What is lost at each; before the first level nothing is.
    share : float
    log : bool
        Whether what lies between two levels is their geometric mean.
    around_0 : bool
        Whether 0 is no distortion, and levels above and below it are two ways away from it.

    Returns
    -------
    level : float or None
        None if that is never lost, or lies before the first level and no distortion has no level.
    position : float or None
        In steps: 1 is the first level, 0 no distortion; None if that is never lost.

    Examples
    --------
    >>> breaking_point([40, 20, 0], [0.0, 0.2, 0.9], 0.1)
    (30.0, 1.5)
    >>> breaking_point([40, 20, 0], [0.2, 0.3, 0.9], 0.1)
    (None, 0.5)
    >>> breaking_point([40, 20, 0], [0.0, 0.0, 0.05], 0.1)
    (None, None)
    >>> breaking_point([12, -40], [0.02, 0.4], 0.1, around_0=True)
    (-10.0, 0.5)
    """
    number = next((number for number, after in enumerate(lost) if after >= share), None)
    if number is None:
        return None, None
    high, after = levels[number], lost[number]
    milder = [place for place in range(number) if not around_0 or levels[place] * high > 0]
    first = milder[-1] if milder else -1
    before = lost[first] if milder else 0.0
    part = (share - before) / (after - before) if after > before else 1.0
    position = first + 1 + part * (number - first)
    if not (milder or around_0):
        return None, position
    low = levels[first] if milder else 0.0
    return float(low * (high / low) ** part if log else low + part * (high - low)), position


def feature_shift(clean: NDArray[np.float32], moved: NDArray[np.float32]) -> float:
    """Return how far clips move in one feature, in standard deviations of the clips that are not distorted.

    Parameters
    ----------
    clean, moved : (clips, dims)
        The same clips; dimensions that are the same in all clean clips say nothing.

    Returns
    -------
    float
        Mean over clips and dimensions of the distance; 0 where all dimensions say nothing.
    """
    spread = clean.std(axis=0, dtype=np.float64)
    telling = spread > 1e-6 * np.maximum(np.abs(clean).max(axis=0), 1e-9)
    if not telling.any():
        return 0.0
    distance = np.abs(moved[:, telling].astype(np.float64) - clean[:, telling])
    return float((distance / spread[telling]).mean())
