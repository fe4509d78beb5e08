"""What is wrong with a sound file as it lies there: silence, clipping, a lost end; its rate, channels and level.

Remembered by content, so that a file is looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.audit.noise import Peaks
from fusion.runtime.memory import remembered
from fusion.runtime.progress import Advance
from fusion.runtime.workers import Workers
from fusion.sound.mpeg import mp3_samples, tells_length
from fusion.sound.reading import OVER, DamagedError, check_rate, frames_in, open_sound

VERSION = 4  # raise when any of these values changes

SILENT = -60.0
"""Peak below which a sound counts as silent, dB of full scale."""

CANCELLED = 15.0
"""How far the mean of channels may lie below them, dB; where they have nothing in common it is 3 dB for two of them."""

OFFSET = 6.0
"""How far below its RMS the mean of a wave has to lie, dB; else it is not centred on zero."""

_MEAN = -30.0  # dB of full scale; a smaller mean hardly matters
_FULL = 1 - 2 / 32768  # full scale of 16 bits, give or take one step
_FLAT = 3  # samples at full scale in a row
_KINK = 64 / 32768  # step into such a run, or out of it: a wave that only just reaches full scale arrives slowly
_RUNS = 3
_UNKNOWN, _PIPED = 0xFFFF0000, (0xFFFF0000, 0x7FFF0000)  # lengths that FFmpeg and SoX write when they do not know
_BLOCK = 1 << 14  # frames read at once
_BATCH = 256  # files of a task


@dataclass(frozen=True)
class Soundness:
    """What is measured of one sound file.

    Attributes
    ----------
    rate : int, Hz
    channels : int
    seconds : float
    peak, rms : float, dB of full scale
        Over all channels; -200 for digital silence.
    mono : float, dB of full scale
        RMS of the channels' mean.
    offset : float, dB of full scale
        Size of the mean of that.
    clipped : int
        Places where the wave is cut off flat: three samples or more at full scale, entered or left by a step.
    truncated : bool
        The file announces more than it holds.
    estimated : bool
        The file does not say how long it is.
    noise : bool
        No partial stands out.
    """

    rate: int
    channels: int
    seconds: float
    peak: float
    rms: float
    mono: float
    offset: float
    clipped: int
    truncated: bool
    estimated: bool
    noise: bool

    @property
    def silent(self) -> bool:
        """Whether nothing is to be heard."""
        return self.peak < SILENT

    @property
    def over_full_scale(self) -> bool:
        """Whether samples lie far beyond full scale, as integers that were written as float."""
        return self.peak > _decibels(OVER)

    @property
    def cancels(self) -> bool:
        """Whether channels cancel each other when they are averaged, wholly or in part."""
        return not self.silent and self.mono < self.rms - CANCELLED

    @property
    def off_centre(self) -> bool:
        """Whether the wave lies on one side of zero."""
        return self.offset > max(_MEAN, self.rms - OFFSET)

    @property
    def clips(self) -> bool:
        """Whether the wave is cut off in more than a place or two."""
        return self.clipped >= _RUNS


def examine_files(
    paths: Sequence[Path], hashes: Sequence[str], cache: Path, workers: Workers = 1, advance: Advance | None = None
) -> list[Soundness | None]:
    """Look at sound files; those with known content are not read again.

    Parameters
    ----------
    paths : sequence of Path
    hashes : sequence of str
        Content hash of each; empty for a file that is not there.
    cache : Path
        Folder of the table ``soundness.sqlite``.
    workers : int or Cluster
    advance : callable, optional
        Called with a number of files done.

    Returns
    -------
    list of Soundness or None
        None for what is missing or no sound.

    Raises
    ------
    FusionError
        If the table cannot be written.
    """
    files = {content: path for content, path in zip(hashes, paths, strict=True) if content}
    table, function = cache / "soundness.sqlite", "fusion.audit.soundness:examine_batch"
    known = remembered(table, VERSION, files, function, workers=workers, batch=_BATCH, advance=advance)
    return [Soundness(**known[content]) if content and known[content] else None for content in hashes]


def examine_batch(paths: Sequence[Path]) -> list[dict[str, Any] | None]:
    """Look at some files; return what is measured as plain data."""
    return [asdict(sound) if (sound := examine_file(path)) else None for path in paths]


def examine_file(path: Path) -> Soundness | None:
    """Look at one sound file; None if it is missing or cannot be decoded.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Soundness or None
    """
    import soundfile

    if not path.is_file():
        return None
    peak = energy = mono = total = 0.0
    frames = runs = 0
    try:
        with open_sound(path) as sound:
            check_rate(sound.samplerate)
            rate, channels, announced = int(sound.samplerate), int(sound.channels), frames_in(path, sound)
            estimated = announced != int(sound.frames)
            if sound.subtype == "MPEG_LAYER_III":  # one that was cut off holds less than it rightly tells
                announced, estimated = min(announced, mp3_samples(path) or announced), not tells_length(path)
            peaks = Peaks(rate)
            while len(y := sound.read(min(_BLOCK, announced - frames), dtype="float32", always_2d=True)):
                frames += len(y)
                peak = max(peak, float(np.abs(y).max()))
                energy += float(np.square(y, dtype=np.float64).sum())
                mean = y.mean(axis=1, dtype=np.float64)
                mono += float(np.square(mean).sum())
                total += float(mean.sum())
                peaks.add(mean)
                runs += sum(clipped_runs(channel) for channel in y.T)
    except (soundfile.SoundFileError, RuntimeError, DamagedError):
        if not frames:
            return None  # else the decoder met the end of what is there
    if not frames or not np.isfinite(energy):
        return None
    return Soundness(
        *(rate, channels, frames / rate),
        peak=_decibels(peak),
        rms=_decibels(np.sqrt(energy / (frames * channels))),
        mono=_decibels(np.sqrt(mono / frames)),
        offset=_decibels(abs(total) / frames),
        clipped=runs,
        truncated=frames < announced or _is_cut_off(path),
        estimated=estimated,
        noise=peaks.noise(),
    )


def _decibels(value: float) -> float:
    return round(20 * float(np.log10(max(value, 1e-10))), 2)


def clipped_runs(y: NDArray[np.float32]) -> int:
    """Count the places where a wave is cut off flat at full scale.

    Parameters
    ----------
    y : (samples,) float32
        One channel, full scale at 1.

    Returns
    -------
    int
        Runs of three samples or more that are equal, to a 16 bit step or two, and at full scale or beyond it, which the
        wave steps into or out of: one that is as loud as can be without being cut comes to its peak slowly.
    """
    size = np.abs(y)
    if not (size >= _FULL).any():
        return 0
    flat = (size[1:] >= _FULL) & (np.abs(np.diff(y)) <= 2 / 32768)  # like the sample before
    edges = np.flatnonzero(np.diff(flat, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2] + 1  # samples, the end not included
    long = ends - starts >= _FLAT
    starts, ends = starts[long], ends[long]
    before = np.where(starts > 0, np.abs(y[starts] - y[starts - 1]), 0.0)
    after = np.where(ends < len(y), np.abs(y[ends - 1] - y[np.minimum(ends, len(y) - 1)]), 0.0)
    return int(np.sum(np.maximum(before, after) > _KINK))


def _is_cut_off(path: Path) -> bool:
    """Whether a WAV file is shorter than its header says, or an Ogg file has no last page."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(28)
        if head[8:12] == b"WAVE" and head[:4] in (b"RIFF", b"RF64"):
            announced = int.from_bytes(head[4:8] if head[:4] == b"RIFF" else head[20:28], "little")
            return announced + 8 > size + 1 and not any(announced & _UNKNOWN == unknown for unknown in _PIPED)
        if head[:4] == b"OggS":
            file.seek(max(0, size - 70_000))  # a page has 65,307 bytes at most
            end = file.read()
            last = end.rfind(b"OggS")
            return last < 0 or last + 5 >= len(end) or not end[last + 5] & 4
    return False
