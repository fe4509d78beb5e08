"""What most features of the short-time spectrum have in common: its sizes, how frames are counted, its moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip, frame_count


class SpectralFeature(SeriesFeature):
    """A series with one row a frame of the short-time spectrum.

    A subclass defines `series`, and `dims` unless it gives one number a frame. Statistics are by default mean and
    standard deviation of the values and of their slopes.
    """

    statistics: tuple[str, ...] | None = Field(
        default=("mean", "std", "delta_mean", "delta_std"),
        description="summaries over time, giving a vector; null keeps the series",
    )
    n_fft: int = Field(default=1024, ge=16, le=65536, description="FFT window, samples")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")

    @property
    def dims(self) -> int:
        """Numbers a frame."""
        return 1

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, dims)``; a subclass that fits only some sampling rates raises ValueError before."""
        return frame_count(samples, self.n_fft, self.hop_length), self.dims

    def magnitude(self, clip: Clip) -> NDArray[np.float32]:
        """Return the magnitude of each bin, ``(frames, 1 + n_fft // 2)``."""
        return clip.magnitude(self.n_fft, self.hop_length)

    def power(self, clip: Clip) -> NDArray[np.float32]:
        """Return the squared magnitude of each bin, ``(frames, 1 + n_fft // 2)``."""
        return clip.power(self.n_fft, self.hop_length)

    def frequencies(self, clip: Clip) -> NDArray[np.float32]:
        """Return the frequency of each bin in Hz, ``(1 + n_fft // 2,)``."""
        return np.fft.rfftfreq(self.n_fft, 1 / clip.sr).astype(np.float32)

    def moments(self, clip: Clip) -> NDArray[np.float32]:
        """Return mean, standard deviation, skewness and kurtosis of frequency, ``(frames, 4)``.

        Each frame's magnitudes, divided by their sum, are the weights. The first two are in Hz, the others
        dimensionless: a normal distribution has skewness 0 and kurtosis 3. A silent frame, or one with a single
        frequency, has 0 for what is not defined there.
        """
        return clip.shared(("moments", self.n_fft, self.hop_length), lambda: self._moments(clip))

    def _moments(self, clip: Clip) -> NDArray[np.float32]:
        magnitude, frequencies = self.magnitude(clip), self.frequencies(clip)
        total = magnitude.sum(axis=1)
        total[total < np.finfo(np.float32).tiny] = 1
        mean = (magnitude @ frequencies) / total
        away = (frequencies / clip.sr)[np.newaxis] - (mean / clip.sr)[:, np.newaxis]  # so that fourth powers stay small
        square = away * away
        weighted = magnitude * square
        second, third, fourth = (
            weighted.sum(axis=1) / total,
            *(np.einsum("ij,ij->i", weighted, power) / total for power in (away, square)),
        )
        spread = np.sqrt(second)
        divisor = np.where(spread > 0, spread, 1)
        return np.stack([mean, spread * clip.sr, third / divisor**3, fourth / divisor**4], axis=1)
