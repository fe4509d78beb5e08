"""Rooms: reverberation from a few numbers, or from a recorded impulse response."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.sound.reading import DamagedError, audio_duration, read_audio

Array = NDArray[np.floating]
Random = np.random.Generator

_LONGEST = 20.0  # seconds of an impulse response
_DIRECT = 0.0025  # seconds after its peak that count as direct sound


def reverberant(y: Array, sr: int, rt60: float, direct: float, random: Random) -> Array:
    """Return a sound in a room that is made from two numbers, at the level that it had.

    Parameters
    ----------
    y : (samples,)
    sr : int, Hz
    rt60 : float, seconds
        In which the reverberation falls by 60 dB.
    direct : float, dB
        Energy of the direct sound against that of the reverberation.
    random : Generator
        Of the noise that the reverberation is made from.

    References
    ----------
    J.-M. Jot, L. Cerveau and O. Warusfel: "Analysis and synthesis of room reverberation based on a statistical
    time-frequency model", 103rd AES Convention, 1997, preprint 4629 (decaying noise as a room's late response)
    """
    time = np.arange(max(2, round(min(rt60, len(y) / sr) * sr))) / sr
    tail = random.standard_normal(len(time)) * np.exp(-3 * np.log(10) * time / rt60)
    tail[time < _DIRECT] = 0.0
    energy = float(np.square(tail).sum())
    response = tail * (10 ** (-direct / 20) / np.sqrt(energy)) if energy else tail
    response[0] = 1.0
    return _convolved(y, response)


def in_room(y: Array, sr: int, db: float, impulse: Path) -> Array:
    """Return a sound as a recorded impulse response has it, all but the direct sound so many dB louder, at its level.

    Raises
    ------
    FusionError
        If the impulse response cannot be used.
    """
    response, direct = read_impulse(impulse, sr)
    gains = np.where(np.arange(len(response)) < direct, 1.0, 10 ** (db / 20))
    return _convolved(y, response * gains)


@lru_cache(maxsize=4)
def read_impulse(path: Path, sr: int) -> tuple[Array, int]:
    """Read an impulse response, from its peak on, and brought to a rate where it has another one.

    Returns
    -------
    (samples,)
        With a peak of 1.
    int
        Samples of the direct sound.

    Raises
    ------
    FusionError
        If the file is missing, no sound, silent or too long.
    """
    try:
        duration = audio_duration(path)
        if duration > _LONGEST:
            raise DamagedError(f"{duration:.0f} s long, {_LONGEST:.0f} s are the most")
        response: Array = read_audio(path, sr, 0.0, duration).astype(np.float64)
    except DamagedError as error:
        raise FusionError(
            f"--impulse {path}: {error}; name a recorded impulse response: a sound file of a clap or a sweep's result, "
            "of any rate"
        ) from None
    peak = int(np.abs(response).argmax())
    if not response[peak]:
        raise FusionError(f"--impulse {path}: silent; name a recorded impulse response")
    return response[peak:] / response[peak], max(1, round(_DIRECT * sr))


def _convolved(y: Array, response: Array) -> Array:
    """Convolve, and bring the sound to the root mean square that it had."""
    from scipy.signal import fftconvolve

    heard = fftconvolve(y, response)[: len(y)]
    before, after = (float(np.sqrt(np.mean(np.square(each)))) for each in (y, heard))
    return np.asarray(heard * (before / after)) if after else np.asarray(heard)
