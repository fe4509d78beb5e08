"""Spectral contrast."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip

_QUANTILE = 0.02  # of a band's bins, librosa's default


class SpectralContrast(SpectralFeature):
    """Level of the peaks over that of the valleys in each octave band, in dB: partials against what lies between.

    Equal to ``librosa.feature.spectral_contrast`` with its quantile of 0.02: decibels are of magnitudes as if these
    were powers, and peaks and valleys count from 80 dB below the clip's highest. Columns: below `fmin`, then octave
    bands upwards, the last one up to half the sampling rate. 0 dB for a silent frame. What lies more than 120 dB below
    the loudest bin is rounding, and larger than librosa's, which is of 64 bits: in clean notes, with nothing between
    partials, the mean of a band may differ by some dB, in music by far less. So an exported example calls fusion for
    it.

    References
    ----------
    D.-N. Jiang, L. Lu, H.-J. Zhang, J.-H. Tao and L.-H. Cai: "Music type classification by spectral contrast feature",
    Proc. ICME 2002, 113-116, https://doi.org/10.1109/ICME.2002.1035731
    """

    n_bands: int = Field(default=6, ge=1, le=10, description="octave bands; there is one column more")
    fmin: float = Field(default=200.0, gt=0, description="lowest frequency of the octave bands, Hz")

    @property
    def dims(self) -> int:
        """One for each band and one for what lies below."""
        return self.n_bands + 1

    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, n_bands + 1)``."""
        highest = self.fmin * 2 ** (self.n_bands - 1)
        if highest >= sr / 2:
            raise ValueError(
                f"the last of n_bands={self.n_bands} octave bands from fmin={self.fmin:g} Hz begins at {highest:g} Hz, "
                f"which sr / 2 = {sr / 2:g} Hz does not reach; take fewer n_bands"
            )
        if not all(stop > start for start, stop, _ in _bands(sr, self.n_fft, self.n_bands, self.fmin)):
            raise ValueError(
                f"n_fft={self.n_fft} at {sr} Hz leaves an octave band from fmin={self.fmin:g} Hz without a bin; "
                "take a larger n_fft or fmin"
            )
        return super().series_shape(samples, sr)

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the contrast of each frame and band in dB."""
        magnitude = self.magnitude(clip)
        peaks = np.empty((len(magnitude), self.dims))
        valleys = np.empty_like(peaks)
        for column, (start, stop, count) in enumerate(_bands(clip.sr, self.n_fft, self.n_bands, self.fmin)):
            band = np.sort(magnitude[:, start:stop], axis=1)
            peaks[:, column] = band[:, -count:].mean(axis=1)
            valleys[:, column] = band[:, :count].mean(axis=1)
        return (_decibels(peaks) - _decibels(valleys)).astype(np.float32)


def _decibels(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what librosa's ``power_to_db`` gives."""
    decibels = 10 * np.log10(np.maximum(magnitude, 1e-10))
    return np.maximum(decibels, decibels.max() - 80)


@lru_cache(maxsize=16)
def _bands(sr: int, n_fft: int, n_bands: int, fmin: float) -> tuple[tuple[int, int, int], ...]:
    """Return first bin, end and number of peaks and valleys of each column, by librosa's rules."""
    frequencies = np.fft.rfftfreq(n_fft, 1 / sr)
    edges = [0.0, *(fmin * 2.0**octave for octave in range(n_bands + 1))]
    bands = []
    for column, (low, high) in enumerate(pairwise(edges)):
        start, stop = int(np.searchsorted(frequencies, low)), int(np.searchsorted(frequencies, high, side="right"))
        if column == n_bands:
            start, stop, used = start - 1, len(frequencies), len(frequencies)
        else:
            # a band has the bin below it, too, and gives away its last one after its bins were counted
            start, used = max(start - 1, 0), stop - 1
        bands.append((start, used, max(1, round(_QUANTILE * (stop - start)))))
    return tuple(bands)
