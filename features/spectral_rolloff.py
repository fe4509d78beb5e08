"""Spectral roll-off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip, frame_count


class SpectralRolloff(SeriesFeature):
    """Frequency below which a given share of the summed magnitude lies, in Hz.

    Equal to ``librosa.feature.spectral_rolloff``; 0 Hz for a silent frame.

    References
    ----------
    G. Tzanetakis and P. Cook: "Musical genre classification of audio signals", IEEE Trans. Speech and
    Audio Processing 10(5), 2002, 293-302, https://doi.org/10.1109/TSA.2002.800560
    """

    n_fft: int = Field(default=1024, ge=16, le=65536, description="FFT window, samples")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")
    roll_percent: float = Field(default=0.85, gt=0, lt=1, description="share of the magnitude, 0 to 1")

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return ("roll-off (Hz)",)

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, 1)``."""
        return frame_count(samples, self.n_fft, self.hop_length), 1

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the roll-off of each frame in Hz."""
        cumulated = np.cumsum(clip.magnitude(self.n_fft, self.hop_length), axis=1)
        reached = cumulated >= np.float32(self.roll_percent) * cumulated[:, -1:]
        frequencies = np.fft.rfftfreq(self.n_fft, 1 / clip.sr)
        return frequencies[reached.argmax(axis=1), np.newaxis].astype(np.float32)
