"""A short fingerprint of a spectrum: sounds with like ones may be one sound, which `similarity` decides.

Extracted and stored like any feature, but never fed to a network.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fusion.feature.contract import Feature
from fusion.plugins.registry import FEATURES, Source
from fusion.sound.clip import Clip

NAME = "_spectral_fingerprint"  # no plug-in can have this name
_STORED_AS = "fusion.audit.spectral_fingerprint"  # stays as it is wherever this module is, or stored ones are lost
SOURCE = Source(FEATURES, NAME, module=__name__, package="fusion", stored_as=_STORED_AS)

WHOLE, OVERLAPPING = 0.95, 0.8
"""Cosine of two fingerprints from which waveforms are compared: of copies that begin together, and of others. With
OVERLAPPING, 58 of 60 excerpts of practice music are found in what they were cut from (tests/benchmarks)."""

_SIZE = 128
_FRAME = 0.5  # s
_BINS = range(10, 2000)  # of 2 Hz
_SMOOTH = 51  # bins
_MOST = 10  # candidates of a window in another place
_CELLS = 2**24  # cosines in memory at once

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class SpectralFingerprint(Feature):
    """The mean magnitude spectrum, 20 Hz to 4 kHz in steps of 2 Hz, less its mean over 100 Hz, hashed to 128 numbers.

    It is brought to unit energy, so level does not matter; without its slow part, noise is like no other noise. Cosines
    of fingerprints are unbiased estimates of those of the spectra. A silent clip gives zeros.

    References
    ----------
    K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg: "Feature hashing for large scale multitask
    learning", ICML 2009, 1113-1120, https://doi.org/10.1145/1553374.1553516
    """

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(128,)``."""
        return (_SIZE,)

    def extract(self, clip: Clip) -> Floats:
        """Return the fingerprint."""
        size = round(_FRAME * clip.sr)
        y = np.pad(clip.y, (0, max(0, size - clip.y.size)))
        frames = np.lib.stride_tricks.sliding_window_view(y, size)[:: size // 2] * np.hanning(size)
        spectrum = np.sqrt(np.square(np.abs(np.fft.rfft(frames, axis=1))).mean(axis=0))[_BINS.start : _BINS.stop]
        padded = np.zeros(-(-len(_BINS) // _SIZE) * _SIZE)
        padded[: len(spectrum)] = spectrum - np.convolve(spectrum, np.full(_SMOOTH, 1 / _SMOOTH), "same")
        energy = float(np.sqrt(padded @ padded))
        if energy == 0:
            return np.zeros(_SIZE, dtype=np.float32)
        return np.asarray((padded * _signs(padded.size)).reshape(-1, _SIZE).sum(axis=0) / energy, dtype=np.float32)


@lru_cache(maxsize=1)
def _signs(size: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).choice(np.array([-1.0, 1.0]), size)


def candidates(fingerprints: Floats, places: Ints, cosine: float) -> Ints:
    """Return pairs of windows of two places whose fingerprints are alike, at most ten of each window.

    Parameters
    ----------
    fingerprints : (windows, 128) float32
    places : (windows,) int
        The split or fold of each.
    cosine : float
        From which they are alike.

    Returns
    -------
    (pairs, 2) int64
        Window numbers, the smaller first, in order.
    """
    lengths = np.sqrt(np.square(fingerprints).sum(axis=1, keepdims=True))
    unit = np.divide(fingerprints, lengths, out=np.zeros_like(fingerprints), where=lengths > 0)
    members = sorted((np.flatnonzero(places == place) for place in np.unique(places)), key=len)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for number, few in enumerate(members):
        for many in members[number + 1 :]:
            others = unit[many].T
            size = max(1, _CELLS // len(many))
            for first in range(0, len(few), size):
                rows = few[first : first + size]
                cosines = unit[rows] @ others
                row, column = np.nonzero(cosines >= cosine)
                order = np.lexsort((-cosines[row, column], row))
                row, column = row[order], column[order]
                best = np.arange(len(row)) - np.searchsorted(row, row) < _MOST
                pairs.append(np.column_stack([rows[row[best]], many[column[best]]]))
    return np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
