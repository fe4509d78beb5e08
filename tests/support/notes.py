"""Small data in NSynth's layout: notes whose overtones tell the family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import soundfile

SR, SAMPLES = 16000, 64000
FAMILIES = ["bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"]
SOURCES = ["acoustic", "electronic", "synthetic"]


def tone(family: str, pitch: int, velocity: int, samples: int = SAMPLES, sr: int = SR) -> np.ndarray:
    """Return a note whose overtones tell the family: the share of each is a function of its number."""
    time = np.arange(samples) / sr
    number = FAMILIES.index(family)
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    random = np.random.default_rng([number, pitch, velocity])
    y = np.zeros(samples)
    for k in range(1, 9):
        if k * f0 < sr / 2:
            y += np.cos(number * k) ** 2 * np.sin(2 * np.pi * k * f0 * time + random.uniform(0, 6.28)) / k
    y *= np.exp(-time * (0.2 + 0.3 * number)) * velocity / 127 / 4
    return (y + random.normal(0, 1e-4, samples)).astype(np.float32)


def example(note: str) -> dict[str, Any]:
    """Return the entry of examples.json for a note's name."""
    instrument, pitch, velocity = note.rsplit("-", 2)
    family, source, _ = instrument.rsplit("_", 2)
    return {
        "note": crc32(note.encode()) % 10**6,
        "note_str": note,
        "instrument": 0,
        "instrument_str": instrument,
        "pitch": int(pitch),
        "velocity": int(velocity),
        "sample_rate": SR,
        "qualities": [0] * 10,
        "qualities_str": [],
        "instrument_family": FAMILIES.index(family),
        "instrument_family_str": family,
        "instrument_source": SOURCES.index(source),
        "instrument_source_str": source,
    }


def write_part(folder: Path, notes: list[str], suffix: str = ".wav") -> None:
    """Write one split in NSynth's layout."""
    (folder / "audio").mkdir(parents=True)
    for note in notes:
        instrument, pitch, velocity = note.rsplit("-", 2)
        family = instrument.rsplit("_", 2)[0]
        soundfile.write(folder / "audio" / f"{note}{suffix}", tone(family, int(pitch), int(velocity)), SR)
    (folder / "examples.json").write_text(json.dumps({note: example(note) for note in notes}))


def names(families: list[str], instruments: list[int], pitches: range, source: str = "acoustic") -> list[str]:
    """Return note names: every family with these instrument numbers and pitches."""
    return [
        f"{family}_{source}_{number:03d}-{pitch:03d}-{velocity:03d}"
        for family in families
        for number in instruments
        for pitch, velocity in zip(pitches, [25, 50, 75, 100, 127] * len(pitches), strict=False)
    ]
