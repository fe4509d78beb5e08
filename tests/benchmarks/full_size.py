"""Time and memory for listing, hashing, checking and splitting as many notes as NSynth has.

Makes 305,979 files of a few bytes with NSynth's names (1.3 GB of disk blocks) in a new folder, unless they are there,
and runs `fusion data check --quick` on them, twice: with nothing remembered, and again.

    python tests/benchmarks/full_size.py FOLDER
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import typer

from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS

NOTES = {"train": 289_205, "valid": 12_678, "test": 4_096}
INSTRUMENTS = {"train": 953, "valid": 53, "test": 53}  # the last two are the same
KEYS = [(pitch, velocity) for pitch in range(21, 109) for velocity in (25, 50, 75, 100, 127)]
EXPERIMENT = "dataset: {name: nsynth, validation: official}\nfeatures:\n  zero_crossing_rate: {}\n"


def make(root: Path) -> None:
    """Write the layout."""
    number = 0
    for part, count in NOTES.items():
        (root / f"nsynth-{part}" / "audio").mkdir(parents=True)
        examples = {}
        each = -(-count // INSTRUMENTS[part])
        first = 300 if part == "test" else 0
        for instrument in range(INSTRUMENTS[part]):
            family = FAMILIES[instrument % (11 if part == "train" else 9)]
            source = ORIGINS[instrument % 2]
            name = f"{family}_{source}_{instrument + 1000 * (part == 'train'):03d}"
            for pitch, velocity in KEYS[first : first + each]:
                if len(examples) == count:
                    break
                note, number = f"{name}-{pitch:03d}-{velocity:03d}", number + 1
                examples[note] = {
                    "instrument_str": name,
                    "instrument_family_str": family,
                    "instrument_source_str": source,
                }
                (root / f"nsynth-{part}" / "audio" / f"{note}.wav").write_bytes(b"%d" % number)
        (root / f"nsynth-{part}" / "examples.json").write_text(json.dumps(examples))


def main(folder: Path) -> None:
    """Print seconds and megabytes."""
    root = folder / "data"
    if not root.exists():
        make(root)
    (folder / "full.yaml").write_text(EXPERIMENT)
    (folder / "cache" / "hashes.sqlite").unlink(missing_ok=True)
    words = ["data", "check", "full.yaml", "--data", "data", "--cache", "cache", "--quick", "--json"]
    for name in ("first", "again"):
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "fusion.cli", *words], cwd=folder, capture_output=True, text=True, check=True
        )
        seconds = time.monotonic() - began
        clips = json.loads(done.stdout)["clips"]
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{name}: {sum(clips.values()):,} notes {clips} in {seconds:.1f} s, at most {memory:.0f} MB")


if __name__ == "__main__":
    typer.run(main)
