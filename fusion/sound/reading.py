"""Reading sound: any format that libsndfile decodes, brought to mono and one rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SUFFIXES = (".wav", ".flac", ".ogg")

TOLERANCE = 0.01  # seconds that a file may be shorter than its clip: rounding of resamplers and encoders
LOUDEST = 1e6  # peak of a float file beyond which it is no sound


class DamagedError(Exception):
    """Why a sound cannot be used, in a few words."""


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
        If the file is missing or not sound.
    """
    import soundfile

    if not path.is_file():
        raise DamagedError(_absent(path))
    try:
        information = soundfile.info(path)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DamagedError(_undecodable(path, error)) from None
    _check_rate(information.samplerate)
    return int(information.frames), int(information.samplerate)


def _check_rate(rate: int) -> None:
    if not 1000 <= rate <= 768_000:
        raise DamagedError(f"implausible sampling rate of {rate} Hz")


def _absent(path: Path) -> str:
    return "a folder" if path.is_dir() else "not a file" if path.exists() else "missing"


def _undecodable(path: Path, error: Exception) -> str:
    reason = str(error).split(": ")[-1].strip().rstrip(".")
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
        If the file is missing, not sound, too short, or holds NaN or infinity.
    """
    import soundfile

    if not path.is_file():
        raise DamagedError(_absent(path))
    try:
        with soundfile.SoundFile(path) as sound:
            _check_rate(sound.samplerate)
            rate = int(sound.samplerate)
            sound.seek(min(round(start * rate), sound.frames))
            count = round(duration * rate)
            if sound.subtype == "PCM_16":  # the same numbers as libsndfile's own conversion, sooner
                y = sound.read(count, dtype="int16", always_2d=True) * np.float32(2**-15)
            else:
                y = sound.read(count, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise DamagedError(_undecodable(path, error)) from None
    if len(y) == 0:
        raise DamagedError("no samples")
    if not np.isfinite(peak := float(np.abs(y).max())):
        raise DamagedError("NaN or infinity among the samples")
    if peak > LOUDEST:
        raise DamagedError(f"implausible level: a peak of {peak:.3g}, full scale is 1")
    if len(y) < (duration - TOLERANCE) * rate:
        raise DamagedError(f"too short: {len(y) / rate:.3f} s instead of {duration:g} s")
    mono = y.mean(axis=1) if y.shape[1] > 1 else y[:, 0]
    return resampled(mono, rate, sr, round(duration * sr))


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
