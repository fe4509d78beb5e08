"""Spectral flux."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralFlux(SpectralFeature):
    """Change of the spectrum from each frame to the next, whatever their levels: 0 for none, 1 for another sound.

    Not half-wave rectified: partials that fade count as those that begin, and level alone says nothing. Magnitudes are
    scaled to a sum of squares of 1 and the squared distance is halved, so that spectra without a common partial have 1.
    0 for the first frame and between silent frames, 0.5 where sound begins after digital silence or ends in it.

    References
    ----------
    G. Tzanetakis and P. Cook: "Musical genre classification of audio signals", IEEE Trans. Speech and
    Audio Processing 10(5), 2002, 293-302, https://doi.org/10.1109/TSA.2002.800560
    """

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the flux into each frame."""
        length = np.sqrt(self.power(clip).sum(axis=1, keepdims=True))
        scaled = self.magnitude(clip) / np.where(length > 0, length, 1)
        difference = np.diff(scaled, axis=0, prepend=scaled[:1])
        return np.einsum("ij,ij->i", difference, difference)[:, np.newaxis] / 2
