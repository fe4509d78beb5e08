"""What lies beside rendered audio: where it comes from, under which terms, and what it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.datasets.notes import SPLITS, Note
from fusion.files import write_text

README = """# Notes from SoundFonts in NSynth's layout

Made by `fusion data render nsynth --preset {preset} --seed {seed} --out DIR` from

{fonts}

| split | notes | instruments |
|---|---|---|
{counts}

This is **not** NSynth and holds no NSynth audio: results on it are no NSynth results. It is for trying
things out.

Like NSynth: names, the 13 keys of `examples.json`, family and source numbers; 16 kHz, mono, 64,000
samples (3 s held, 1 s of release); velocities 25, 50, 75, 100 and 127; valid and test share their
instruments, train has others. Unlike NSynth: each pitch of an instrument is in one split only;
`qualities` were not annotated (ten zeros mean "unknown"); the numbers (`note`, `instrument`, the `NNN` of
a name) mean nothing in NSynth. Families and sources are those of the General MIDI programs; programs that
share a sample count as one instrument, and the first plays.
`render.json` has the fonts' checksums, FluidSynth's version and warnings.
"""

FLUIDR3_NOTICE = """The audio in this folder was rendered from the SoundFont "Fluid (R3) GM" by Frank Wen:

Copyright (c) 2000-2002, 2008 Frank Wen <getfrank@gmail.com>
Copyright (c) 2008 Toby Smithe

From its README: "Fluid was constructed in part from samples found in the public domain that I
edited/cleaned/remixed/programmed and largely from recordings of my own and in conjunction with the people
below who helped along the way: Suren M. Seron, Scott Hanan, Steve Aupperle, Chris Gillman, Alex Taubr,
Chris Prola, Andrew Klenk, Winfried Hubbe, Dylan, Tim, Gort, Uros Katic, Ethan Winer
(http://www.ethanwiner.com)"
"I hereby release Fluid under the MIT license, as described in COPYING."

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def write_notices(out: Path, plan: dict[str, Any], written: dict[str, list[Note]]) -> None:
    """Write README.md, and the licence of fonts whose audio may be shared."""
    sides = {(True, True): "all splits", (True, False): "train", (False, True): "valid and test"}
    fonts = [
        f"- {font['name']} (`{font['file']}`, SHA-256 {font['sha256']}): {sides[font['train'], font['test']]}"
        for font in plan["fonts"]
    ]
    counts = [f"| {s} | {len(written[s])} | {sum(count_instruments(written[s]).values())} |" for s in SPLITS]
    settings = {"preset": plan["preset"], "seed": plan["seed"]}
    text = README.format(fonts="\n".join(fonts), counts="\n".join(counts), **settings)
    if any(font["name"] == "Fluid R3 GM" for font in plan["fonts"]):
        write_text(out / "LICENSE-FluidR3.txt", FLUIDR3_NOTICE)
        text += "Fluid (R3) GM is by Frank Wen and others, under the MIT licence: see `LICENSE-FluidR3.txt`.\n"
    write_text(out / "README.md", text)


def count_instruments(notes: Sequence[Note]) -> dict[str, int]:
    """Return how many instruments of each family play these notes."""
    return dict(sorted(Counter(family for family, _ in {(n.family, n.instrument) for n in notes}).items()))
