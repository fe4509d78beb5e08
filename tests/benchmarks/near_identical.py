"""How many copies the audit finds, by what was done to them; and how alike clips are that are no copies.

For some clips of a folder: the same clip at half its level, encoded, and (of clips longer than a window) an excerpt of it
cut anywhere and encoded. Prints the share that counts as one sound, and the lowest similarity among the found.

    python tests/benchmarks/near_identical.py practice-irmas --clips 80 --window 3
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import soxr
import typer

from fusion.audit.similarity import ALIKE, RATE, Wave, similarity
from fusion.audit.spectral_fingerprint import OVERLAPPING, WHOLE, SpectralFingerprint
from fusion.extraction.windows import window_starts
from fusion.sound.clip import Clip
from fusion.sound.reading import SUFFIXES

CODECS = {
    "half the level": None,
    "Vorbis, quality .6": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.4},
    "Vorbis, quality .1": {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.9},
    "MP3, medium": {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.5},
    "MP3, lowest": {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.99},
    "Opus, medium": {"format": "OGG", "subtype": "OPUS", "compression_level": 0.8},
}


def encoded(y: np.ndarray, sr: int, options: dict | None) -> np.ndarray:
    """Return the sound at half its level after a codec; Opus knows 48 kHz alone."""
    if options is None:
        return y / 2
    rate = 48000 if options["subtype"] == "OPUS" else sr
    stream = io.BytesIO()
    soundfile.write(stream, soxr.resample(y / 2, sr, rate) if rate != sr else y / 2, rate, **options)
    stream.seek(0)
    back, _ = soundfile.read(stream, dtype="float32")
    return soxr.resample(back, rate, sr) if rate != sr else back


def windows(y: np.ndarray, sr: int, window: float) -> list[np.ndarray]:
    """Return the windows of a sound that the audit compares."""
    size = round(window * sr)
    parts = [y[round(start * sr) :][:size] for start in window_starts(len(y) / sr, window, window / 2)]
    return [np.pad(part, (0, size - len(part))) for part in parts]


def best(copy: np.ndarray, original: np.ndarray, sr: int, window: float, whole: bool) -> float:
    """Return how alike a copy's first window is to any of the original's that its print leads to."""
    size = round(window * sr)
    copy = np.pad(copy[:size], (0, max(0, size - len(copy))))
    mine = SpectralFingerprint().extract(Clip(copy, sr))
    highest, cosine = 0.0, WHOLE if whole else OVERLAPPING
    for part in windows(original, sr, window):
        other = SpectralFingerprint().extract(Clip(part, sr))
        if mine @ other >= cosine * np.linalg.norm(mine) * np.linalg.norm(other):
            low = (Wave(soxr.resample(sound, sr, 2 * RATE)) for sound in (copy, part))
            highest = max(highest, similarity(*low)[0])
    return highest


def main(
    folder: Path,
    clips: Annotated[int, typer.Option()] = 80,
    window: Annotated[float, typer.Option(help="Seconds.")] = 3.0,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Print shares found."""
    random = np.random.default_rng(seed)
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES)
    chosen = [paths[number] for number in random.choice(len(paths), min(clips, len(paths)), replace=False)]
    alike: dict[tuple[str, str], list[float]] = {}
    for path in chosen:
        y, sr = soundfile.read(path, dtype="float32", always_2d=True)
        y = y.mean(axis=1)
        room = len(y) / sr - window
        start = round(random.uniform(0, room) * sr) if room > 0.1 else None
        for name, options in CODECS.items():
            alike.setdefault((name, "whole"), []).append(best(encoded(y, sr, options), y, sr, window, True))
            if start is not None:
                excerpt = encoded(y[start : start + round(window * sr)], sr, options)
                alike.setdefault((name, "excerpt"), []).append(best(excerpt, y, sr, window, False))
    for (name, kind), values in alike.items():
        copies = [value for value in values if value >= ALIKE]
        lowest = f", lowest similarity {min(copies):.4f}" if copies else ""
        print(f"{name}, {kind}: {len(copies)} of {len(values)} found{lowest}")


if __name__ == "__main__":
    typer.run(main)
