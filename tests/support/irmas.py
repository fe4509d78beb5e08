"""A small data set in IRMAS's layout: three classes that differ in their overtones, recordings, songs, planted duplicates."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import soundfile

CLASSES = ("gac", "gel", "voi")
PARTS = (
    "IRMAS-TestingData-Part1/Part1",
    "IRMAS-TestingData-Part2/IRTestingData-Part2",
    "IRMAS-TestingData-Part3/Part3",
)


def sound(label: str, seed: int, seconds: float = 3.0, sr: int = 22050) -> np.ndarray:
    """Return a tone of a class, ``(samples,)`` float32."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * sr)) / sr
    f0 = 110 * 2 ** random.uniform(0, 1)
    shares = {"gac": (1, 0.1, 0.0), "gel": (0.2, 1, 0.8), "voi": (0.6, 0.0, 1)}[label]
    y = sum(share * np.sin(2 * np.pi * f0 * (2 * k + 1) * time) for k, share in enumerate(shares))
    return (0.2 * y + random.normal(0, 1e-3, len(time))).astype(np.float32)


def write(path: Path, y: np.ndarray, sr: int = 22050, channels: int = 2) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.stack([y] * channels, axis=1) if channels > 1 else y, sr)


def make(root: Path, recordings: int = 6, songs: int = 4) -> Path:
    """Write the data set: for each class `recordings` of two excerpts and `songs`, every other one of two classes."""
    forms = (
        "{n:03d}__[{c}][dru][pop_roc]{r:04d}__{p}",
        "[{c}][cla]{r:04d}__{p}",
        "{n:03d}__[{c}][---][jaz_blu]{r:04d}__{p}",
    )
    for number, label in enumerate(CLASSES):
        for take in range(recordings):
            recording = 100 * number + take
            name = forms[take % 3]
            for part in (1, 2):
                y = sound(label, 1000 * recording + part)
                file = name.format(n=take, c=label, r=recording, p=part)
                write(root / "IRMAS-TrainingData" / label / f"{file}.wav", y)
    first = root / "IRMAS-TrainingData" / "gac" / "000__[gac][dru][pop_roc]0000__1.wav"
    shutil.copy(first, root / "IRMAS-TrainingData" / "gac" / "[gac][nod][lat_sou]0050__1.wav")  # another number
    shutil.copy(first, root / "IRMAS-TrainingData" / "gel" / "[gel][cou_fol]0150__1.wav")  # and another label
    song = 0
    for number, label in enumerate(CLASSES):
        other = CLASSES[(number + 1) % 3]
        for take in range(songs):
            labels = [label] if take % 2 == 0 else [label, other]
            for clip in (1, 2):
                y = sum(sound(part, 77 * song + clip, 5.0) for part in labels)
                path = root / PARTS[song % 3] / f"{song:02d} - Émile - Song {song}-{clip}.wav"
                write(path, np.asarray(y, dtype=np.float32))
                path.with_suffix(".txt").write_text("".join(f"{part}\t\n" for part in labels))
            song += 1
    return root
