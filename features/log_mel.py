"""Log-mel spectrum."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.sound.clip import Clip

from ._mel import MelFeature, decibels


class LogMel(MelFeature):
    """Power in each mel band, in decibels; a sequence unless statistics are asked for.

    Values lie from ``-top_db`` to 0 dB by default: 0 dB is the clip's loudest band, and a silent clip is ``-top_db``
    throughout. With ``ref: 1`` it equals ``librosa.power_to_db(librosa.feature.melspectrogram(...))``: nothing is
    below -100 dB, and a silent clip is -100 dB.

    References
    ----------
    S. S. Stevens, J. Volkmann and E. B. Newman: "A scale for the measurement of the psychological magnitude pitch",
    J. Acoust. Soc. Am. 8(3), 1937, 185-190, https://doi.org/10.1121/1.1915893
    """

    ref: Literal[1, "max"] = Field(
        default="max", description="power of 0 dB; max: that of the clip's loudest mel band, so that level says nothing"
    )
    top_db: float = Field(default=80.0, gt=0, le=100, description="floor, dB below the clip's loudest band")

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        mel = self.arguments("n_fft", "hop_length", "n_mels", "fmin", "fmax")
        power = f"(mel := librosa.feature.melspectrogram(y=y, sr=sr, {mel}))"
        power += " / max(mel.max(), 1e-30)" if self.ref == "max" else ""
        level = f"librosa.power_to_db({power}, top_db={self.top_db}).T"
        return f"np.maximum({level}, {-self.top_db})" if self.ref == "max" else level  # of silence

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the decibels of each frame and band."""
        return decibels(self.mel(clip), self.ref, self.top_db)
