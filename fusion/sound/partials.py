"""The partials of a sound with one f0: where they lie, stretched by stiffness, and how strong they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WINDOW = 2 ** (1 / 24) - 1  # a quarter tone
_SPACING = 0.4  # of a fundamental frequency: farther away lies the next partial's own window
_CLEAR = 3.0  # a partial that says where it lies is so many times what lies between partials
_MOST_STRETCH = 0.02


def frequencies(f0: Floats, stretch: Floats, harmonics: int) -> Floats:
    """Return where partials lie, ``k f0 sqrt(1 + B k²)``, as ``(spectra, harmonics)`` in Hz.

    Parameters
    ----------
    f0 : (spectra,)
        Hz; of the ideal string, for a stretched series.
    stretch : (spectra,)
        Fletcher's B, 0 for a harmonic series.
    harmonics : int
    """
    k = np.arange(1, harmonics + 1)
    return f0[:, np.newaxis] * k * np.sqrt(1 + stretch[:, np.newaxis] * k**2)


def peaks(magnitude: NDArray[np.float32], sr: int, f0: Floats, centres: Floats) -> tuple[Floats, Floats]:
    """Return the frequency and the magnitude of the highest peak near each centre.

    Near is within a quarter tone, at least 1.5 bins and at most two fifths of `f0`. Peaks of a Hann window are
    interpolated exactly, as for a steady sinusoid.

    Parameters
    ----------
    magnitude : (frames, 1 + n_fft // 2)
    sr : int, Hz
    f0 : (1,) or (frames,), Hz
    centres : (1, harmonics) or (frames, harmonics), Hz
        Those at or above ``sr / 2`` are absent and have magnitude 0.

    Returns
    -------
    (frames, harmonics) float64, twice
        Frequency in Hz; magnitude on the scale of `magnitude`.

    References
    ----------
    T. Grandke: "Interpolation algorithms for discrete Fourier transforms of weighted signals", IEEE Trans.
    Instrumentation and Measurement 32(2), 1983, 350-355, https://doi.org/10.1109/TIM.1983.4315077
    """
    last = magnitude.shape[1] - 2  # the last bin that has a neighbour
    width = sr / (2 * (magnitude.shape[1] - 1))
    half = np.minimum(np.maximum(_WINDOW * centres / width, 1.5), np.maximum(_SPACING * f0[:, np.newaxis] / width, 1))
    ends = np.rint(centres / width - half), np.rint(centres / width + half)
    low, high = (np.minimum(np.maximum(end, 1), last).astype(np.intp) for end in ends)
    bins = np.minimum(low[..., np.newaxis] + np.arange(1 + int((high - low).max())), high[..., np.newaxis])
    frames = np.arange(len(magnitude))[:, np.newaxis]
    near = magnitude[:, bins[0]] if len(bins) == 1 else magnitude[frames[..., np.newaxis], bins]
    top = low + near.argmax(axis=-1)
    left, peak, right = (magnitude[frames, top + side].astype(np.float64) for side in (-1, 0, 1))
    ratio = np.maximum(left, right) / np.maximum(peak, np.finfo(np.float32).tiny)
    shift = np.minimum(np.maximum((2 * ratio - 1) / (ratio + 1), 0), 0.5)
    size = np.where(centres < sr / 2, peak * (1 - shift**2) / np.sinc(shift), 0.0)
    return width * (top + np.where(right > left, shift, -shift)), size


def fit(magnitude: NDArray[np.float32], sr: int, f0: Floats, harmonics: int) -> tuple[Floats, Floats]:
    """Return f0 and Fletcher's B that fit the peaks of each spectrum, beginning near `f0`.

    ``(f_k / k)² = f0² (1 + B k²)`` is a line in k², fitted to the peaks that stand out from what lies between partials,
    weighted by k² times their power. The first partials tell where to look for the next, so that a stretched series is
    followed.

    Parameters
    ----------
    magnitude : (spectra, 1 + n_fft // 2)
    sr : int, Hz
    f0 : (spectra,), Hz
        To half a semitone.
    harmonics : int

    Returns
    -------
    (spectra,) float64, twice
        f0 in Hz, within half a semitone of where it was; B, 0 to 0.02.

    References
    ----------
    H. Fletcher, E. Blackham and R. Stratton: "Quality of piano tones", J. Acoust. Soc. Am. 34(6), 1962, 749-761,
    https://doi.org/10.1121/1.1918192
    """
    begun, stretch = f0, np.zeros_like(f0)
    last = magnitude.shape[1] - 1
    rows, tiny = np.arange(len(magnitude))[:, np.newaxis], np.finfo(float).tiny
    for reach in sorted({min(number, harmonics) for number in (3, 8, harmonics)}):
        centres = frequencies(f0, stretch, reach + 1)
        found, size = peaks(magnitude, sr, f0, centres[:, :-1])
        between = np.column_stack([centres[:, :1] / 2, (centres[:, 1:] + centres[:, :-1]) / 2])
        floor = magnitude[rows, np.minimum(np.rint(between / (sr / 2) * last), last).astype(np.intp)]
        x = np.arange(1, reach + 1) ** 2
        weight = x * np.square(np.maximum(size - _CLEAR / 2 * (floor[:, 1:] + floor[:, :-1]), 0))
        total = np.maximum(weight.sum(axis=1), tiny)
        y = np.square(found) / x
        mean_x, mean_y = ((weight * value).sum(axis=1) / total for value in (x, y))
        away = x - mean_x[:, np.newaxis]
        slope = (weight * away * y).sum(axis=1) / np.maximum((weight * away**2).sum(axis=1), tiny)
        intercept = np.maximum(mean_y - slope * mean_x, 1e-3 * mean_y + tiny)
        stretch = np.clip(slope / intercept, 0, _MOST_STRETCH)
        fitted = np.where(mean_y > 0, np.sqrt(mean_y / (1 + stretch * mean_x)), f0)
        f0 = np.clip(fitted, begun / (1 + _WINDOW), begun * (1 + _WINDOW))
    return f0, stretch
