"""Any number of notes in NSynth's layout: a second each, varied from the sample's, no two with the same bytes.

What a file holds depends on its family and number alone, so data sets of several sizes share files (hard links), and what
an interrupted command made is not made again.
"""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile

from fusion.datasets.nsynth import NSynth
from fusion.datasets.nsynth_notes import FAMILIES
from fusion.datasets.roots import sample_root
from fusion.sound.reading import read_audio

SR, SECONDS = 16000, 1.0
SHARES = {"valid": 1 / 24, "test": 1 / 75}  # as in NSynth; the rest trains
INSTRUMENT = 100  # notes of one
FOLDER = 1000  # files in one


class ShortNotes(NSynth):
    """NSynth with notes of a second."""

    @property
    def window(self) -> float:
        """Length of a clip in seconds."""
        return SECONDS


def make_notes(folder: Path, count: int) -> Path:
    """Make a data set of so many notes, unless it is there, and return its root."""
    root = folder / str(count)
    sources = _sources()
    made = Counter[str]()
    for part, notes in _parts(count).items():
        audio = root / f"nsynth-{part}" / "audio"
        audio.mkdir(parents=True, exist_ok=True)
        there = {entry.name for entry in os.scandir(audio)}
        examples = {}
        for place in range(notes):
            family, instrument, name = _named(part, place, notes)
            examples[name] = {
                "instrument_str": instrument,
                "instrument_family_str": family,
                "instrument_source_str": "acoustic",
            }
            if f"{name}.wav" not in there:
                os.link(_note(folder / family, made[family], sources[family]), audio / f"{name}.wav")
            made[family] += 1
        (root / f"nsynth-{part}" / "examples.json").write_text(json.dumps(examples))
    return root


def _parts(count: int) -> dict[str, int]:
    parts = {part: round(share * count) for part, share in SHARES.items()}
    return {**parts, "train": count - sum(parts.values())}


def _named(part: str, place: int, notes: int) -> tuple[str, str, str]:
    """Return a note's family, instrument and name; every family has an instrument at least."""
    instruments = max(len(FAMILIES), notes // INSTRUMENT)
    number = place % instruments
    family = FAMILIES[number % len(FAMILIES)]
    instrument = f"{family}_acoustic_{number + 100_000 * (part == 'train'):03d}"
    velocity = 50 if part == "test" else 100  # valid and test have the same instruments
    return family, instrument, f"{instrument}-{place // instruments:03d}-{velocity:03d}"


def _sources() -> dict[str, list[np.ndarray]]:
    """Return the sample's sounds by family."""
    audio = sorted((sample_root("nsynth") / "nsynth-train" / "audio").iterdir())
    return {
        family: [read_audio(path, SR, 0.0, 4.0) for path in audio if path.name.startswith(family)]
        for family in FAMILIES
    }


def _note(folder: Path, number: int, sources: list[np.ndarray]) -> Path:
    """Write a sample's sound at another pitch, from another moment, with breath of its own; return its path."""
    path = folder / str(number // FOLDER) / f"{number % FOLDER}.wav"
    if not path.exists():
        random = np.random.default_rng([FAMILIES.index(folder.name), number])
        source = sources[random.integers(len(sources))]
        samples = round(SECONDS * SR)
        moments = SR * random.uniform(0, 0.5) + np.arange(samples) * 2 ** random.uniform(-0.5, 0.5)
        y = np.interp(moments, np.arange(len(source)), source)
        y += random.normal(0, random.uniform(0.1, 0.3) * np.sqrt(np.square(y).mean()) + 1e-3, samples)
        path.parent.mkdir(parents=True, exist_ok=True)
        sound = io.BytesIO()  # soundfile would wait for the disk after each file
        soundfile.write(sound, y * (random.uniform(0.3, 0.9) / np.abs(y).max()), SR, "PCM_16", format="WAV")
        partial = path.with_suffix(".partial")
        partial.write_bytes(sound.getvalue())
        partial.rename(path)
    return path
