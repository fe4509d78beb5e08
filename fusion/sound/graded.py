"""Distortions of a set strength, step by step from mild to severe: what a test of robustness asks, and copies may have.

To add one, write its function in the module that it belongs to, an entry here, and its name in
`fusion.settings.training.Distortion`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.sound import codec, filters, noise, recorder, room, timing

Array = NDArray[np.floating]
Random = np.random.Generator

VERSION = 2  # raise it whenever the sound of one changes

IMPULSE = "impulse"
_LOW_CORNER, _HIGH_CORNER = 250.0, 2000.0  # Hz, of the shelves that tilt
_RT60, _DIRECT = 0.6, 0.0  # seconds and dB: of a room, where the other one is set
_FADE = 0.05  # seconds in which a sound that is cut ends


@dataclass(frozen=True)
class Graded:
    """A distortion whose strength is set.

    Attributes
    ----------
    label : str
        For people: what its levels are.
    unit : str
        Of a level.
    levels : tuple of float
        From mild to severe.
    least, most : float
        Levels that can be.
    apply : callable
        From ``(samples,)``, the rate in Hz, a level and a random generator to ``(samples,)``.
    log : bool
        Whether what lies between two levels is their geometric mean.
    around_0 : bool
        Whether 0 changes nothing, so that levels are the milder, the nearer they are to it.
    """

    label: str
    unit: str
    levels: tuple[float, ...]
    least: float
    most: float
    apply: Callable[[Array, int, float, Random], Array]
    log: bool = False
    around_0: bool = False


def _either(random: Random) -> int:
    return 1 if random.random() < 0.5 else -1


def _tilted(y: Array, sr: int, db: float, random: Random) -> Array:
    db *= _either(random)
    return filters.shelf(filters.shelf(y, sr, _LOW_CORNER, db, high=False), sr, _HIGH_CORNER, -db, high=True)


def _stretched(y: Array, sr: int, percent: float, random: Random) -> Array:
    return recorder.of_length(timing.stretched(y, sr, (1 + percent / 100) ** _either(random)), len(y))


_SNR = (40.0, 32.0, 24.0, 16.0, 8.0, 0.0)

# in the order in which copies get several of them: what the player does, the room, the microphone, the recorder
GRADED = {
    "pitch": Graded(
        "pitch, up or down by chance",
        *("cents", (5.0, 20.0, 50.0, 100.0, 300.0, 700.0), 1.0, 2400.0),
        lambda y, sr, cents, random: timing.shifted(y, sr, cents * _either(random)),
        log=True,
    ),
    "stretch": Graded(
        "time stretched, slower or faster by chance",
        *("%", (2.0, 5.0, 10.0, 20.0, 50.0, 100.0), 0.1, 400.0),
        _stretched,
        log=True,
    ),
    "equalise": Graded(
        "spectral tilt below 250 Hz and above 2 kHz, either way by chance",
        *("dB", (3.0, 6.0, 9.0, 12.0, 18.0, 24.0), 0.1, 60.0),
        _tilted,
    ),
    "narrow": Graded(
        "low-pass",
        *("Hz", (6000.0, 4000.0, 2500.0, 1500.0, 1000.0, 500.0), 50.0, 96000.0),
        lambda y, sr, cutoff, random: filters.low_pass(y, sr, cutoff),
        log=True,
    ),
    "highpass": Graded(
        "high-pass",
        *("Hz", (100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0), 10.0, 96000.0),
        lambda y, sr, cutoff, random: filters.high_pass(y, sr, cutoff),
        log=True,
    ),
    "cut": Graded(
        "the sound ends early, silence follows, from second",
        *("s", (3.0, 2.0, 1.0, 0.5, 0.25, 0.1), 0.01, 60.0),
        lambda y, sr, end, random: timing.shortened(y, round(end * sr), round(_FADE * sr)),
        log=True,
    ),
    "reverb": Graded(
        "reverberation as loud as the direct sound, falling by 60 dB in",
        *("s", (0.2, 0.4, 0.8, 1.2, 2.0, 4.0), 0.01, 20.0),
        lambda y, sr, rt60, random: room.reverberant(y, sr, rt60, _DIRECT, random),
        log=True,
    ),
    "distance": Graded(
        "direct sound against reverberation (0.6 s)",
        *("dB", (18.0, 12.0, 6.0, 0.0, -6.0, -12.0), -60.0, 60.0),
        lambda y, sr, direct, random: room.reverberant(y, sr, _RT60, direct, random),
    ),
    IMPULSE: Graded(
        "a recorded room: all but the direct sound, against the recording",
        *("dB", (-20.0, -15.0, -10.0, -5.0, 0.0), -60.0, 40.0),
        lambda y, sr, db, random: y,  # `Grade` has the file
    ),
    "noise": Graded(
        "white noise, loudest 64 ms above it",
        *("dB", _SNR, -40.0, 120.0),
        lambda y, sr, snr, random: noise.add(y, sr, noise.coloured(len(y), 0.0, random), snr),
    ),
    "pink": Graded(
        "pink noise, loudest 64 ms above it",
        *("dB", _SNR, -40.0, 120.0),
        lambda y, sr, snr, random: noise.add(y, sr, noise.pink(len(y), sr, random), snr),
    ),
    "delay": Graded(
        "silence before the sound",
        *("s", (0.05, 0.1, 0.2, 0.5, 1.0, 2.0), 0.001, 60.0),
        lambda y, sr, lead, random: timing.late(y, round(lead * sr)),
        log=True,
    ),
    "clip": Graded(
        "clipped by a recorder whose input is too loud by",
        *("dB", (3.0, 6.0, 12.0, 18.0, 24.0, 36.0), 0.1, 120.0),
        lambda y, sr, db, random: recorder.overdrive(y, db),
    ),
    "invert": Graded(
        "one of two channels inverted, which hears the sound later by",
        *("ms", (2.0, 1.0, 0.5, 0.2, 0.1, 0.0), 0.0, 100.0),
        lambda y, sr, milliseconds, random: recorder.inverted_channel(y, sr, milliseconds),
    ),
    "trailing": Graded(
        "digital silence, from where the sound stays below its loudest by",
        *("dB", (60.0, 50.0, 40.0, 30.0, 20.0, 10.0), 1.0, 120.0),
        lambda y, sr, db, random: timing.gated(y, sr, db),
    ),
    "resample": Graded(
        "stored at another sampling rate",
        *("Hz", (44100.0, 32000.0, 22050.0, 16000.0, 11025.0, 8000.0), 1000.0, 192000.0),
        lambda y, sr, rate, random: recorder.at_rate(y, sr, round(rate)),
        log=True,
    ),
    "mp3": Graded(
        "stored as MP3",
        *("kbit/s", (64.0, 48.0, 32.0, 24.0, 16.0, 8.0), 8.0, 160.0),
        lambda y, sr, kbits, random: codec.mp3(y, sr, kbits),
        log=True,
    ),
    "vorbis": Graded(
        "stored as Ogg Vorbis, quality",
        *("of 10", (10.0, 8.0, 6.0, 4.0, 2.0, 0.0), 0.0, 10.0),
        lambda y, sr, quality, random: codec.vorbis(y, sr, quality),
    ),
    "opus": Graded(
        "stored as Opus",
        *("kbit/s", (64.0, 32.0, 16.0, 12.0, 8.0, 6.0), 6.0, 256.0),
        lambda y, sr, kbits, random: codec.opus(y, sr, kbits),
        log=True,
    ),
    "level": Graded(
        "recorded louder or softer, in steps of 16 bit",
        *("dB", (6.0, -6.0, -12.0, -20.0, -30.0, -40.0), -120.0, 60.0),
        lambda y, sr, db, random: recorder.gain(y, db),
        around_0=True,
    ),
}
