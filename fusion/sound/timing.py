"""When a sound begins and ends, how fast it goes, and how high it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.sound.noise import loudest
from fusion.sound.recorder import of_length

Array = NDArray[np.floating]

_FRAME, _HOP = 0.128, 0.016  # seconds, of the phase vocoder
_BLOCK = 0.01  # seconds, in which it is looked for the end of a sound


def late(y: Array, samples: int) -> Array:
    """Begin so many samples later, after silence."""
    lead = min(len(y), samples)
    return np.concatenate([np.zeros(lead), y[: len(y) - lead]])


def shortened(y: Array, end: int, fade: int) -> Array:
    """End after so many samples with a fade of so many more; silence follows."""
    return np.asarray(y * np.clip((end + fade - np.arange(len(y))) / fade, 0, 1))


def gated(y: Array, sr: int, db: float) -> Array:
    """Put digital silence where a sound is over: after the last 10 ms that are within `db` of its loudest 64 ms."""
    width = max(1, round(_BLOCK * sr))
    floor = loudest(y, sr) * 10 ** (-db / 20)
    starts = np.arange(0, len(y), width)
    level = np.sqrt(np.add.reduceat(np.square(y), starts) / np.diff(np.append(starts, len(y))))
    sounding = np.flatnonzero(level >= floor)
    end = (sounding[-1] + 1) * width if len(sounding) else len(y)
    return np.where(np.arange(len(y)) < end, y, 0.0)


def stretched(y: Array, sr: int, factor: float) -> Array:
    """Return a sound that takes `factor` times as long, at the same pitch; as long as it then is.

    References
    ----------
    J. Flanagan and R. Golden: "Phase vocoder", Bell System Technical Journal 45(9), 1966, 1493-1509,
    https://doi.org/10.1002/j.1538-7305.1966.tb01706.x
    M. Puckette: "Phase-locked vocoder", IEEE WASPAA 1995, 222-225, https://doi.org/10.1109/ASPAA.1995.482995
    """
    from scipy.fft import irfft, rfft

    hop = max(1, round(_HOP * sr))
    width = round(_FRAME / _HOP) * hop
    window = np.hanning(width + 1)[:-1]
    padded = np.concatenate([np.zeros(width // 2), y, np.zeros(width + hop)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[::hop]
    spectra = rfft(frames * window, axis=1)
    at = np.arange(0, len(spectra) - 1, 1 / factor)  # frames of the sound that the new frames lie at
    at = at[at < len(spectra) - 1]  # arange's last one may reach the end by rounding
    before = at.astype(np.intp)
    share = (at - before)[:, np.newaxis]
    size = np.abs(spectra)
    size = (1 - share) * size[before] + share * size[before + 1]
    angle = np.angle(spectra)
    centre = 2 * np.pi * hop * np.arange(spectra.shape[1]) / width  # by which a bin's own frequency turns in a hop
    turn = angle[1:] - angle[:-1] - centre
    turn = centre + turn - 2 * np.pi * np.round(turn / (2 * np.pi))
    phase = np.concatenate([angle[:1], angle[0] + np.cumsum(turn[before[:-1]], axis=0)])
    turned = size * np.exp(1j * phase)
    around = np.pad(turned, ((0, 0), (1, 1)))
    locked = turned - around[:, :-2] - around[:, 2:]  # a peak's neighbours go with it, as a Hann window has them
    parts = irfft(size * np.exp(1j * np.angle(locked)), width, axis=1) * window
    whole = np.zeros(len(parts) * hop + width)
    weight = np.zeros(len(whole))
    for number, part in enumerate(parts):
        whole[number * hop : number * hop + width] += part
        weight[number * hop : number * hop + width] += window**2
    sound = (whole / np.maximum(weight, 1e-3))[width // 2 :]
    return of_length(sound, round(factor * len(y)))


def shifted(y: Array, sr: int, cents: float) -> Array:
    """Return a sound as long, so many cents higher, formants and all."""
    import soxr

    factor = 2 ** (cents / 1200)
    slower = stretched(y, sr, factor)
    return of_length(soxr.resample(slower, factor * sr, sr, quality="HQ"), len(y))
