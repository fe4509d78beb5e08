"""Sound that was stored as MP3, Vorbis or Opus in between, by libsndfile's own encoders."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from fusion.sound.recorder import of_length

Array = NDArray[np.floating]

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz
_OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
_MP3_DELAY = 1105  # samples of LAME and its decoder, which libsndfile takes off where the file says so
_SHORTEST = 0.5  # seconds that are encoded at least
_BLOCK = 65536  # samples given to an encoder at once: libvorbis keeps them on the stack


def mp3(y: Array, sr: int, kbits: float) -> Array:
    """Return a sound that was an MP3 of a constant rate in between, in kbit/s.

    A rate that is too low for the sampling rate is encoded at 16 kHz, as encoders do.
    """
    rate = _rate(sr if kbits >= 32 else min(sr, 16000), _MP3_RATES)
    most, least = (320, 32) if rate >= 32000 else (160, 8) if rate >= 16000 else (64, 8)
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT"}
    return _through(y, sr, rate, min((most - kbits) / (most - least), 0.9999), kind)


def vorbis(y: Array, sr: int, quality: float) -> Array:
    """Return a sound that was Ogg Vorbis of a quality from 10 to 0 in between."""
    return _through(y, sr, sr, 1 - quality / 10, {"format": "OGG", "subtype": "VORBIS"})


def opus(y: Array, sr: int, kbits: float) -> Array:
    """Return a sound that was Opus of a rate in between, in kbit/s."""
    return _through(y, sr, _rate(sr, _OPUS_RATES), (256 - kbits) / 250, {"format": "OGG", "subtype": "OPUS"})


def _rate(sr: int, known: tuple[int, ...]) -> int:
    """Return the least of an encoder's rates that keeps a sound whole, or its largest."""
    return next((rate for rate in known if rate >= sr), known[-1])


def _through(y: Array, sr: int, rate: int, compression: float, kind: dict[str, str]) -> Array:
    """Encode at a rate in Hz and decode, without what codecs add at both ends."""
    import soundfile
    import soxr

    there = soxr.resample(y, sr, rate, quality="HQ") if rate != sr else y
    there = of_length(there, max(len(there), round(_SHORTEST * rate)))
    file = BytesIO()
    with soundfile.SoundFile(
        file, "w", rate, 1, compression_level=float(np.clip(compression, 0, 1)), **kind
    ) as encoder:
        for first in range(0, len(there), _BLOCK):
            encoder.write(there[first : first + _BLOCK])
    file.seek(0)
    decoded = soundfile.read(file, dtype="float64")[0]
    if kind["format"] == "MP3" and len(decoded) > len(there):
        decoded = decoded[_MP3_DELAY:]
    decoded = of_length(decoded, len(there))
    return of_length(soxr.resample(decoded, rate, sr, quality="HQ") if rate != sr else decoded, len(y))
