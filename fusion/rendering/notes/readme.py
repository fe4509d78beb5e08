"""What lies beside rendered audio: where it comes from, under which terms, and what it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.rendering.fonts import list_fonts
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SPLITS, VELOCITIES, Note
from fusion.runtime.files import write_text

README = """# Notes from SoundFonts in NSynth's layout

Made by `{command} --out DIR` from

{fonts}

| split | notes | instruments |
|---|---|---|
{counts}

This is **not** NSynth and holds no NSynth audio: results on it are no NSynth results. It is for trying
things out.

Like NSynth: names, the 13 keys of `examples.json`, family and source numbers; 16 kHz, mono, 64,000
samples (3 s held, 1 s of release); valid and test share their instruments, train has others. Unlike
NSynth: each pitch of an instrument is in one split only; `qualities` were not annotated (ten zeros mean
"unknown"); the numbers (`note`, `instrument`, the `NNN` of a name) mean nothing in NSynth. Families and
sources are those of the General MIDI programs; programs that share a sample count as one instrument, and
the first plays. Velocities: {velocities}.
`render.json` has the fonts' checksums, FluidSynth's version and warnings.

{terms}"""


def write_notices(
    out: Path, options: NSynthOptions, plan: dict[str, Any], written: dict[str, list[Note]], terms: str
) -> None:
    """Write README.md.

    Parameters
    ----------
    out : Path
        The render's folder.
    options : NSynthOptions
    plan : dict
        Its `fonts` are those of ``render.json``.
    written : dict of str to list of Note
        By split.
    terms : str
        Under which the audio may be passed on, in Markdown.
    """
    sides = {(True, True): "all splits", (True, False): "train", (False, True): "valid and test"}
    counts = [f"| {s} | {len(written[s])} | {sum(count_instruments(written[s]).values())} |" for s in SPLITS]
    usual = "" if options.velocities == VELOCITIES else f" (NSynth's: {', '.join(map(str, VELOCITIES))})"
    text = README.format(
        command=options.command,
        fonts=list_fonts(plan["fonts"], sides),
        counts="\n".join(counts),
        velocities=", ".join(map(str, options.velocities)) + usual,
        terms=terms,
    )
    write_text(out / "README.md", text)


def count_instruments(notes: Sequence[Note]) -> dict[str, int]:
    """Return how many instruments of each family play these notes."""
    return dict(sorted(Counter(family for family, _ in {(n.family, n.instrument) for n in notes}).items()))
