"""Spectral roll-off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

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
    roll_percent: float | tuple[float, ...] = Field(
        default=0.85, description="share of the magnitude, 0 to 1; several give a column each"
    )

    @field_validator("roll_percent")
    @classmethod
    def _shares(cls, shares: float | tuple[float, ...]) -> float | tuple[float, ...]:
        each = shares if isinstance(shares, tuple) else (shares,)
        if not each or len(set(each)) < len(each) or not all(0 < share < 1 for share in each):
            raise ValueError(f"should be a share above 0 and below 1, or several different ones, found {shares}")
        return shares

    @property
    def _each(self) -> tuple[float, ...]:
        return self.roll_percent if isinstance(self.roll_percent, tuple) else (self.roll_percent,)

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return ("roll-off (Hz)",)

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, shares)``."""
        return frame_count(samples, self.n_fft, self.hop_length), len(self._each)

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        sizes = self.arguments("n_fft", "hop_length")
        each = [f"librosa.feature.spectral_rolloff(y=y, sr=sr, {sizes}, roll_percent={share})" for share in self._each]
        return f"np.concatenate([{', '.join(each)}]).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the roll-off of each frame in Hz."""
        cumulated = np.cumsum(clip.magnitude(self.n_fft, self.hop_length), axis=1)
        frequencies = np.fft.rfftfreq(self.n_fft, 1 / clip.sr)
        reached = [(cumulated >= np.float32(share) * cumulated[:, -1:]).argmax(axis=1) for share in self._each]
        return frequencies[np.stack(reached, axis=1)].astype(np.float32)
