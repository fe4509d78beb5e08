"""Near-identical sounds: copies that were made louder, encoded again, resampled, mixed to mono or cut elsewhere.

The waveforms of two windows are compared, in worker processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from fusion.errors import FusionError
from fusion.extraction.window import Window
from fusion.sound.reading import DamagedError

VERSION = 1  # raise when any similarity changes

ALIKE, ALIKE_DIFFERENCES = 0.98, 0.93
"""Correlation of two waveforms, and of their first differences, from which they count as one sound."""

GAIN = 2.0
"""By how much a copy's level over the original's may vary in time, dB."""

BANDS = 6.0
"""By how much a copy's level over the original's may vary among bands of frequency, dB."""

RATE = 8000
"""Hz at which waveforms are compared, what encoders leave alone; overtones are up to this frequency."""

_PARTS = 8
_FAINT = 1e-3  # share of the loudest part's energy below which noise rules
_BAND, _LOWEST = 200, -25.0  # Hz; dB below the loudest band
_TONE = 0.8  # share of a band in all the energy up to 4 kHz from which a sound is a tone with faint overtones
_TAPS = 16  # neighbours from which a correlation between two lags is interpolated
_HOPELESS = 0.8  # correlation at whole samples below which no fraction of a sample makes two sounds one
_FRACTIONS = np.linspace(-0.5, 0.5, 9)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class WindowPair:
    """Two windows for a worker to compare; `reach` is how far they may be shifted, in seconds."""

    first: Window
    second: Window
    reach: float

    @property
    def key(self) -> str:
        """What the result depends on."""
        return f"{self.first.key} {self.second.key} {self.reach:g}"


def compare_windows(pairs: Sequence[WindowPair]) -> list[tuple[float, float]]:
    """Return for each pair how alike the waveforms are, 0 to 1, and seconds by which the second one is later.

    Raises
    ------
    FusionError
        If a sound that could be read before cannot be read now.
    """

    @lru_cache(maxsize=64)
    def wave(window: Window) -> Wave:
        try:
            return Wave(window.read(2 * RATE))
        except DamagedError as error:
            raise FusionError(
                f"{window.path}: {error}; it could be read a moment ago, so run the check again"
            ) from None

    return [similarity(wave(pair.first), wave(pair.second), pair.reach) for pair in pairs]


class Wave:
    """A waveform, prepared for comparisons.

    Parameters
    ----------
    y : (samples,) float32
        At twice `RATE`.
    """

    def __init__(self, y: Floats) -> None:
        self.whole = np.asarray(y - y.mean(), dtype=np.float32)
        self.y = np.asarray(soxr.resample(self.whole, 2 * RATE, RATE), dtype=np.float32)
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
        The largest correlation of the two, either one shifted or turned upside down, that leaves half of the shorter
        one and half of each one's energy in common. It is 0 where first differences, in which overtones count for
        more, correlate less than `ALIKE_DIFFERENCES`, where one dies away faster, or where their overtones differ:
        notes with few overtones are otherwise alike, whoever plays them.
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
    best = int(np.argmax(np.abs(values)))
    if abs(values[best]) < _HOPELESS:
        return float(abs(values[best])), float(lags[best] / RATE)
    start, length = (int(one[best]), int(other[best])), int(common[best])
    parts = [wave.y[at : at + length] for wave, at in zip((first, second), start, strict=True)]
    parts[1] = parts[1] * np.float32(np.sign(values[best]))
    plain, fraction = _finest(*parts)
    steps, _ = _finest(*(np.diff(part) for part in parts))
    whole = [wave.whole[2 * at : 2 * (at + length)] for wave, at in zip((first, second), start, strict=True)]
    same = steps >= ALIKE_DIFFERENCES and _spread_of_gain(*parts) <= GAIN and _spread_of_bands(*whole) <= BANDS
    return (plain if same else 0.0), float(lags[best] + fraction) / RATE


def _spread_of_gain(first: Floats, second: Floats) -> float:
    """Return by how much the level of one waveform over the other changes among eight parts of its time, dB."""
    levels = [[float(np.square(part).sum()) for part in np.array_split(wave, _PARTS)] for wave in (first, second)]
    loudest = [max(level) for level in levels]
    gains = [
        10 * np.log10(one / other)
        for one, other in zip(*levels, strict=True)
        if one > _FAINT * loudest[0] and other > _FAINT * loudest[1]
    ]
    return float(np.ptp(gains)) if gains else float("inf")


def _spread_of_bands(first: Floats, second: Floats) -> float:
    """Return by how much the level of one waveform over the other differs between bands of 200 Hz, dB.

    Bands that are faint in both do not count: encoders leave them out. Where the waveforms are more than a tone with
    faint overtones, their correlation says enough, and this is 0.
    """
    levels = []
    for wave in (first, second):
        power = np.square(np.abs(rfft(wave * np.hanning(len(wave)))))
        bands = np.add.reduceat(power, np.arange(0, RATE, _BAND) * len(wave) // (2 * RATE))
        compared = bands[: len(bands) // 2]  # what the waveforms at `RATE` hold
        if compared.max() < _TONE * compared.sum():
            return 0.0
        levels.append(10 * np.log10(bands + 1e-12))
    levels = [level - level.max() for level in levels]
    heard = (levels[0] > _LOWEST) | (levels[1] > _LOWEST)
    return float(np.abs(levels[0] - levels[1])[heard].max())


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
