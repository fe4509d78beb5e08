"""Root-mean-square level."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip


class RMS(SpectralFeature):
    """Root mean square of the samples of each frame.

    Equal to ``librosa.feature.rms`` of the signal with ``ref: 1`` (frames are centred, zeros continue the signal). With
    ``ref: max`` it is divided by the clip's loudest frame: 0 to 1, and level says nothing. Silence is 0 with both.

    References
    ----------
    G. Tzanetakis and P. Cook: "Musical genre classification of audio signals", IEEE Trans. Speech and
    Audio Processing 10(5), 2002, 293-302, https://doi.org/10.1109/TSA.2002.800560
    """

    n_fft: int = Field(default=1024, ge=16, le=65536, description="frame, samples; librosa's frame_length")
    ref: Literal[1, "max"] = Field(
        default=1, description="what 1 is: full scale; max: the clip's loudest frame, so that level says nothing"
    )

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        level = f"librosa.feature.rms(y=y, frame_length={self.n_fft}, hop_length={self.hop_length}).T"
        return level if self.ref == 1 else f"(level := {level}) / max(level.max(), 1e-30)"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the level of each frame."""
        half = self.n_fft // 2
        padded = np.zeros(clip.y.size + 2 * half, dtype=np.float32)
        padded[half : half + clip.y.size] = clip.y
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop_length]
        level = np.sqrt(np.einsum("ij,ij->i", frames, frames) / self.n_fft)
        if self.ref == "max" and level.max() > 0:
            level /= level.max()
        return level[:, np.newaxis].astype(np.float32)
