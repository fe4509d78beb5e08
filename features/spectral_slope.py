"""Spectral slope."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip

_FLOOR = np.float32(1e-8)  # of the frame's largest power: 80 dB below


class SpectralSlope(SpectralFeature):
    """Slope of the line fitted to the level of all bins over the logarithm of frequency, in dB an octave.

    Levels count from 80 dB below the frame's strongest bin, so that noise far below says nothing; 0 Hz is left out. A
    silent frame has a slope of 0. Over octaves, because the partials of an instrument fall by about as many decibels
    from each to the next; the slope of magnitudes over hertz would be the spectral centroid again.

    References
    ----------
    F. Eyben et al.: "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and affective
    computing", IEEE Trans. Affective Computing 7(2), 2016, 190-202, https://doi.org/10.1109/TAFFC.2015.2457417
    """

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the slope of each frame in dB an octave."""
        power = self.power(clip)[:, 1:]
        largest = power.max(axis=1, keepdims=True)
        silent = largest < np.finfo(np.float32).tiny
        level = 10 * np.log10(np.maximum(power / np.where(silent, 1, largest), _FLOOR))
        return np.where(silent, np.float32(0), (level @ _weights(self.n_fft))[:, np.newaxis])


@lru_cache(maxsize=16)
def _weights(n_fft: int) -> NDArray[np.float32]:
    """Return what takes levels to their least-squares slope over octaves; the sampling rate does not matter."""
    octaves = np.log2(np.arange(1, 1 + n_fft // 2))
    octaves -= octaves.mean()
    return (octaves / (octaves @ octaves)).astype(np.float32)
