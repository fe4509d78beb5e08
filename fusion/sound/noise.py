"""Noise of several colours, and how loud a sound is that it is added to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Random = np.random.Generator

_WINDOW = 0.064  # seconds: what the level of noise is measured against is the loudest part of this length
_LOWEST = 20.0  # Hz, below which pink noise does not rise any more


def coloured(samples: int, pole: float, random: Random) -> Array:
    """Return noise from white (a pole of 0) to low-pass coloured (near 1), ``(samples,)``."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -pole], random.standard_normal(samples)))


def pink(samples: int, sr: int, random: Random) -> Array:
    """Return noise with equal power in every octave above 20 Hz, ``(samples,)``."""
    from scipy.fft import irfft, rfft, rfftfreq

    spectrum = rfft(random.standard_normal(samples))
    return np.asarray(irfft(spectrum / np.sqrt(np.maximum(rfftfreq(samples, 1 / sr), _LOWEST)), samples))


def loudest(y: Array, sr: int) -> float:
    """Return the root mean square of the loudest 64 ms."""
    width = min(len(y), max(1, round(_WINDOW * sr)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(y, dtype=np.float64))])
    return float(np.sqrt(max((energy[width:] - energy[:-width]).max(), 0.0) / width))


def add(y: Array, sr: int, noise: Array, snr: float) -> Array:
    """Add noise so many dB below the loudest 64 ms of a sound."""
    level = loudest(y, sr) * 10 ** (-snr / 20)
    return y + noise * (level / np.sqrt(np.mean(noise**2)))
