"""Lay Medley-solos-DB out as IRMAS's testing clips, so that networks of IRMAS can be tested on solo music.

::

    python experiments/solos_as_irmas.py medley-solos irmas-solos
    fusion evaluate results/irmas_fusion/RESULT --data irmas-solos

All eight instruments are among IRMAS's eleven: "distorted electric guitar" counts as its electric guitar, "female
singer" as its voice, "tenor saxophone" as its saxophone. Training, validation and test clips become the three parts,
and a clip's song stays its group. Sounds are links to where they lie; those that are not there are left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from fusion.datasets.irmas_testing import TESTING
from fusion.datasets.medley_solos import MedleySolos

CODES = {
    **{"clarinet": "cla", "distorted electric guitar": "gel", "female singer": "voi", "flute": "flu"},
    **{"piano": "pia", "tenor saxophone": "sax", "trumpet": "tru", "violin": "vio"},
}
PARTS = dict(zip(("training", "validation", "test"), TESTING, strict=True))


def main() -> None:
    """Read the metadata of one folder, and fill the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("solos", type=Path, help="folder of Medley-solos-DB, as `fusion data get medley_solos` has it")
    parser.add_argument("out", type=Path, help="folder to fill; must not be there")
    options = parser.parse_args()
    of_song: Counter[str] = Counter()
    for part in PARTS.values():
        (options.out / part).mkdir(parents=True)
    for row in MedleySolos().read(options.solos).to_dict("records"):
        sound = options.solos / row["path"]
        if row["mistake"]:
            raise SystemExit(f"{options.solos}, {row['where']}: {row['mistake']}")
        if sound.is_file():
            of_song[row["group"]] += 1
            clip = options.out / PARTS[row["split"]] / f"{row['group']}-{of_song[row['group']]}"
            clip.with_suffix(sound.suffix).symlink_to(sound.resolve())
            clip.with_suffix(".txt").write_text(f"{CODES[row['labels']]}\n", encoding="utf-8")
    print(f"{options.out}: {of_song.total()} clips of {len(of_song)} songs")


if __name__ == "__main__":
    main()
