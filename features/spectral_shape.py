"""Skewness and kurtosis of the spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralShape(SpectralFeature):
    """Skewness and kurtosis of frequency, weighted by magnitude: how one-sided and how peaked a spectrum is.

    Two columns, dimensionless: skewness (0 for a symmetric spectrum, above 0 where it trails off upwards), then
    kurtosis (3 for a normal distribution, 1.8 for a flat one). Both are 0 for a silent frame.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio
    descriptors from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916,
    https://doi.org/10.1121/1.3642604
    """

    @property
    def dims(self) -> int:
        """Skewness and kurtosis."""
        return 2

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return skewness and kurtosis of each frame."""
        return self.moments(clip)[:, 2:]
