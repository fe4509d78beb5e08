"""Spectral entropy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class SpectralEntropy(SpectralFeature):
    """Entropy of the power spectrum as a distribution, divided by the largest possible one: 0 for one bin, 1 for flat.

    A silent frame counts as flat: 1.

    References
    ----------
    H. Misra, S. Ikbal, H. Bourlard and H. Hermansky: "Spectral entropy based feature for robust ASR", Proc.
    ICASSP 2004, I-193-196, https://doi.org/10.1109/ICASSP.2004.1325955
    """

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the entropy of each frame."""
        power = self.power(clip)
        total = power.sum(axis=1, keepdims=True)
        silent = total < np.finfo(np.float32).tiny
        share = power / np.where(silent, 1, total)
        entropy = -np.einsum("ij,ij->i", share, np.log(np.maximum(share, np.finfo(np.float32).tiny)))
        entropy /= np.log(np.float32(power.shape[1]))
        return np.where(silent, np.float32(1), entropy[:, np.newaxis])
