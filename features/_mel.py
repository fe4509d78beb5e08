"""The mel spectrum that MFCCs, the log-mel spectrum and PCEN share."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip

from ._filters import mel_filters


class MelFeature(SpectralFeature):
    """A series with one value a mel band, kept as a series by default."""

    statistics: tuple[str, ...] | None = Field(
        default=None, description="summaries over time, giving a vector; null keeps the series"
    )
    n_mels: int = Field(default=128, ge=1, le=512, description="mel bands")
    fmin: float = Field(default=0.0, ge=0, description="lowest frequency, Hz")
    fmax: float | None = Field(default=None, gt=0, description="highest frequency, Hz; null: sr / 2")

    @property
    def dims(self) -> int:
        """One for each mel band."""
        return self.n_mels

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, n_mels)``."""
        check_range(sr, self.fmin, self.fmax)
        return super().series_shape(samples, sr)

    def mel(self, clip: Clip) -> NDArray[np.float32]:
        """Return the power of each mel band, ``(frames, n_mels)``."""
        return mel_power(clip, self.n_fft, self.hop_length, self.n_mels, self.fmin, self.fmax)


def check_range(sr: int, fmin: float, fmax: float | None) -> None:
    """Raise ValueError unless ``fmin < fmax <= sr / 2``."""
    fmax = sr / 2 if fmax is None else fmax
    if fmax > sr / 2 or fmin >= fmax:
        raise ValueError(f"fmin={fmin:g} and fmax={fmax:g} Hz do not fit below sr / 2 = {sr / 2:g} Hz")


def mel_power(
    clip: Clip, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float | None
) -> NDArray[np.float32]:
    """Return the power of each mel band, shared read-only by all features of the clip.

    Equal to ``librosa.feature.melspectrogram`` (Slaney's mel scale and filters), with time first.

    Parameters
    ----------
    clip : Clip
    n_fft, hop_length : int, samples
    n_mels : int
    fmin, fmax : float, Hz
        `fmax` None: half the sampling rate.

    Returns
    -------
    (frames, n_mels) float32
    """
    parameters = (n_fft, n_mels, fmin, fmax)
    return clip.shared(
        ("mel", hop_length, *parameters), lambda: clip.power(n_fft, hop_length) @ _filters(clip.sr, *parameters)
    )


def decibels(mel: NDArray[np.float32], ref: Literal[1, "max"], top_db: float = 80.0) -> NDArray[np.float32]:
    """Return the decibels of mel bands, as ``librosa.power_to_db`` gives them.

    Parameters
    ----------
    mel : (frames, n_mels) float32
    ref : 1 or "max"
        Power of 0 dB; max: that of the loudest band, so that level says nothing (librosa's own has its floor at 1e-10,
        which soft clips reach).
    top_db : float
        Floor, below the loudest band.

    Returns
    -------
    (frames, n_mels) float32
        Silence is -100 dB, and the floor where `ref` is max.
    """
    if ref == "max" and mel.max() > 0:
        mel = mel / mel.max()
    values = 10 * np.log10(np.maximum(mel, np.float32(1e-10)))
    loudest = np.float32(0) if ref == "max" else values.max()
    return np.maximum(values, loudest - np.float32(top_db))


@lru_cache(maxsize=16)
def _filters(sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> NDArray[np.float32]:
    return np.ascontiguousarray(mel_filters(sr, n_fft, n_mels, fmin, fmax).T)
