"""Spectral centroid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip, frame_count


class SpectralCentroid(SeriesFeature):
    """Mean frequency of the magnitude spectrum, in Hz: the correlate of brightness.

    Equal to ``librosa.feature.spectral_centroid``; 0 Hz for a silent frame.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio
    descriptors from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916,
    https://doi.org/10.1121/1.3642604
    """

    n_fft: int = Field(default=1024, ge=16, le=65536, description="FFT window, samples")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return ("centroid (Hz)",)

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, 1)``."""
        return frame_count(samples, self.n_fft, self.hop_length), 1

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        return f"librosa.feature.spectral_centroid(y=y, sr=sr, {self.arguments('n_fft', 'hop_length')}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the centroid of each frame in Hz."""
        magnitude = clip.magnitude(self.n_fft, self.hop_length)
        frequencies = np.fft.rfftfreq(self.n_fft, 1 / clip.sr).astype(np.float32)
        total = magnitude.sum(axis=1)
        total[total < np.finfo(np.float32).tiny] = 1
        centroid = (magnitude @ frequencies) / total
        return centroid[:, np.newaxis].astype(np.float32)
