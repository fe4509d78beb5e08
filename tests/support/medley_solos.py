"""A small data set in the layout of Medley-solos-DB: every class in every subset, songs of two clips."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np

from fusion.datasets.medley_solos import INSTRUMENTS
from tests.support.irmas import write

SONGS = {"training": 3, "validation": 1, "test": 2}
METADATA = "annotation/Medley-solos-DB_metadata.csv"


def make(root: Path) -> Path:
    """Write metadata, and clips that differ from class to class by their pitch."""
    random = np.random.default_rng(1)
    time = np.arange(131_072) / 44_100
    lines, song = ["subset,instrument,instrument_id,song_id,uuid4"], 0
    for subset, songs in SONGS.items():
        for number, instrument in enumerate(INSTRUMENTS):
            for _ in range(songs):
                for _ in range(2):
                    clip = uuid.UUID(bytes=random.bytes(16), version=4)
                    f0 = 110 * 2 ** (number / 3) * random.uniform(0.98, 1.02)
                    y = 0.3 * np.sin(2 * np.pi * f0 * time) + random.normal(0, 1e-3, len(time))
                    name = f"Medley-solos-DB_{subset}-{number}_{clip}.wav"
                    write(root / "audio" / name, y.astype(np.float32), sr=44_100, channels=1)
                    lines.append(f"{subset},{instrument},{number},{song},{clip}")
                song += 1
    (root / METADATA).parent.mkdir(parents=True)
    (root / METADATA).write_text("\n".join(lines) + "\n")
    return root
