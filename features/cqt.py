"""Constant-Q transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip


class CQT(SeriesFeature):
    """Magnitude of the constant-Q transform in decibels: bins that are semitones; a sequence by default.

    Equal to librosa's ``amplitude_to_db(abs(cqt(..., tuning=0)), ref=max)``, with a floor 80 dB below the clip's
    maximum, which is 0 dB, and without librosa's absolute floor of 1e-5, which soft clips reach; a silent clip is
    -80 dB throughout. Slow: many times the cost of all features of the STFT.

    References
    ----------
    C. Schörkhuber and A. Klapuri: "Constant-Q transform toolbox for music processing", Proc. 7th Sound and Music
    Computing Conference, 2010, 3-64; after J. C. Brown: "Calculation of a constant Q spectral transform", J. Acoust.
    Soc. Am. 89(1), 1991, 425-434, https://doi.org/10.1121/1.400476
    """

    statistics: tuple[str, ...] | None = Field(
        default=None, description="summaries over time, giving a vector; null keeps the series"
    )
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")
    fmin: float = Field(default=32.703, ge=10, description="frequency of the first bin, Hz; C1 by default")
    n_bins: int = Field(default=84, ge=1, le=512, description="bins")
    bins_per_octave: int = Field(default=12, ge=1, le=96, description="bins of an octave")

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, n_bins)``."""
        step = 2 ** max(0, -(-self.n_bins // self.bins_per_octave) - 1)
        if self.hop_length % step:
            raise ValueError(f"hop_length={self.hop_length} with so many octaves; take a multiple of {step}")
        highest = self.fmin * 2 ** ((self.n_bins - 1) / self.bins_per_octave)
        reach = highest * 2 ** (1 / self.bins_per_octave)  # with the last filter's slope
        if reach > sr / 2:
            raise ValueError(f"bins up to {highest:.0f} Hz need sr >= {2 * reach:.0f} Hz, not {sr}; take fewer n_bins")
        return 1 + samples // self.hop_length, self.n_bins

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the decibels of each frame and bin."""
        import librosa  # two seconds, which listing features need not pay

        magnitude = np.abs(
            librosa.cqt(
                clip.y,
                sr=clip.sr,
                hop_length=self.hop_length,
                fmin=self.fmin,
                n_bins=self.n_bins,
                bins_per_octave=self.bins_per_octave,
                tuning=0.0,
            )
        )
        loudest = magnitude.max()
        if not loudest > 0:
            return np.full(magnitude.T.shape, -80, dtype=np.float32)
        return np.maximum(20 * np.log10(np.maximum(magnitude / loudest, 1e-5)), -80).T.astype(np.float32)
