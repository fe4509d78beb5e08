"""Chroma: power of the twelve pitch classes."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip

from ._filters import chroma_filters


class Chroma(SpectralFeature):
    """Power of each pitch class, C first, relative to the frame's strongest: 0 to 1.

    Equal to ``librosa.feature.chroma_stft`` with the same tuning; 0 for a silent frame.

    References
    ----------
    M. A. Bartsch and G. H. Wakefield: "Audio thumbnailing of popular music using chroma-based representations",
    IEEE Trans. Multimedia 7(1), 2005, 96-104, https://doi.org/10.1109/TMM.2004.840597
    """

    tuning: float = Field(default=0.0, ge=-0.5, le=0.5, description="deviation from A440, fractions of a semitone")

    @property
    def dims(self) -> int:
        """One for each pitch class."""
        return 12

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        return f"librosa.feature.chroma_stft(y=y, sr=sr, {self.arguments('n_fft', 'hop_length', 'tuning')}).T"

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the twelve values of each frame."""
        chroma = chroma_power(clip, self.n_fft, self.hop_length, self.tuning)
        strongest = chroma.max(axis=1, keepdims=True)
        strongest[strongest < np.finfo(np.float32).tiny] = 1
        return chroma / strongest


def chroma_power(clip: Clip, n_fft: int, hop_length: int, tuning: float) -> NDArray[np.float32]:
    """Return the power of each pitch class, shared read-only by all features of the clip.

    Parameters
    ----------
    clip : Clip
    n_fft, hop_length : int, samples
    tuning : float
        Deviation from A440, fractions of a semitone.

    Returns
    -------
    (frames, 12) float32
        As librosa's chroma filters weigh the spectrum, without any scaling of frames.
    """
    return clip.shared(
        ("chroma", n_fft, hop_length, tuning),
        lambda: clip.power(n_fft, hop_length) @ _filters(clip.sr, n_fft, tuning),
    )


@lru_cache(maxsize=64)
def _filters(sr: int, n_fft: int, tuning: float) -> NDArray[np.float32]:
    return np.ascontiguousarray(chroma_filters(sr, n_fft, tuning).T)
