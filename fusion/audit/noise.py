"""Whether a sound is nothing but noise: no partial stands out of its spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.sound.reading import LOUDEST

# How far the highest peak of the mean spectrum rises over its surroundings in noise, at most, dB. White and pink
# noise of a second or more, steady or dying away, stay below; 500 excerpts of music are above 13, 800 notes above 21.
_NOISE = 12.0
_SHARP = 11.0  # dB; the same for the spectra of frames one by one, where a tone that glides stands out, too
_SECONDS = 0.2  # of a frame, about: partials of the lowest notes are apart then
_FRAMES = 8  # a mean of fewer has peaks by chance
_AROUND = 101  # bins of the median that a peak is compared with


class Peaks:
    """The spectrum of a sound that comes in blocks, and whether a peak stands out of it."""

    def __init__(self, rate: int) -> None:
        self._size = 2 ** round(np.log2(rate * _SECONDS))
        self._window = np.hanning(self._size)
        self._power = np.zeros(self._size // 2 + 1)
        self._frames = 0
        self._sharpness: list[float] = []
        self._rest = np.zeros(0)

    def add(self, y: NDArray[np.float64]) -> None:
        """Add the next block, ``(samples,)``."""
        self._rest = np.concatenate([self._rest, y])
        while len(self._rest) >= self._size:
            frame = np.clip(self._rest[: self._size], -LOUDEST, LOUDEST)
            power = np.abs(np.fft.rfft(self._window * frame)) ** 2
            self._power += power
            if power.any():
                self._sharpness.append(_sharpness(power[2:]))
            self._frames += 1
            self._rest = self._rest[self._size // 2 :]

    def noise(self) -> bool:
        """Say whether nothing but noise is to be heard; of a sound that is too short this cannot be told."""
        from scipy.ndimage import median_filter

        power = self._power[2:]  # without a constant offset
        if self._frames < _FRAMES or not power.any() or np.median(self._sharpness) > _SHARP:
            return False
        level = 10 * np.log10(power + 1e-20 * power.max())
        return bool((level - median_filter(level, _AROUND, mode="nearest")).max() < _NOISE)


def _sharpness(power: NDArray[np.float64]) -> float:
    """Return by how much the highest peak of one spectrum rises over the mean around it, dB."""
    sums = np.cumsum(np.pad(power, (_AROUND // 2 + 1, _AROUND // 2), mode="reflect"))
    around = (sums[_AROUND:] - sums[:-_AROUND]) / _AROUND
    return 10 * float(np.log10((power / np.maximum(around, 1e-12 * power.max())).max()))
