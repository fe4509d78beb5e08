"""Low to high ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class LowToHighRatio(SpectralFeature):
    """Power below a frequency over power from it on, in decibels, from -80 to 80 dB.

    0 dB for a silent frame. GeMAPS' alpha ratio is the like of it, between 50 Hz and 5 kHz.

    References
    ----------
    F. Eyben et al.: "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and affective
    computing", IEEE Trans. Affective Computing 7(2), 2016, 190-202, https://doi.org/10.1109/TAFFC.2015.2457417
    """

    cutoff: float = Field(default=1000.0, gt=0, description="what is low below this frequency, Hz")

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, 1)``."""
        if self.cutoff > sr / 2:
            raise ValueError(f"cutoff={self.cutoff:g} Hz does not fit below sr / 2 = {sr / 2:g} Hz")
        return super().series_shape(samples, sr)

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the ratio of each frame in dB."""
        power = self.power(clip)
        cut = int(np.searchsorted(self.frequencies(clip), self.cutoff))
        low, high = power[:, :cut].sum(axis=1), power[:, cut:].sum(axis=1)
        floor = np.maximum(np.float32(1e-8) * np.maximum(low, high), np.finfo(np.float32).tiny)
        return 10 * np.log10(np.maximum(low, floor) / np.maximum(high, floor))[:, np.newaxis]
