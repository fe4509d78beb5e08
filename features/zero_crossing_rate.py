"""Zero-crossing rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip, frame_count

_SILENCE = 1e-10  # magnitudes up to this count as zero, as in librosa


class ZeroCrossingRate(SeriesFeature):
    """Share of neighbouring samples with different signs, 0 to 1.

    Equal to ``librosa.feature.zero_crossing_rate``: frames are centred, the signal is continued by its
    first and last value, zero counts as positive.

    References
    ----------
    F. Gouyon, F. Pachet and O. Delerue: "On the use of zero-crossing rate for an application of
    classification of percussive sounds", Proc. DAFx-00, Verona, 2000.
    """

    frame_length: int = Field(default=1024, ge=2, le=65536, description="frame, samples")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return ("zero-crossing rate",)

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, 1)``."""
        return frame_count(samples, self.frame_length, self.hop_length), 1

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        return f"librosa.feature.zero_crossing_rate(y, {self.arguments('frame_length', 'hop_length')}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the rate of each frame."""
        negative = clip.y < -_SILENCE
        crossings = np.flatnonzero(negative[1:] != negative[:-1]) + 1  # samples with another sign than the one before
        frames = frame_count(clip.y.size, self.frame_length, self.hop_length)
        first = np.arange(frames) * self.hop_length - self.frame_length // 2
        ends = np.searchsorted(crossings, [first, first + self.frame_length - 1], side="right")
        rate = (ends[1] - ends[0]) / self.frame_length
        return rate[:, np.newaxis].astype(np.float32)
