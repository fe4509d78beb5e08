"""Reading sound: any format that libsndfile decodes, brought to mono and one rate."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.sound.mpeg import mp3_samples

SUFFIXES = (".wav", ".flac", ".ogg")

TOLERANCE = 0.01  # seconds that a file may be shorter than its clip: rounding of resamplers and encoders
LOUDEST = 1e6  # peak of a float file beyond which it is no sound
OVER = 2.0  # peak of a float file from which its samples are on another scale, as integers written as float
_DENSEST = 100  # samples in a byte beyond which a file's length is not believed
_LONGEST = 2**40  # samples
_GUESSED = 0.02  # share by which a decoder's guess of a length may differ
_CANCELLED = 0.01  # RMS of the mean of channels, to theirs, below which they cancel each other
_FAINT = 1e-4  # RMS of channels that may: below are rounding errors


class DamagedError(Exception):
    """Why a sound cannot be used, in a few words."""


def open_sound(path: Path) -> Any:
    """Open a sound file, whatever bytes its name consists of."""
    import soundfile

    return soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)


def audio_duration(path: Path) -> float:
    """Return the length of a sound file in seconds.

    Raises
    ------
    DamagedError
        If the file is missing or not sound.
    """
    frames, rate = audio_size(path)
    return frames / rate


def audio_size(path: Path) -> tuple[int, int]:
    """Return the length of a sound file in samples, and its sampling rate in Hz.

    Raises
    ------
    DamagedError
        If the file is missing or not sound, or an MP3 that does not tell its length.
    """
    import soundfile

    if not path.is_file():
        raise DamagedError(_absent(path))
    try:
        with open_sound(path) as sound:
            check_rate(sound.samplerate)
            frames, rate = frames_in(path, sound), int(sound.samplerate)
            is_mp3 = sound.subtype == "MPEG_LAYER_III"
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DamagedError(_undecodable(path, error)) from None
    there = mp3_samples(path) if is_mp3 else 0
    if there > (1 + _GUESSED) * frames + rate / 10:
        raise DamagedError(
            f"variable bit rate and no header that tells its length: {frames / rate:.1f} s of {there / rate:.1f} s "
            "would be heard; encode it anew, as in `ffmpeg -i FILE FILE.flac`"
        )
    return min(frames, there or frames), rate  # of a constant bit rate, too, the length may be a guess


def frames_in(path: Path, sound: Any) -> int:
    """Return the length in samples of an open file: as announced, or counted where its bytes cannot hold so many.

    Counted are all but the last sample, which libsndfile does not give of a FLAC file of unknown length.
    """
    announced = int(sound.frames)
    if announced <= _DENSEST * path.stat().st_size or _has(path, announced - 1):
        return announced
    return bisect_left(range(min(announced, _LONGEST)), True, key=lambda sample: not _has(path, sample))


def _has(path: Path, sample: int) -> bool:
    import soundfile

    try:
        with open_sound(path) as sound:
            sound.seek(sample)
            return len(sound.read(1)) == 1
    except (soundfile.SoundFileError, RuntimeError):
        return False


def check_rate(rate: int) -> None:
    """Raise DamagedError for a sampling rate, Hz, that no sound has."""
    if not 1000 <= rate <= 768_000:
        raise DamagedError(f"implausible sampling rate of {rate} Hz")


def _absent(path: Path) -> str:
    return "a folder" if path.is_dir() else "not a file" if path.exists() else "missing"


def _undecodable(path: Path, error: Exception) -> str:
    reason = str(error).split(": ")[-1].strip().rstrip(".")
    if "not recogni" in reason and not path.name.lower().endswith(SUFFIXES):
        reason += "; WAV, FLAC, Ogg, MP3 and AIFF are read, `ffmpeg -i FILE FILE.flac` makes one of them of most others"
    return f"cannot be decoded ({path.stat().st_size} bytes: {reason})"


def read_audio(path: Path, sr: int, start: float, duration: float) -> NDArray[np.float32]:
    """Read a part of a sound file.

    Channels are averaged and other rates converted (soxr, high quality). A file longer than that is
    cut; one that is up to 10 ms shorter is padded with zeros.

    Parameters
    ----------
    path : Path
    sr : int, Hz
        Rate of the result.
    start, duration : float, seconds

    Returns
    -------
    (round(duration * sr),) float32
        Within -1 and 1 for integer formats.

    Raises
    ------
    DamagedError
        If the file is missing, not sound, too short, holds NaN or infinity, or its channels cancel each other.
    """
    import soundfile

    if not path.is_file():
        raise DamagedError(_absent(path))
    try:
        with open_sound(path) as sound:
            check_rate(sound.samplerate)
            rate = int(sound.samplerate)
            frames = frames_in(path, sound)
            first = min(round(start * rate), frames)
            count = min(round(duration * rate), frames - first)
            early = min(first, rate // 2) if sound.subtype == "MPEG_LAYER_III" else 0  # frames lean on those before
            sound.seek(first - early)
            if sound.subtype == "PCM_16":  # the same numbers as libsndfile's own conversion, sooner
                y = sound.read(count, dtype="int16", always_2d=True) * np.float32(2**-15)
            else:
                y = sound.read(early + count, dtype="float32", always_2d=True)[early:]  # a second read would seek anew
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DamagedError(_undecodable(path, error)) from None
    if len(y) == 0:
        raise DamagedError(
            f"no samples from {start:g} s on: its file ends at {frames / rate:.3f} s" if first else "no samples"
        )
    if not np.isfinite(peak := float(np.abs(y).max())):
        raise DamagedError("NaN or infinity among the samples")
    if peak > LOUDEST:
        raise DamagedError(f"implausible level: a peak of {peak:.3g}, full scale is 1")
    if len(y) < (duration - TOLERANCE) * rate:
        raise DamagedError(f"too short: {len(y) / rate:.3f} s instead of {duration:g} s")
    return resampled(_mono(y), rate, sr, round(duration * sr))


def _mono(y: NDArray[np.float32]) -> NDArray[np.float32]:
    if y.shape[1] == 1:
        return y[:, 0]
    mono: NDArray[np.float32] = y.mean(axis=1)
    level, left = (float(np.sqrt(np.mean(np.square(each, dtype=np.float64)))) for each in (y, mono))
    if level > _FAINT and left < _CANCELLED * level:
        below = 20 * np.log10(level / max(left, 1e-10))
        raise DamagedError(
            f"its channels cancel each other: their mean is {below:.0f} dB below them, as if one were inverted"
        )
    return mono


def resampled(y: NDArray[np.float32], rate: int, sr: int, samples: int) -> NDArray[np.float32]:
    """Return a signal at another rate (soxr, high quality), cut or followed by zeros to an exact length.

    Parameters
    ----------
    y : (any,) float32
    rate, sr : int, Hz
        Its own rate, and that of the result.
    samples : int

    Returns
    -------
    (samples,) float32
    """
    if rate != sr:
        import soxr

        y = soxr.resample(y, rate, sr, quality="HQ")
    exact = np.zeros(samples, dtype=np.float32)
    exact[: min(samples, len(y))] = y[:samples]
    return exact
