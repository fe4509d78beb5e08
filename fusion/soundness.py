"""What is wrong with a sound file as it lies there: silence, clipping, a lost end; its rate, channels and level.

Remembered by content, so that a file is looked at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.files import unwritable
from fusion.workers import run

VERSION = 1  # raise when any of these figures changes

SILENT = -60.0
"""Peak below which a sound counts as silent, dB of full scale."""

_FULL = 1 - 2 / 32768  # full scale of 16 bits, give or take one step
_FLAT = 3  # samples at full scale in a row
_KINK = 64 / 32768  # step into such a run, or out of it: a wave that only just reaches full scale arrives slowly
_RUNS = 3
_BLOCK = 1 << 18  # frames read at once
_BATCH = 256  # files of a task
_COLUMNS = "rate INT, channels INT, seconds REAL, peak REAL, rms REAL, clipped INT, truncated INT"

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Soundness:
    """Figures of one sound file.

    Attributes
    ----------
    rate : int, Hz
    channels : int
    seconds : float
    peak, rms : float, dB of full scale
        Over all channels; -200 for digital silence.
    clipped : int
        Places where the wave is cut off flat: three samples or more at full scale, entered or left by a step.
    truncated : bool
        The file announces more than it holds.
    """

    rate: int
    channels: int
    seconds: float
    peak: float
    rms: float
    clipped: int
    truncated: bool

    @property
    def silent(self) -> bool:
        """Whether nothing is to be heard."""
        return self.peak < SILENT

    @property
    def clips(self) -> bool:
        """Whether the wave is cut off in more than a place or two."""
        return self.clipped >= _RUNS


def examine_files(
    paths: Sequence[Path], hashes: Sequence[str], cache: Path, jobs: int = 1, advance: Advance | None = None
) -> list[Soundness | None]:
    """Look at sound files; those with known content are not read again.

    Parameters
    ----------
    paths : sequence of Path
    hashes : sequence of str
        Content hash of each; empty for a file that is not there.
    cache : Path
        Folder of the table ``soundness.sqlite``.
    jobs : int
        Processes at once.
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
    table = cache / "soundness.sqlite"
    advance = advance or (lambda _: None)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(table, timeout=60)) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS sounds (hash TEXT PRIMARY KEY, version INT, {_COLUMNS})")
            known = {
                row[0]: _remembered(row[2:])
                for row in database.execute("SELECT * FROM sounds WHERE version = ?", (VERSION,))
            }
            new = {content: path for content, path in zip(hashes, paths, strict=True) if content not in known}
            new.pop("", None)
            advance(len(paths) - len(new))
            items = list(new.items())
            tasks = [tuple(items[first : first + _BATCH]) for first in range(0, len(items), _BATCH)]
            for task, found in run([("fusion.soundness:examine_batch", task) for task in tasks], jobs):
                rows = [
                    (content, VERSION, *(astuple(one) if one else (0,) * 7))
                    for (content, _), one in zip(task, found, strict=True)
                ]
                with database:
                    database.executemany("INSERT OR REPLACE INTO sounds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                known.update({content: one for (content, _), one in zip(task, found, strict=True)})
                advance(len(task))
    except OSError as error:
        raise FusionError(unwritable(table, error)) from error
    except sqlite3.Error as error:
        raise FusionError(
            f"{table}: what is known of sound files cannot be used: {error}; delete this file, or name another folder "
            "with --cache"
        ) from error
    return [known.get(content) for content in hashes]


def _remembered(row: Sequence[float]) -> Soundness | None:
    rate, channels, seconds, peak, rms, clipped, cut = row
    return Soundness(int(rate), int(channels), seconds, peak, rms, int(clipped), bool(cut)) if rate else None


def examine_batch(files: Sequence[tuple[str, Path]]) -> list[Soundness | None]:
    """Look at some files, given with their content hashes."""
    return [examine_file(path) for _, path in files]


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
    peak = energy = 0.0
    frames = runs = 0
    try:
        with soundfile.SoundFile(path) as sound:
            rate, channels, announced = int(sound.samplerate), int(sound.channels), int(sound.frames)
            while len(y := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                frames += len(y)
                peak = max(peak, float(np.abs(y).max()))
                energy += float(np.square(y, dtype=np.float64).sum())
                runs += sum(clipped_runs(channel) for channel in y.T)
    except (soundfile.SoundFileError, RuntimeError):
        return None
    if not frames or not np.isfinite(energy):
        return None
    level = float(np.sqrt(energy / (frames * channels)))
    truncated = frames < announced or _is_cut_off(path)
    return Soundness(rate, channels, frames / rate, _decibels(peak), _decibels(level), runs, truncated)


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
        Runs of three samples or more within a 16 bit step of full scale, or beyond it, that the wave steps into or
        out of: one that is as loud as can be without being cut comes to its peak slowly.
    """
    full = np.abs(y) >= _FULL
    if not full.any():
        return 0
    edges = np.flatnonzero(np.diff(full, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _FLAT
    starts, ends = starts[long], ends[long]
    size = np.minimum(np.abs(y), 1.0)
    before = np.where(starts > 0, _FULL - size[starts - 1], 0.0)
    after = np.where(ends < len(y), _FULL - size[np.minimum(ends, len(y) - 1)], 0.0)
    return int(np.sum(np.maximum(before, after) > _KINK))


def _is_cut_off(path: Path) -> bool:
    """Whether a WAV file is shorter than its header says, or an Ogg file has no last page."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            announced = int.from_bytes(head[4:8], "little")
            return announced < 0xFFFFFF00 and announced + 8 > size + 1  # the largest means: not known
        if head[:4] == b"OggS":
            file.seek(max(0, size - 70_000))  # a page has 65,307 bytes at most
            end = file.read()
            last = end.rfind(b"OggS")
            return last < 0 or last + 5 >= len(end) or not end[last + 5] & 4
    return False
