"""The fundamental frequency of a spectrum, by a salience over a grid of 25 cents."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_STEPS = 48  # candidates an octave, 25 cents apart: a note halfway between two that were 50 apart suits neither
_WIDTH = 0.02  # half-width of a lobe, relative to its frequency: more than the grid's step to either side


def estimate_f0(
    magnitude: NDArray[np.float32], sr: int, fmin: float, fmax: float, harmonics: int
) -> NDArray[np.float64]:
    """Return the most salient fundamental frequency of each spectrum.

    The salience of a candidate is the sum, over its harmonics k below ``sr / 2``, of the square root of the spectrum
    at k times the candidate minus what lies between harmonics, weighted by ``1 / sqrt(k)``. What is below the root's
    mean counts as nothing, so that noise favours no candidate.

    Parameters
    ----------
    magnitude : (spectra, 1 + n_fft // 2)
    sr : int, Hz
    fmin, fmax : float, Hz
        Ends of the grid; it ends below ``sr / 2`` anyway.
    harmonics : int
        So many of each candidate.

    Returns
    -------
    (spectra,) float64
        Hz, a point of the grid; `fmin` for silence.

    References
    ----------
    A. Camacho and J. Harris: "A sawtooth waveform inspired pitch estimator for speech and music", J. Acoust. Soc. Am.
    124(3), 2008, 1638-1652, https://doi.org/10.1121/1.2951592 (the square root, the weights, the troughs)
    """
    n_fft = 2 * (magnitude.shape[1] - 1)
    candidates, kernel = _kernel(sr, n_fft, fmin, fmax, harmonics)
    root = np.sqrt(magnitude)
    return candidates[(np.maximum(root - root.mean(axis=1, keepdims=True), 0) @ kernel).argmax(axis=1)]


@lru_cache(maxsize=16)
def _kernel(
    sr: int, n_fft: int, fmin: float, fmax: float, harmonics: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the candidates in Hz, and the weight of each bin for each of them, (bins, candidates)."""
    highest = np.log2(min(fmax, sr / 2 * 0.999) / fmin)
    candidates = fmin * 2 ** (np.arange(1 + int(_STEPS * highest + 1e-9)) / _STEPS)
    place = np.fft.rfftfreq(n_fft, 1 / sr)[:, np.newaxis] / candidates  # of a bin, in harmonic numbers
    narrowest = 1.5 * sr / n_fft / candidates

    def lobes(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        half = np.minimum(np.maximum(narrowest, _WIDTH * numbers), 0.25)
        distance = np.abs(place - numbers) / half
        weight = np.cos(np.pi / 2 * distance) ** 2 / np.sqrt(numbers)
        return np.where(distance < 1, weight, 0.0)

    peaks = lobes(np.clip(np.round(place), 1, harmonics))
    troughs = lobes(np.clip(np.floor(place), 0, harmonics) + 0.5)
    troughs *= peaks.sum(axis=0) / np.maximum(troughs.sum(axis=0), np.finfo(float).tiny)
    return candidates, (peaks - troughs).astype(np.float32)
