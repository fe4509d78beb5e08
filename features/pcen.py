"""Per-channel energy normalisation of the mel spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.sound.clip import Clip

from ._mel import MelFeature

_SCALE = 2**31  # librosa's advice for samples from -1 to 1: its defaults are for 32-bit whole numbers


class PCEN(MelFeature):
    """Mel power divided by its own recent mean, band by band, then compressed; a sequence by default. Dimensionless.

    Equal to ``librosa.pcen`` of ``librosa.feature.melspectrogram(...) * 2**31``. Slow changes of level and of a room's
    colour nearly vanish. It is 0 for silence.

    References
    ----------
    V. Lostanlen, J. Salamon, M. Cartwright, B. McFee, A. Farnsworth, S. Kelling and J. P. Bello: "Per-channel energy
    normalization: why and how", IEEE Signal Processing Letters 26(1), 2019, 39-43,
    https://doi.org/10.1109/LSP.2018.2878620
    """

    gain: float = Field(default=0.98, ge=0, le=1, description="strength of the normalisation, 0 to 1")
    bias: float = Field(default=2.0, ge=0.01, le=1000, description="added before compression")
    exponent: float = Field(default=0.5, gt=0, le=1, description="of compression; librosa's power")
    time_constant: float = Field(default=0.4, ge=0.001, le=60, description="of the recent mean, s")

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        mel = self.arguments("n_fft", "hop_length", "n_mels", "fmin", "fmax")
        own = f"{self.arguments('hop_length', 'gain', 'bias', 'time_constant')}, power={self.exponent}"
        return f"librosa.pcen(librosa.feature.melspectrogram(y=y, sr=sr, {mel}) * 2**31, sr=sr, {own}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the normalised power of each frame and band."""
        import librosa  # two seconds, which listing features need not pay

        normalised = librosa.pcen(
            self.mel(clip) * np.float32(_SCALE),
            sr=clip.sr,
            hop_length=self.hop_length,
            gain=self.gain,
            bias=self.bias,
            power=self.exponent,
            time_constant=self.time_constant,
            axis=0,
        )
        return normalised.astype(np.float32)
