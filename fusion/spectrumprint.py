"""Near-identical sounds: copies that were made louder, encoded again, resampled, mixed to mono or cut elsewhere.

A print of each window's spectrum finds candidates; their waveforms decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fusion.audio import DamagedError
from fusion.clip import Clip
from fusion.extract import Stretch
from fusion.feature import Feature
from fusion.registry import Source

NAME = "_spectrumprint"  # no plug-in can have this name
SOURCE = Source(NAME, module="fusion.spectrumprint", package="fusion")

ALIKE, ALIKE_DIFFERENCES = 0.98, 0.93
"""Correlation of two waveforms, and of their first differences, from which they count as one sound."""

WHOLE, OVERLAPPING = 0.97, 0.85
"""Cosine of two prints from which waveforms are compared: of copies that begin together, and of others. With
OVERLAPPING, 58 of 60 excerpts of practice music are found in what they were cut from (tests/benchmarks)."""

RATE = 8000
"""Hz at which waveforms are compared: what encoders leave alone."""

_SIZE = 128
_FRAME = 0.5  # s
_BINS = range(10, 2000)  # of 2 Hz
_MOST = 5  # candidates of a window
_BLOCK = 256  # windows compared with all others at once
_TAPS = 32  # neighbours from which a correlation between two lags is interpolated
_FRACTIONS = np.linspace(-0.5, 0.5, 9)

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class Spectrumprint(Feature):
    """The mean magnitude spectrum from 20 Hz to 4 kHz in steps of 2 Hz, at unit energy, hashed to 128 numbers.

    Cosines of prints are unbiased estimates of those of the spectra. A silent clip gives zeros.

    References
    ----------
    K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg: "Feature hashing for large scale multitask
    learning", ICML 2009, 1113-1120, https://doi.org/10.1145/1553374.1553516
    """

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(128,)``."""
        return (_SIZE,)

    def extract(self, clip: Clip) -> Floats:
        """Return the print."""
        size = round(_FRAME * clip.sr)
        y = np.pad(clip.y, (0, max(0, size - clip.y.size)))
        frames = np.lib.stride_tricks.sliding_window_view(y, size)[:: size // 2] * np.hanning(size)
        spectrum = np.sqrt(np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0))[_BINS.start : _BINS.stop]
        padded = np.zeros(-(-len(_BINS) // _SIZE) * _SIZE)
        padded[: len(spectrum)] = spectrum
        energy = float(np.sqrt(padded @ padded))
        if energy == 0:
            return np.zeros(_SIZE, dtype=np.float32)
        return np.asarray((padded * _signs(padded.size)).reshape(-1, _SIZE).sum(axis=0) / energy, dtype=np.float32)


@lru_cache(maxsize=1)
def _signs(size: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).choice(np.array([-1.0, 1.0]), size)


def candidates(prints: Floats, places: Ints, cosine: float) -> Ints:
    """Return pairs of windows of two places whose prints are alike, at most five of each window.

    Parameters
    ----------
    prints : (windows, 128) float32
    places : (windows,) int
        The split or fold of each.
    cosine : float
        From which they are alike.

    Returns
    -------
    (pairs, 2) int64
        Window numbers, the smaller first, in order.
    """
    lengths = np.sqrt(np.square(prints).sum(axis=1, keepdims=True))
    unit = np.divide(prints, lengths, out=np.zeros_like(prints), where=lengths > 0)
    members = sorted((np.flatnonzero(places == place) for place in np.unique(places)), key=len)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for number, few in enumerate(members):
        for many in members[number + 1 :]:
            others = unit[many].T
            for first in range(0, len(few), _BLOCK):
                rows = few[first : first + _BLOCK]
                cosines = unit[rows] @ others
                row, column = np.nonzero(cosines >= cosine)
                order = np.lexsort((-cosines[row, column], row))
                row, column = row[order], column[order]
                best = np.arange(len(row)) - np.searchsorted(row, row) < _MOST
                pairs.append(np.column_stack([rows[row[best]], many[column[best]]]))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)


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

    @lru_cache(maxsize=16)
    def sound(window: int) -> Floats:
        try:
            return task.windows[window].read(RATE)
        except DamagedError:  # told elsewhere
            return np.zeros(RATE, dtype=np.float32)

    return [similarity(sound(one), sound(other), task.reach) for one, other in task.pairs]


def similarity(first: Floats, second: Floats, reach: float = float("inf")) -> tuple[float, float]:
    """Return how alike two waveforms are, whatever their level and position.

    Parameters
    ----------
    first, second : (samples,) float32
        At `RATE`.
    reach : float, seconds
        How far they may be shifted.

    Returns
    -------
    similarity : float
        The largest correlation of the two, shifted against one another, that leaves half of the shorter one and half
        of each one's energy in common; 0 where first differences, in which overtones count for more, correlate less
        than `ALIKE_DIFFERENCES`: low notes with few overtones are alike, whoever plays them.
    lag : float, seconds
        How much later the second one is.
    """
    plain, lag = _correlation(first - first.mean(), second - second.mean(), 0.0, reach * RATE, 0.5)
    steps, _ = _correlation(np.diff(first), np.diff(second), lag, 1.0, 0.0)
    return (plain if steps >= ALIKE_DIFFERENCES else 0.0), lag / RATE


def _correlation(first: Floats, second: Floats, centre: float, reach: float, least: float) -> tuple[float, float]:
    """Return the largest correlation and its lag, among lags within `reach` of `centre`, all in samples.

    Half of the shorter sound and a share `least` of each one's energy have to be in common.
    """
    size = 1 << (len(first) + len(second) - 1).bit_length()
    products = np.fft.irfft(np.conj(np.fft.rfft(first, size)) * np.fft.rfft(second, size), size)
    energies = [np.concatenate([[0.0], np.cumsum(np.square(y, dtype=np.float64))]) for y in (first, second)]
    if not all(energy[-1] > 0 for energy in energies):
        return 0.0, 0.0
    lags = np.arange(-len(first) + 1, len(second))
    one, other = np.maximum(0, -lags), np.maximum(0, lags)
    common = np.minimum(len(first) - one, len(second) - other)
    parts = [energy[start + common] - energy[start] for energy, start in zip(energies, (one, other), strict=True)]
    enough = (common >= min(len(first), len(second)) / 2) & (np.abs(lags - centre) <= reach)
    for part, energy in zip(parts, energies, strict=True):
        enough &= part >= least * energy[-1]
    if not enough.any():
        return 0.0, 0.0
    values = products[lags] / np.sqrt(np.maximum(parts[0] * parts[1], 1e-30))
    best = int(np.argmax(np.where(enough, values, -1.0)))
    near = np.arange(max(0, best - _TAPS), min(len(values), best + _TAPS + 1))
    between = np.sinc(best + _FRACTIONS[:, np.newaxis] - near) @ values[near]  # a copy may begin between two samples
    finest = int(np.argmax(between))
    return float(min(between[finest], 1.0)), float(lags[best] + _FRACTIONS[finest])
