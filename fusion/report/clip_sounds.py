"""A clip to look at and listen to on a page: waveform, spectrogram and a small MP3, all within the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError, audio_duration, read_audio

_SR = 16000  # Hz
_SECONDS = 4.0  # of a clip
_SMALL = 0.8  # libsndfile's compression, 0 to 1: 40 kbit/s, 20 kB a clip
_RANGE = 70.0  # dB of a spectrogram
_POINTS = 150  # of a waveform


@dataclass(frozen=True)
class ClipFile:
    """Where the sound of a clip is; its duration is NaN where it goes to the end of its file."""

    path: Path
    start: float
    duration: float


@dataclass(frozen=True)
class ClipSound:
    """What a page shows of a clip: the path of its waveform in SVG, and addresses that hold picture and sound."""

    seconds: float
    waveform: str
    spectrogram: str
    audio: str


def clip_sounds(names: Sequence[str], files: Mapping[str, ClipFile]) -> dict[int, ClipSound]:
    """Return the sound of each clip whose file is there and can be read, by its place among the names."""
    found = {place: _clip_sound(files[name]) for place, name in enumerate(names) if name in files}
    return {place: sound for place, sound in found.items() if sound is not None}


def _clip_sound(file: ClipFile) -> ClipSound | None:
    try:
        left = audio_duration(file.path) - file.start
        seconds = min(_SECONDS, left if np.isnan(file.duration) else min(left, file.duration))
        clip = Clip(read_audio(file.path, _SR, file.start, seconds), _SR)
    except (DamagedError, ValueError):  # moved or mended since; the page names the clip all the same
        return None
    return ClipSound(seconds, _waveform(clip.y), _spectrogram(clip), _audio(clip.y))


def _waveform(y: NDArray[np.float32]) -> str:
    """Return the outline of a signal as a path in a box of `_POINTS` by 40, its peak as high as the box."""
    parts = np.array_split(y / max(float(np.abs(y).max()), 1e-9), min(_POINTS, y.size))
    high, low = ([20 - 19 * float(end(part)) for part in parts] for end in (np.max, np.min))
    there = "L".join(f"{x} {value:.1f}" for x, value in enumerate(high))
    back = "L".join(f"{x} {low[x]:.1f}" for x in reversed(range(len(low))))
    return f"M{there}L{back}Z"


def _spectrogram(clip: Clip) -> str:
    """Return a spectrogram, low frequencies at the bottom, 64 rows on a logarithmic scale from 60 Hz."""
    from matplotlib import colormaps
    from PIL import Image

    power = clip.power(1024, 512)
    edges = np.unique(np.geomspace(4, power.shape[1], 65).astype(int))
    bands = np.maximum.reduceat(power, edges[:-1], axis=1)
    decibels = 10 * np.log10(np.maximum(bands / max(float(bands.max()), 1e-12), 1e-12))
    levels = np.clip(255 * (1 + decibels / _RANGE), 0, 255).astype(np.uint8).T[::-1]
    image = Image.fromarray(levels, mode="P")
    image.putpalette((255 * colormaps["magma"](np.arange(256))[:, :3]).astype(np.uint8).tobytes())
    data = io.BytesIO()
    image.save(data, "PNG")
    return _address("image/png", data)


def _audio(y: NDArray[np.float32]) -> str:
    """Return an MP3, which every browser plays."""
    import soundfile

    data = io.BytesIO()
    peak = max(float(np.abs(y).max()), 1e-9)
    sound = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": _SMALL}
    soundfile.write(data, y * min(1.0, 0.9 / peak), _SR, **sound)
    return _address("audio/mpeg", data)


def _address(kind: str, data: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
