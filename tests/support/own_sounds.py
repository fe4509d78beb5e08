"""A small folder of sounds of one's own: three classes that differ in their overtones, recordings of several clips."""

from __future__ import annotations

from pathlib import Path

from tests.support.irmas import CLASSES, sound, write


def make(root: Path, recordings: int = 6, clips: int = 2) -> Path:
    """Write ``<class>/<recording>/<clip>.wav``; lengths differ from clip to clip."""
    for number, label in enumerate(CLASSES):
        for recording in range(recordings):
            for clip in range(clips):
                seed = 1000 * number + 10 * recording + clip
                y = sound(label, seed, 1.0 + 0.25 * (seed % 3))
                write(root / label / f"{label}{recording}" / f"{clip}.wav", y, channels=1)
    return root


def make_given(root: Path) -> Path:
    """Write the same below ``train`` and ``test``, of other recordings."""
    make(root / "train")
    make(root / "test", recordings=2)
    for folder in sorted((root / "test").glob("*/*")):
        folder.rename(folder.with_name(f"other_{folder.name}"))
    return root
