"""Near-identical sounds: copies that were made louder, encoded again, resampled, mixed to mono or cut elsewhere.

The waveforms of two windows are compared, in worker processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from fusion.audio import DamagedError
from fusion.extract import Stretch

ALIKE, ALIKE_DIFFERENCES = 0.98, 0.93
"""Correlation of two waveforms, and of their first differences, from which they count as one sound."""

GAIN = 2.0
"""By how much a copy's level over the original's may vary in time, dB."""

RATE = 8000
"""Hz at which waveforms are compared: what encoders leave alone."""

_STRETCHES = 8
_FAINT = 1e-3  # share of the loudest stretch's energy below which noise rules
_TAPS = 16  # neighbours from which a correlation between two lags is interpolated
_HOPELESS = 0.8  # correlation at whole samples below which no fraction of a sample makes two sounds one
_FRACTIONS = np.linspace(-0.5, 0.5, 9)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Comparison:
    """Pairs of windows for a worker to compare; `reach` is how far they may be shifted, in seconds."""

    windows: tuple[Stretch, ...]
    pairs: tuple[tuple[int, int], ...]
    reach: float


def comparisons(stretches: Sequence[Stretch], pairs: Ints, reach: float, size: int = 64) -> list[Comparison]:
    """Divide pairs of windows among tasks of `size` pairs."""
    tasks = []
    for first in range(0, len(pairs), size):
        part = pairs[first : first + size]
        used, numbers = np.unique(part, return_inverse=True)
        rows = tuple((int(one), int(other)) for one, other in numbers.reshape(-1, 2))
        tasks.append(Comparison(tuple(stretches[window] for window in used), rows, reach))
    return tasks


def compare(task: Comparison) -> list[tuple[float, float]]:
    """Return for each pair how alike the waveforms are, 0 to 1, and seconds by which the second one is later."""

    @lru_cache(maxsize=256)
    def wave(window: int) -> Wave:
        try:
            return Wave(task.windows[window].read(RATE))
        except DamagedError:  # told elsewhere
            return Wave(np.zeros(1, dtype=np.float32))

    return [similarity(wave(one), wave(other), task.reach) for one, other in task.pairs]


class Wave:
    """A waveform, prepared for comparisons.

    Parameters
    ----------
    y : (samples,) float32
        At `RATE`.
    """

    def __init__(self, y: Floats) -> None:
        self.y = np.asarray(y - y.mean(), dtype=np.float32)
        self.energy = np.concatenate([[0.0], np.cumsum(np.square(self.y, dtype=np.float64))])
        self._spectra: dict[int, NDArray[np.complex64]] = {}

    def spectrum(self, size: int) -> NDArray[np.complex64]:
        """Return the Fourier transform of the waveform with zeros behind it."""
        if size not in self._spectra:
            self._spectra = {size: rfft(self.y, size)}
        return self._spectra[size]


def similarity(first: Wave, second: Wave, reach: float = float("inf")) -> tuple[float, float]:
    """Return how alike two waveforms are, whatever their level and position.

    Parameters
    ----------
    first, second : Wave
    reach : float, seconds
        How far they may be shifted.

    Returns
    -------
    similarity : float
        The largest correlation of the two, shifted against one another, that leaves half of the shorter one and half
        of each one's energy in common. It is 0 where first differences, in which overtones count for more, correlate
        less than `ALIKE_DIFFERENCES`, or where one dies away faster: notes with few overtones are otherwise alike,
        whoever plays them.
    lag : float, seconds
        How much later the second one is.
    """
    lengths = (len(first.y), len(second.y))
    size = next_fast_len(sum(lengths), real=True)
    products = irfft(np.conj(first.spectrum(size)) * second.spectrum(size), size)
    reached = round(min(reach * RATE, max(lengths)))
    lags = np.arange(max(-lengths[0] + 1, -reached), min(lengths[1], reached + 1))
    one, other = np.maximum(0, -lags), np.maximum(0, lags)
    common = np.minimum(lengths[0] - one, lengths[1] - other)
    energies = (first.energy[one + common] - first.energy[one], second.energy[other + common] - second.energy[other])
    enough = common >= min(lengths) / 2
    for part, wave in zip(energies, (first, second), strict=True):
        enough &= (part >= wave.energy[-1] / 2) & (part > 0)
    if not enough.any():
        return 0.0, 0.0
    values = np.where(enough, products[lags] / np.sqrt(np.maximum(energies[0] * energies[1], 1e-30)), 0.0)
    best = int(np.argmax(values))
    if values[best] < _HOPELESS:
        return float(max(values[best], 0.0)), float(lags[best] / RATE)
    start = (int(one[best]), int(other[best]))
    parts = [wave.y[at : at + int(common[best])] for wave, at in zip((first, second), start, strict=True)]
    plain, fraction = _finest(*parts)
    steps, _ = _finest(*(np.diff(part) for part in parts))
    same = steps >= ALIKE_DIFFERENCES and _spread_of_gain(*parts) <= GAIN
    return (plain if same else 0.0), float(lags[best] + fraction) / RATE


def _spread_of_gain(first: Floats, second: Floats) -> float:
    """Return by how much the level of one waveform over the other changes among eight stretches of time, dB."""
    levels = [[float(np.square(part).sum()) for part in np.array_split(wave, _STRETCHES)] for wave in (first, second)]
    loudest = [max(level) for level in levels]
    gains = [
        10 * np.log10(one / other)
        for one, other in zip(*levels, strict=True)
        if one > _FAINT * loudest[0] and other > _FAINT * loudest[1]
    ]
    return float(np.ptp(gains)) if gains else float("inf")


def _finest(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the correlation of two waveforms, and by which fraction of a sample the second is later: up to a half.

    A copy may begin between two samples, so correlations in between are interpolated from those beside.
    """
    inner = slice(_TAPS, len(first) - _TAPS)
    beside = range(-_TAPS, _TAPS + 1)
    products = [float(first[inner] @ second[_TAPS + lag : len(second) - _TAPS + lag]) for lag in beside]
    energy = float(first[inner] @ first[inner]) * float(second[inner] @ second[inner])
    if energy <= 0:
        return 0.0, 0.0
    between = np.sinc(_FRACTIONS[:, np.newaxis] - np.array(beside)) @ products / np.sqrt(energy)
    best = int(np.argmax(between))
    return float(np.clip(between[best], 0.0, 1.0)), float(_FRACTIONS[best])
