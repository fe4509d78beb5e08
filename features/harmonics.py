"""Harmonics: their levels, and what these say together."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip
from fusion.sound.f0 import estimate_f0
from fusion.sound.partials import fit, frequencies, peaks

Floats = NDArray[np.float64]

_SOUNDING = 40.0  # dB: frames within so many of the loudest say what the clip's f0 is
_FLOOR = -60.0  # dB
_LEAST_B = 1e-5  # below it a series counts as harmonic
_LOBE = 1.5  # energy of a sinusoid under a Hann window, over that of the peak itself
_LAGS = 2 ** (np.linspace(-1, 1, 13) / 24)  # a quarter tone to either side of a period
_DC = 2  # bins that a constant reaches under a Hann window
_BLOCK = 64  # frames whose own kernels are in memory at once: 100 kB each by default


class Harmonics(SpectralFeature):
    """Levels of the first harmonics, and what they say together: share, parity, stretch, centroid, tristimulus, HNR.

    One fundamental frequency for the clip, or one a frame, is the most salient of a grid of 25 cents
    (`fusion.sound.f0`) and then fitted to the peaks, together with Fletcher's B. With the peak magnitudes a_k of a
    frame the columns, named by `columns`, are:

    - for each harmonic its level, ``20 log10(a_k / sum a)``, at least -60 dB, which those at or above ``sr / 2`` have;
    - the share of the harmonics in the frame's energy, 0 to 1;
    - odd to even harmonics, the ratio of their energies in dB, -60 to 60;
    - inharmonicity, ``log10 B`` of ``f_k = k f0 sqrt(1 + B k²)``, -5 (harmonic) to -1.7;
    - the centroid, ``sum k a_k / sum a``, in harmonic numbers;
    - the three tristimuli: shares of the first, of the second to fourth, and of all higher harmonics in ``sum a``;
    - the harmonics-to-noise ratio by normalised autocorrelation at the period, -20 to 40 dB;
    - ``log2 f0``, f0 in Hz.

    A silent frame has levels, inharmonicity and HNR at their lowest and 0 elsewhere, but for ``log2 f0``.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio descriptors
    from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916, https://doi.org/10.1121/1.3642604
    H. Pollard and E. Jansson: "A tristimulus method for the specification of musical timbre", Acustica 51, 1982,
    162-171.
    H. Fletcher, E. Blackham and R. Stratton: "Quality of piano tones", J. Acoust. Soc. Am. 34(6), 1962, 749-761,
    https://doi.org/10.1121/1.1918192
    P. Boersma: "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
    sampled sound", Proc. Institute of Phonetic Sciences Amsterdam 17, 1993, 97-110.
    """

    version: ClassVar[int] = 2  # 2: f0 on a grid of 25 cents; on one of 50 some notes were taken for others

    active_db: float | None = Field(
        default=40.0,
        gt=0,
        description="only frames within so many dB of the clip's loudest, so that silence says nothing; null: all",
    )
    f0: Literal["clip", "frame"] = Field(default="clip", description="one fundamental frequency a clip, or a frame")
    fmin: float = Field(default=27.5, gt=0, description="lowest fundamental frequency, Hz")
    fmax: float = Field(default=4186.0, gt=0, description="highest fundamental frequency, Hz; no higher than sr / 2")
    harmonics: int = Field(default=20, ge=5, le=100, description="harmonics whose levels are given")
    n_fft: int = Field(default=4096, ge=64, le=65536, multiple_of=2, description="FFT window, samples")
    hop_length: int = Field(default=2048, ge=1, le=65536, description="step between frames, samples")

    def columns(self) -> tuple[str, ...]:
        """Return what each column is, with its unit."""
        return (
            *(f"level {k} (dB)" for k in range(1, self.harmonics + 1)),
            "harmonic share",
            "odd to even (dB)",
            "inharmonicity (log10 B)",
            "centroid (harmonic number)",
            "tristimulus 1",
            "tristimulus 2",
            "tristimulus 3",
            "HNR (dB)",
            "f0 (log2 Hz)",
        )

    @property
    def dims(self) -> int:
        """Numbers a frame."""
        return self.harmonics + 9

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, harmonics + 9)``."""
        if self.fmin >= min(self.fmax, sr / 2):
            raise ValueError(f"fmin={self.fmin:g} Hz is not below fmax={self.fmax:g} Hz and sr / 2 = {sr / 2:g} Hz")
        return super().series_shape(samples, sr)

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the columns of each frame."""
        magnitude = clip.magnitude(self.n_fft, self.hop_length)
        power = clip.power(self.n_fft, self.hop_length)[:, _DC:]
        spectra = magnitude
        if self.f0 == "clip":
            # roots, so that a loud attack does not speak for the whole
            roots = np.sqrt(magnitude[clip.active(len(magnitude), _SOUNDING)])
            spectra = np.square(roots.mean(axis=0, keepdims=True))
        f0, stretch = fit(
            spectra, clip.sr, estimate_f0(spectra, clip.sr, self.fmin, self.fmax, self.harmonics), self.harmonics
        )
        _, sizes = peaks(magnitude, clip.sr, f0, frequencies(f0, stretch, self.harmonics))
        energy = power.sum(axis=1, dtype=np.float64)
        sounding = energy > np.finfo(np.float32).tiny
        energy[~sounding] = 1
        sizes[~sounding] = 0
        columns = [
            *_of_levels(sizes).T,
            np.minimum(_LOBE * np.square(sizes).sum(axis=1) / energy, 1),
            _odd_to_even(sizes),
            np.where(sounding, np.log10(np.maximum(stretch, _LEAST_B)), np.log10(_LEAST_B)),
            *_of_shares(sizes).T,
            _hnr(power / energy[:, np.newaxis].astype(np.float32), clip.sr, f0),
            np.broadcast_to(np.log2(f0), energy.shape),
        ]
        return np.stack(columns, axis=1).astype(np.float32)


def _shares(sizes: Floats) -> Floats:
    total = sizes.sum(axis=1, keepdims=True)
    return sizes / np.where(total > 0, total, 1)


def _of_levels(sizes: Floats) -> Floats:
    return 20 * np.log10(np.maximum(_shares(sizes), 10 ** (_FLOOR / 20)))


def _of_shares(sizes: Floats) -> Floats:
    """Return centroid and tristimuli."""
    shares = _shares(sizes)
    centroid = shares @ np.arange(1, shares.shape[1] + 1)
    return np.column_stack([centroid, shares[:, 0], shares[:, 1:4].sum(axis=1), shares[:, 4:].sum(axis=1)])


def _odd_to_even(sizes: Floats) -> Floats:
    odd, even = (np.square(_shares(sizes)[:, start::2]).sum(axis=1) for start in (0, 1))
    least = 10 ** (_FLOOR / 10) * (odd + even) + np.finfo(float).tiny
    return 10 * np.log10(np.maximum(odd, least) / np.maximum(even, least))


def _hnr(power: NDArray[np.float32], sr: int, f0: Floats) -> Floats:
    """Return the harmonics-to-noise ratio, from the highest autocorrelation within a quarter tone of a period.

    Parameters
    ----------
    power : (frames, n_fft // 2 - 1)
        Of bins from the third, with a sum of 1, or silent.
    sr : int, Hz
    f0 : (1,) or (frames,), Hz
    """
    n_fft = 2 * (power.shape[1] + _DC - 1)
    bins = np.arange(_DC, n_fft // 2 + 1, dtype=np.float32)
    turns = _LAGS * sr / n_fft / f0[:, np.newaxis]  # of the first bin in the time of each lag, (1 or frames, lags)

    def kernel(turns: Floats) -> NDArray[np.float32]:
        return np.cos(2 * np.float32(np.pi) * turns.astype(np.float32)[..., np.newaxis] * bins)

    if len(turns) == 1:
        correlation = power @ kernel(turns[0]).T
    else:
        blocks = [slice(first, first + _BLOCK) for first in range(0, len(power), _BLOCK)]
        correlation = np.concatenate([np.einsum("fb,flb->fl", power[some], kernel(turns[some])) for some in blocks])
    window = (2 + np.cos(2 * np.pi * turns)) / 3  # a Hann window's own autocorrelation
    highest = np.clip((correlation / window).max(axis=1), 0.01, 0.9999)
    return 10 * np.log10(highest / (1 - highest))
