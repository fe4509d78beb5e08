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


def make_table(root: Path) -> Path:
    """Write the same clips with a table of path, label and group."""
    make(root)
    paths = sorted(root.glob("*/*/*.wav"))
    lines = [f"{path.relative_to(root)},{path.parts[-3]},{path.parts[-2]}" for path in paths]
    (root / "manifest.csv").write_text("path,label,group\n" + "\n".join(lines) + "\n")
    return root


def make_given_table(root: Path) -> Path:
    """Write clips of which a table says the split and the part of a file; those of the test have two labels."""
    make(root)
    lines = []
    for path in sorted(root.glob("*/*/*.wav")):
        label, group = path.parts[-3:-1]
        test = group[-1] in "45"
        labels = f"{label};{CLASSES[CLASSES.index(label) - 1]}" if test else label
        lines.append(f"{path.relative_to(root)}\t{labels}\t{group}\t{'test' if test else 'train'}\t0.0\t1.0")
    (root / "clips.tsv").write_text("path\tlabel\tgroup\tsplit\tstart\tduration\n" + "\n".join(lines))
    return root
