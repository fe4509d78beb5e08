"""Mel-frequency cepstral coefficients."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import Feature
from fusion.sound.clip import Clip, frame_count, repeated

from ._filters import delta_filter
from ._mel import check_range, decibels, mel_power

_DELTA_WIDTH = 9  # frames, librosa's default


class MFCC(Feature):
    """Mel-frequency cepstral coefficients, optionally with their first and second time derivatives.

    Equal to ``librosa.feature.mfcc`` (Slaney mel filters, log power clipped 80 dB below the loudest
    value of the clip, orthonormal DCT-II) and ``librosa.feature.delta``, with time first. Dimensionless.

    References
    ----------
    S. Davis and P. Mermelstein: "Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences", IEEE Trans. ASSP 28(4), 1980, 357-366,
    https://doi.org/10.1109/TASSP.1980.1163420
    """

    n_mfcc: int = Field(default=20, ge=1, le=256, description="coefficients, the zeroth included")
    n_fft: int = Field(default=1024, ge=16, le=65536, description="FFT window, samples")
    hop_length: int = Field(default=512, ge=1, le=65536, description="step between frames, samples")
    n_mels: int = Field(default=128, ge=1, le=512, description="mel bands")
    fmin: float = Field(default=0.0, ge=0, description="lowest frequency, Hz")
    fmax: float | None = Field(default=None, gt=0, description="highest frequency, Hz; null: sr / 2")
    ref: Literal[1, "max"] = Field(
        default=1, description="power of 0 dB; max: that of the clip's loudest mel band, so that level says nothing"
    )
    active_db: float | None = Field(
        default=None,
        gt=0,
        description="only frames within so many dB of the clip's loudest, repeated to the clip's length; null: all",
    )
    deltas: int = Field(default=0, ge=0, le=2, description="orders of time derivatives added, 0 to 2")

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(frames, n_mfcc * (1 + deltas))``."""
        check_range(sr, self.fmin, self.fmax)
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc={self.n_mfcc} is more than n_mels={self.n_mels}")
        frames = frame_count(samples, self.n_fft, self.hop_length)
        if self.deltas and frames < _DELTA_WIDTH:
            raise ValueError(f"deltas need {_DELTA_WIDTH} frames, {samples} samples give {frames}; take a smaller hop")
        return frames, self.n_mfcc * (1 + self.deltas)

    def in_librosa(self) -> str:
        """Return the call that gives the same."""
        if self.ref == "max":
            return ""
        mel = self.arguments("n_mfcc", "n_fft", "hop_length", "n_mels", "fmin", "fmax")
        deltas = "".join(f", librosa.feature.delta(mfcc, order={n + 1})" for n in range(self.deltas))
        return f"np.concatenate([mfcc := librosa.feature.mfcc(y=y, sr=sr, {mel}){deltas}]).T"

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the coefficients, then their derivatives, side by side."""
        from scipy.fft import dct  # half a second to import, which listing features need not pay

        mel = mel_power(clip, self.n_fft, self.hop_length, self.n_mels, self.fmin, self.fmax)
        coefficients = dct(decibels(mel, self.ref), axis=-1, type=2, norm="ortho")[:, : self.n_mfcc]
        if self.active_db is not None:
            coefficients = repeated(coefficients, clip.active(len(coefficients), self.active_db))
        orders = [_derivative(coefficients, n + 1) for n in range(self.deltas)]
        return np.concatenate([coefficients, *orders], axis=1)


def _derivative(series: NDArray[np.float32], order: int) -> NDArray[np.float32]:
    """Return what ``librosa.feature.delta`` gives, which takes many times as long to set its filter up."""
    response, half = _response(order), _DELTA_WIDTH // 2
    inside = len(series) - 2 * half
    taps = response[_DELTA_WIDTH - 1, half : half + _DELTA_WIDTH]
    inner = sum(tap * series[step : step + inside] for step, tap in enumerate(taps))
    first, last = response[:half, :_DELTA_WIDTH], response[-half:, -_DELTA_WIDTH:]
    return np.concatenate([first @ series[:_DELTA_WIDTH], inner, last @ series[-_DELTA_WIDTH:]])


@lru_cache(maxsize=2)
def _response(order: int) -> NDArray[np.float32]:
    """Return the filter's rows: in the middle as inside a series, first and last as at its ends."""
    return delta_filter(2 * _DELTA_WIDTH - 1, _DELTA_WIDTH, order)
