"""Spectral bandwidth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralBandwidth(SpectralFeature):
    """Standard deviation of frequency around the spectral centroid, weighted by magnitude, in Hz.

    Equal to ``librosa.feature.spectral_bandwidth``, the spectral spread of the Timbre Toolbox; 0 Hz for a silent frame.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio
    descriptors from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916,
    https://doi.org/10.1121/1.3642604
    """

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        return f"librosa.feature.spectral_bandwidth(y=y, sr=sr, {self.arguments('n_fft', 'hop_length')}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the bandwidth of each frame in Hz."""
        return self.moments(clip)[:, 1:2]
