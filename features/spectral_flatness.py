"""Spectral flatness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralFlatness(SpectralFeature):
    """Geometric over arithmetic mean of the power spectrum: near 0 for a tone, 0.56 for white noise, 1 for flat.

    Equal to ``librosa.feature.spectral_flatness``. Powers below 1e-10 count as 1e-10, so a silent frame is flat: 1.

    References
    ----------
    S. Dubnov: "Generalization of spectral flatness measure for non-Gaussian linear processes", IEEE Signal Processing
    Letters 11(8), 2004, 698-701, https://doi.org/10.1109/LSP.2004.831663
    """

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        return f"librosa.feature.spectral_flatness(y=y, {self.arguments('n_fft', 'hop_length')}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the flatness of each frame."""
        power = np.maximum(self.power(clip), np.float32(1e-10))
        return np.exp(np.log(power).mean(axis=1, keepdims=True)) / power.mean(axis=1, keepdims=True)
