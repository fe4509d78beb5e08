"""Whether a sound is nothing but noise: no partial stands out of its spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.sound.reading import LOUDEST

NOISE = 12.0
"""How far the highest peak of a spectrum rises over its surroundings in noise, at most, dB.

White, pink and brown noise of a second or more, steady or dying away, stay below; of 800 notes and 500 excerpts of
music every one is above 13, and every note above 21.
"""

_SECONDS = 0.2  # of a frame, about: partials of the lowest notes are apart then
_FRAMES = 8  # a mean of fewer has peaks by chance
_AROUND = 101  # bins of the median that a peak is compared with


class Peaks:
    """The mean spectrum of a sound that comes in blocks, and how far its highest peak stands out."""

    def __init__(self, rate: int) -> None:
        self._size = 2 ** round(np.log2(rate * _SECONDS))
        self._window = np.hanning(self._size)
        self._power = np.zeros(self._size // 2 + 1)
        self._frames = 0
        self._rest = np.zeros(0)

    def add(self, y: NDArray[np.float64]) -> None:
        """Add the next block, ``(samples,)``."""
        self._rest = np.concatenate([self._rest, y])
        while len(self._rest) >= self._size:
            frame = np.clip(self._rest[: self._size], -LOUDEST, LOUDEST)
            self._power += np.abs(np.fft.rfft(self._window * frame)) ** 2
            self._frames += 1
            self._rest = self._rest[self._size // 2 :]

    def prominence(self) -> float | None:
        """Return by how much the highest peak rises over its surroundings, dB; None for a sound too short to tell."""
        from scipy.ndimage import median_filter

        power = self._power[2:]  # without a constant offset
        if self._frames < _FRAMES or not power.any():
            return None
        level = 10 * np.log10(power + 1e-20 * power.max())
        return round(float((level - median_filter(level, _AROUND, mode="nearest")).max()), 1)
