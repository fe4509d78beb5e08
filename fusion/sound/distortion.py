"""Distorted copies of training clips: what tells recordings of one instrument apart, but not the instruments.

Sound from one source has its own level, tilt, bandwidth, note length, noise floor and silence. A network that learns
from such sound alone learns these, too, and fails elsewhere. Each copy gets others, by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fusion.sound import filters, graded, noise, recorder, timing
from fusion.sound.graded import GRADED, IMPULSE

Array = NDArray[np.floating]
Random = np.random.Generator

VERSION = 1  # raise it whenever the sound of a copy changes

_MILD = 4  # levels of a graded distortion that a copy may get, from the mildest on


def equalise(y: Array, sr: int, random: Random) -> Array:
    """Tilt the spectrum: a low shelf at 100 to 500 Hz and a high shelf at 1 to 4 kHz, up to 12 dB up or down each."""
    y = filters.shelf(y, sr, _log_uniform(random, 100, 500), random.uniform(-12, 12), high=False)
    return filters.shelf(y, sr, _log_uniform(random, 1000, 4000), random.uniform(-12, 12), high=True)


def narrow(y: Array, sr: int, random: Random) -> Array:
    """Take the highest frequencies off, seven times in ten: a second-order low-pass at 1.5 to 7.5 kHz."""
    cutoff = _log_uniform(random, 1500, 7500)
    return y if random.random() >= 0.7 else filters.low_pass(y, sr, cutoff)


def shorten(y: Array, sr: int, random: Random) -> Array:
    """End the sound after 0.3 to 3 s with a fade of 10 to 100 ms; silence follows."""
    end = round(_log_uniform(random, 0.3, 3.0) * sr)
    return timing.shortened(y, end, round(random.uniform(0.01, 0.1) * sr))


def add_noise(y: Array, sr: int, random: Random) -> Array:
    """Add noise 30 to 60 dB below the loudest 64 ms, from white to low-pass coloured."""
    added = noise.coloured(len(y), random.uniform(0, 0.95), random)
    return noise.add(y, sr, added, random.uniform(30, 60))


def delay(y: Array, sr: int, random: Random) -> Array:
    """Begin up to 0.2 s later."""
    return timing.late(y, round(random.uniform(0, 0.2) * sr))


def level(y: Array, sr: int, random: Random) -> Array:
    """Bring the peak to -25 to -1 dB of full scale, in steps of 16 bit."""
    peak = np.abs(y).max()
    return recorder.quantised(y * (10 ** (random.uniform(-25, -1) / 20) / peak) if peak > 0 else y)


def resample(y: Array, sr: int, random: Random) -> Array:
    """Store at a sampling rate of a half to nine tenths of its own in between."""
    return recorder.at_rate(y, sr, round(_log_uniform(random, 0.5, 0.9) * sr))


def by_chance(kind: str, y: Array, sr: int, random: Random) -> Array:
    """Apply a graded distortion at one of its four mildest levels."""
    grade = GRADED[kind]
    strength = float(random.choice(grade.levels[:_MILD]))
    return grade.apply(y, sr, strength, random) if y.any() else y


_OWN: dict[str, Callable[[Array, int, Random], Array]] = {
    "equalise": equalise,
    "narrow": narrow,
    "cut": shorten,
    "noise": add_noise,
    "delay": delay,
    "resample": resample,
    "level": level,
}

# in this order; those without a function of their own have the levels of `fusion.sound.graded`
DISTORTIONS: dict[str, Callable[[Array, int, Random], Array]] = {
    kind: _OWN.get(kind, partial(by_chance, kind)) for kind in GRADED if kind != IMPULSE
}


def version(kinds: Sequence[str]) -> int | str:
    """Return the version of the sound of copies with these distortions."""
    return VERSION if set(kinds) <= set(_OWN) else f"{VERSION}, graded {graded.VERSION}"


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
