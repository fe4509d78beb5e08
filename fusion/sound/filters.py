"""Filters that make a recording brighter, darker, narrower or thinner."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

_HIGHEST = 0.49  # of the sampling rate: a corner above it leaves nothing to filter


def shelf(y: Array, sr: int, corner: float, gain: float, high: bool) -> Array:
    """Apply a shelf of slope 0.7: `gain` dB above the corner in Hz (`high`) or below it.

    References
    ----------
    R. Bristow-Johnson: "Cookbook formulae for audio EQ biquad filter coefficients",
    https://www.w3.org/TR/audio-eq-cookbook/
    """
    from scipy.signal import lfilter

    a = 10 ** (gain / 40)
    omega = 2 * np.pi * min(corner, _HIGHEST * sr) / sr
    sign = 1 if high else -1
    cos = sign * np.cos(omega)
    root = np.sqrt(a) * np.sin(omega) * np.sqrt((a + 1 / a) * (1 / 0.7 - 1) + 2)
    above, below = a + 1 + (a - 1) * cos, a + 1 - (a - 1) * cos
    b = a * np.array([above + root, -2 * sign * (a - 1 + (a + 1) * cos), above - root])
    c = np.array([below + root, 2 * sign * (a - 1 - (a + 1) * cos), below - root])
    return np.asarray(lfilter(b / c[0], c / c[0], y))


def low_pass(y: Array, sr: int, cutoff: float) -> Array:
    """Take off what lies above `cutoff` in Hz, by 12 dB an octave; a cutoff above the band does nothing."""
    return y if cutoff >= _HIGHEST * sr else _butterworth(y, sr, cutoff, "lowpass")


def high_pass(y: Array, sr: int, cutoff: float) -> Array:
    """Take off what lies below `cutoff` in Hz, by 12 dB an octave; one above the band counts as its upper end."""
    return _butterworth(y, sr, min(cutoff, _HIGHEST * sr), "highpass")


def _butterworth(y: Array, sr: int, cutoff: float, kind: str) -> Array:
    from scipy.signal import butter, sosfilt

    return np.asarray(sosfilt(butter(2, cutoff, kind, fs=sr, output="sos"), y))
