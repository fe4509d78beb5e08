"""The README.md of notes in NSynth's layout: where they come from, and what they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fusion.rendering.fonts import Fonts
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SPLITS, VELOCITIES, Note
from fusion.rendering.readme import write_readme

TEMPLATE = """# Notes from SoundFonts in NSynth's layout

Made by `{command} --out DIR` from

{fonts}

| split | notes | instruments |
|---|---|---|
{counts}

This is **not** NSynth and holds no NSynth audio: results on it are no NSynth results. It is for trying
things out.

Like NSynth: names, the 13 keys of `examples.json`, family and source numbers; 16 kHz, mono, 64,000
samples (3 s held, 1 s of release); {who}. Unlike
NSynth: each pitch of an instrument is in one split only; `qualities` were not annotated (ten zeros mean
"unknown"); the numbers (`note`, `instrument`, the `NNN` of a name) mean nothing in NSynth. Families and
sources are those of the General MIDI programs; programs that share a sample count as one instrument, and
the first plays. Velocities: {velocities}.
`render.json` has the fonts' checksums, FluidSynth's version and warnings.

{terms}"""


def write_notes_readme(out: Path, options: NSynthOptions, fonts: Fonts, written: dict[str, list[Note]]) -> None:
    """Write README.md into the folder `out` of a render; `written` are its notes by split."""
    counts = [f"| {s} | {len(written[s])} | {sum(count_instruments(written[s]).values())} |" for s in SPLITS]
    usual = "" if options.velocities == VELOCITIES else f" (NSynth's: {', '.join(map(str, VELOCITIES))})"
    who = "valid and test share their instruments, train has others"
    write_readme(
        out,
        TEMPLATE,
        options,
        fonts,
        ("all splits", "train", "valid and test"),
        counts="\n".join(counts),
        who=who if options.size.hold_out else "every instrument is in train and test, there is no valid",
        velocities=", ".join(map(str, options.velocities)) + usual,
    )


def count_instruments(notes: Sequence[Note]) -> dict[str, int]:
    """Return how many instruments of each family play these notes."""
    return dict(sorted(Counter(family for family, _ in {(n.family, n.instrument) for n in notes}).items()))
