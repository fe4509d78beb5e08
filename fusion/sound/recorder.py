"""What a recorder does to sound: level in steps of 16 bit, clipping, another rate, a channel that is inverted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

_STEPS = 32768


def quantised(y: Array) -> Array:
    """Return a sound in steps of 16 bit; what lies beyond full scale is clipped."""
    return np.asarray(np.clip(np.round(y * _STEPS), -_STEPS, _STEPS - 1) / _STEPS)


def gain(y: Array, db: float) -> Array:
    """Record a sound so many dB louder, in steps of 16 bit."""
    return quantised(y * 10 ** (db / 20))


def overdrive(y: Array, db: float) -> Array:
    """Clip a sound as a recorder does whose input is so many dB too loud; its peak stays where it was."""
    peak = np.abs(y).max()
    return np.clip(y * 10 ** (db / 20), -peak, peak)


def at_rate(y: Array, sr: int, rate: int) -> Array:
    """Return a sound at `sr` Hz that was stored at another rate in between (soxr, high quality)."""
    import soxr

    if rate == sr:
        return y
    there = soxr.resample(y, sr, rate, quality="HQ")
    return of_length(soxr.resample(there, rate, sr, quality="HQ"), len(y))


def inverted_channel(y: Array, sr: int, milliseconds: float) -> Array:
    """Return the mean of two channels, of which one is inverted and hears the sound so much later.

    Two channels that hear the same at the same time cancel each other.
    """
    late = min(len(y), round(milliseconds / 1000 * sr))
    return (y - np.concatenate([np.zeros(late), y[: len(y) - late]])) / 2


def of_length(y: Array, samples: int) -> Array:
    """Return a sound cut or followed by zeros to an exact length."""
    exact = np.zeros(samples)
    exact[: min(samples, len(y))] = y[:samples]
    return exact
