"""Spectral crest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralCrest(SpectralFeature):
    """Largest over mean magnitude of the spectrum, in decibels: how far its strongest partial stands out.

    0 dB for a flat spectrum and for a silent frame.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio
    descriptors from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916,
    https://doi.org/10.1121/1.3642604
    """

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the crest of each frame in dB."""
        magnitude = self.magnitude(clip)
        mean = magnitude.mean(axis=1, keepdims=True)
        silent = mean < np.finfo(np.float32).tiny
        ratio = magnitude.max(axis=1, keepdims=True) / np.where(silent, 1, mean)
        return 20 * np.log10(np.where(silent, np.float32(1), ratio))
