"""Distorted copies of training clips: what tells recordings of one instrument apart, but not the instruments.

Sound from one source has its own level, tilt, bandwidth, note length, noise floor and silence. A network that learns
from such sound alone learns these, too, and fails elsewhere. Each copy gets others, by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Random = np.random.Generator

VERSION = 1  # raise it whenever the sound of a copy changes

_WINDOW = 0.064  # seconds: what the level of noise is measured against is the loudest part of this length


def equalise(y: Array, sr: int, random: Random) -> Array:
    """Tilt the spectrum: a low shelf at 100 to 500 Hz and a high shelf at 1 to 4 kHz, up to 12 dB up or down each.

    References
    ----------
    R. Bristow-Johnson: "Cookbook formulae for audio EQ biquad filter coefficients",
    https://www.w3.org/TR/audio-eq-cookbook/
    """
    y = _shelf(y, sr, _log_uniform(random, 100, 500), random.uniform(-12, 12), high=False)
    return _shelf(y, sr, _log_uniform(random, 1000, 4000), random.uniform(-12, 12), high=True)


def narrow(y: Array, sr: int, random: Random) -> Array:
    """Take the highest frequencies off, seven times in ten: a second-order low-pass at 1.5 to 7.5 kHz."""
    from scipy.signal import butter, sosfilt

    cutoff = _log_uniform(random, 1500, 7500)
    if random.random() >= 0.7 or cutoff >= 0.49 * sr:
        return y
    return np.asarray(sosfilt(butter(2, cutoff, fs=sr, output="sos"), y))


def shorten(y: Array, sr: int, random: Random) -> Array:
    """End the sound after 0.3 to 3 s with a fade of 10 to 100 ms; silence follows."""
    end = round(_log_uniform(random, 0.3, 3.0) * sr)
    fade = round(random.uniform(0.01, 0.1) * sr)
    envelope = np.clip((end + fade - np.arange(len(y))) / fade, 0, 1)
    return y * envelope


def add_noise(y: Array, sr: int, random: Random) -> Array:
    """Add noise 30 to 60 dB below the loudest 64 ms, from white to low-pass coloured."""
    from scipy.signal import lfilter

    noise = lfilter([1.0], [1.0, -random.uniform(0, 0.95)], random.standard_normal(len(y)))
    width = min(len(y), max(1, round(_WINDOW * sr)))
    energy = np.concatenate([[0.0], np.cumsum(np.square(y, dtype=np.float64))])
    loudest = np.sqrt(max((energy[width:] - energy[:-width]).max(), 0.0) / width)
    level = loudest * 10 ** (-random.uniform(30, 60) / 20)
    return y + noise * (level / np.sqrt(np.mean(noise**2)))


def delay(y: Array, sr: int, random: Random) -> Array:
    """Begin up to 0.2 s later."""
    lead = min(len(y), round(random.uniform(0, 0.2) * sr))
    return np.concatenate([np.zeros(lead), y[: len(y) - lead]])


def level(y: Array, sr: int, random: Random) -> Array:
    """Bring the peak to -25 to -1 dB of full scale, in steps of 16 bit."""
    peak = np.abs(y).max()
    if peak > 0:
        y = y * (10 ** (random.uniform(-25, -1) / 20) / peak)
    return np.round(y * 32768) / 32768


# in this order; to add one, write a function like these and name it here and in TrainingSettings.distortions
DISTORTIONS: dict[str, Callable[[Array, int, Random], Array]] = {
    "equalise": equalise,
    "narrow": narrow,
    "cut": shorten,
    "noise": add_noise,
    "delay": delay,
    "level": level,
}


def distort(y: NDArray[np.float32], sr: int, kinds: Sequence[str], seed: int) -> NDArray[np.float32]:
    """Return a distorted copy.

    Parameters
    ----------
    y : (samples,) float32
    sr : int, Hz
    kinds : sequence of str
        Keys of `DISTORTIONS`; applied in the order of these.
    seed : int

    Returns
    -------
    (samples,) float32
    """
    random = np.random.default_rng(seed)
    distorted: Array = y.astype(np.float64)
    for kind, function in DISTORTIONS.items():
        if kind in kinds:
            distorted = function(distorted, sr, random)
    return distorted.astype(np.float32)


def _log_uniform(random: Random, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _shelf(y: Array, sr: int, corner: float, gain: float, high: bool) -> Array:
    """Apply a shelf of slope 0.7: `gain` dB above the corner (`high`) or below it."""
    from scipy.signal import lfilter

    a = 10 ** (gain / 40)
    omega = 2 * np.pi * min(corner, 0.49 * sr) / sr
    sign = 1 if high else -1
    cos = sign * np.cos(omega)
    root = np.sqrt(a) * np.sin(omega) * np.sqrt((a + 1 / a) * (1 / 0.7 - 1) + 2)
    above, below = a + 1 + (a - 1) * cos, a + 1 - (a - 1) * cos
    b = a * np.array([above + root, -2 * sign * (a - 1 + (a + 1) * cos), above - root])
    c = np.array([below + root, 2 * sign * (a - 1 - (a + 1) * cos), below - root])
    return np.asarray(lfilter(b / c[0], c / c[0], y))
