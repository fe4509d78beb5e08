"""Filter banks of librosa, by the same arithmetic to the last bit, without its import, which takes seconds.

References
----------
M. Slaney: "Auditory Toolbox, version 2", Interval Research Corporation, 1998 (mel scale and filters)
D. Ellis: "Chroma feature analysis and synthesis", 2007, https://www.ee.columbia.edu/~dpwe/resources/matlab/chroma-ansyn/
A. Savitzky and M. Golay: "Smoothing and differentiation of data by simplified least squares procedures", Analytical
Chemistry 36(8), 1964, 1627-1639, https://doi.org/10.1021/ac60214a047
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_HZ_A_MEL = 200.0 / 3  # below the first logarithmic frequency
_LOG_FROM = 1000.0  # Hz
_LOG_STEP = np.log(6.4) / 27.0
_NOTES = 12
_CENTRE, _WIDTH = 5.0, 2.0  # octaves: where chroma filters weigh most, and the width of that


def mel_filters(sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> NDArray[np.float32]:
    """Return ``librosa.filters.mel``, ``(n_mels, 1 + n_fft // 2)``."""
    ends = np.linspace(_to_mel(fmin), _to_mel(sr / 2 if fmax is None else fmax), n_mels + 2)
    edges = _to_hz(ends)
    widths = np.diff(edges)
    ramps = np.subtract.outer(edges, np.fft.rfftfreq(n=n_fft, d=1.0 / sr))
    weights = np.zeros((n_mels, 1 + n_fft // 2), dtype=np.float32)
    for band in range(n_mels):
        rising, falling = -ramps[band] / widths[band], ramps[band + 2] / widths[band + 1]
        weights[band] = np.maximum(0, np.minimum(rising, falling))
    weights *= (2.0 / (edges[2:] - edges[:-2]))[:, np.newaxis]
    return weights


def _to_mel(hz: float) -> float:
    if hz >= _LOG_FROM:
        return float(_LOG_FROM / _HZ_A_MEL + np.log(hz / _LOG_FROM) / _LOG_STEP)
    return hz / _HZ_A_MEL


def _to_hz(mel: Floats) -> Floats:
    hz = _HZ_A_MEL * mel
    high = mel >= _LOG_FROM / _HZ_A_MEL
    hz[high] = _LOG_FROM * np.exp(_LOG_STEP * (mel[high] - _LOG_FROM / _HZ_A_MEL))
    return np.asarray(hz)


def chroma_filters(sr: int, n_fft: int, tuning: float) -> NDArray[np.float32]:
    """Return ``librosa.filters.chroma``, ``(12, 1 + n_fft // 2)``."""
    a440 = 440.0 * 2.0 ** (tuning / _NOTES)
    bins = _NOTES * np.log2(np.linspace(0, sr, n_fft, endpoint=False)[1:] / (a440 / 16))
    bins = np.concatenate([[bins[0] - 1.5 * _NOTES], bins])  # 0 Hz, as if an octave and a half below the first bin
    widths = np.concatenate([np.maximum(bins[1:] - bins[:-1], 1.0), [1]])
    away = np.subtract.outer(bins, np.arange(_NOTES, dtype=np.float64)).T
    half = _NOTES / 2
    away = np.remainder(away + half + 10 * _NOTES, _NOTES) - half
    weights = np.exp(-0.5 * (2 * away / np.tile(widths, (_NOTES, 1))) ** 2)
    weights /= np.sum(np.abs(weights) ** 2, axis=0, keepdims=True) ** (1.0 / 2)
    weights *= np.tile(np.exp(-0.5 * (((bins / _NOTES - _CENTRE) / _WIDTH) ** 2)), (_NOTES, 1))
    return np.ascontiguousarray(np.roll(weights, -3, axis=0)[:, : 1 + n_fft // 2], dtype=np.float32)


def delta_filter(frames: int, width: int, order: int) -> NDArray[np.float32]:
    """Return what ``librosa.feature.delta`` makes of the rows of a unit matrix, ``(frames, frames)``.

    A row is a frame's derivative of a polynomial of that order, fitted to the frames around it; at either end, to the
    first or last `width` frames.
    """
    half = width // 2
    fits = np.linalg.pinv(np.vander(np.arange(-half, half + 1.0), order + 1, increasing=True))
    slope = math.factorial(order) * fits[order]  # the same at every frame, as the polynomial has just that order
    response = np.zeros((frames, frames))
    for frame in range(frames):
        first = min(max(frame - half, 0), frames - width)
        response[frame, first : first + width] = slope
    return response.astype(np.float32)
