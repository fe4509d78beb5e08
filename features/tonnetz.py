"""Tonal centroid features (tonnetz)."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import SeriesFeature
from fusion.sound.clip import Clip, frame_count

from .chroma import chroma_power

_CQT_OCTAVES = 7  # librosa's default, from C1 (32.7 Hz)


class Tonnetz(SeriesFeature):
    """Chroma projected on six axes: fifth, minor third and major third, as pairs of sine and cosine.

    Equal to ``librosa.feature.tonnetz`` of librosa's chroma with the same arguments. Dimensionless. The
    chroma comes from the STFT by default: a constant-Q transform costs many times more.

    References
    ----------
    C. Harte, M. Sandler and M. Gasser: "Detecting harmonic change in musical audio", Proc. 1st ACM Workshop
    on Audio and Music Computing Multimedia, 2006, 21-26, https://doi.org/10.1145/1178723.1178727
    """

    chroma: Literal["stft", "cqt"] = Field(default="stft", description="transform that the chroma comes from")
    tuning: Annotated[float, Field(ge=-0.5, le=0.5)] | Literal["estimate"] = Field(
        default=0.0, description="deviation from A440, fractions of a semitone; estimate: per clip, slow"
    )
    n_fft: int = Field(default=1024, ge=16, le=65536, description="FFT window, samples (chroma: stft)")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return (
            "fifth, sine",
            "fifth, cosine",
            "minor third, sine",
            "minor third, cosine",
            "major third, sine",
            "major third, cosine",
        )

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, 6)``."""
        if self.chroma == "stft":
            return frame_count(samples, self.n_fft, self.hop_length), 6
        if self.hop_length % 2 ** (_CQT_OCTAVES - 1):
            raise ValueError(
                f"hop_length={self.hop_length} with chroma: cqt; take a multiple of {2 ** (_CQT_OCTAVES - 1)}"
            )
        if sr < 8820:
            raise ValueError(f"chroma: cqt reaches 4.2 kHz and needs sr >= 8820 Hz, not {sr}; take chroma: stft")
        return 1 + samples // self.hop_length, 6

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        tuning = None if self.tuning == "estimate" else self.tuning
        sizes = self.arguments("hop_length", *["n_fft"] * (self.chroma == "stft"))
        chroma = f"librosa.feature.chroma_{self.chroma}(y=y, sr=sr, {sizes}, tuning={tuning})"
        return f"librosa.feature.tonnetz(sr=sr, chroma={chroma}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the six coordinates of each frame."""
        chroma = self._stft_chroma(clip) if self.chroma == "stft" else self._cqt_chroma(clip)
        total = np.abs(chroma).sum(axis=1, keepdims=True)
        total[total < np.finfo(chroma.dtype).tiny] = 1
        return np.ascontiguousarray((chroma / total) @ _axes(), dtype=np.float32)

    def _stft_chroma(self, clip: Clip) -> NDArray[np.float32]:
        tuning = self.tuning
        if tuning == "estimate":
            import librosa  # two seconds, which listing features need not pay

            # librosa's own spectrum, in double precision: where no partial stands out, rounding decides the estimate
            spectrum = np.abs(librosa.stft(clip.y, n_fft=self.n_fft, hop_length=self.hop_length))
            tuning = float(librosa.estimate_tuning(S=np.square(spectrum), sr=clip.sr, bins_per_octave=12))
        # librosa scales each frame to a maximum of 1 here; the sum in `series` makes that void
        return chroma_power(clip, self.n_fft, self.hop_length, tuning)

    def _cqt_chroma(self, clip: Clip) -> NDArray[np.float32]:
        import librosa

        tuning = None if self.tuning == "estimate" else self.tuning
        chroma: NDArray[np.float32] = librosa.feature.chroma_cqt(
            y=clip.y, sr=clip.sr, hop_length=self.hop_length, tuning=tuning, n_octaves=_CQT_OCTAVES
        )
        return chroma.T


@lru_cache(maxsize=1)
def _axes() -> NDArray[np.float32]:
    """Harte's six axes, (12, 6): radius times sine and cosine of each pitch class' angle on three circles."""
    steps = np.outer([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3], np.arange(12))
    steps[::2] -= 0.5  # cos(pi * (x - 1/2)) = sin(pi * x)
    radii = np.array([[1], [1], [1], [1], [0.5], [0.5]])
    return np.ascontiguousarray((radii * np.cos(np.pi * steps)).T, dtype=np.float32)
