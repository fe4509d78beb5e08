"""Whether rendered audio may be passed on: the licences of fonts, known or given, and what the folder says of them.

A name proves nothing: any font can call itself Fluid R3 GM. So FluidR3 is known by what it plays, all of it and
nothing else: the hash of its samples' fingerprints (see `soundfont`).
"""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fusion.errors import FusionError, did_you_mean
from fusion.rendering.soundfont import SoundFont
from fusion.runtime.files import write_text

FLUIDR3_SAMPLES = "76ddb7221f9ab55ab06ce953ab3ec3c736308fe1303713f55cac49f87d54d63e"
"""SHA-256 of the 1,416 sorted fingerprints of FluidR3_GM.sf2 (version 3.1, as distributions have it)."""

FLUIDR3_LICENCE = "MIT, by Frank Wen and others: see `LICENSE-FluidR3.txt`"

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


def is_fluidr3(font: SoundFont) -> bool:
    """Return whether a font plays FluidR3's samples, each of them and no others."""
    return hashlib.sha256("".join(sorted(font.samples)).encode()).hexdigest() == FLUIDR3_SAMPLES


def find_licences(fonts: Mapping[Path, SoundFont], given: Iterable[str]) -> dict[Path, str]:
    """Return the licences that are known or given, by path of the font.

    Parameters
    ----------
    fonts : mapping of Path to SoundFont
    given : iterable of str
        ``FONT=TEXT`` each; FONT is a font's path as it was typed, or its file name.

    Raises
    ------
    FusionError
        What is given names no font, or several of them, has no text, or was given before.
    """
    by_path: dict[Path, str] = {}
    for line in given:
        path, text = _parse(line, list(fonts))
        if path in by_path:
            raise FusionError(f"--licence: the licence of {path} is given twice; give it once")
        by_path[path] = text
    return {path: FLUIDR3_LICENCE for path, font in fonts.items() if is_fluidr3(font)} | by_path


def _parse(line: str, paths: Sequence[Path]) -> tuple[Path, str]:
    """Return the font whose licence is given, and the licence's text; either may have equal signs of its own."""
    for end in (place for place, letter in enumerate(line) if letter == "="):
        name, text = line[:end], line[end + 1 :].strip()
        named = [path for path in paths if Path(name) == path] or [path for path in paths if name == path.name]
        if len(named) > 1:
            raise FusionError(f"--licence {name}: {' and '.join(map(str, named))} have this name; give the path")
        if named and not text:
            raise FusionError(f"--licence {name}=: no text; write the font's licence after the equal sign")
        if named:
            return named[0], text
    name = " ".join(line.partition("=")[0].split())[:80]
    if "=" not in line:
        raise FusionError(f"--licence {name}: should be FONT.sf2=TEXT, the text being the font's licence")
    near = did_you_mean(name, [*map(str, paths), *(path.name for path in paths)])
    raise FusionError(f"--licence {name}: no font of this render{near}; its fonts: {', '.join(map(str, paths))}")


def check_sharing(fonts: Mapping[Path, SoundFont], licences: dict[Path, str]) -> None:
    """Raise FusionError if the licence of any font is neither known nor given."""
    if unknown := [path for path in fonts if path not in licences]:
        raise FusionError(
            f"--share: {', '.join(map(str, unknown))}: no licence known that lets the audio be shared; give it with "
            f"--licence {unknown[0]}=TEXT if there is one, or use other fonts"
        )


def write_terms(out: Path, fonts: Mapping[Path, SoundFont], licences: dict[Path, str]) -> str:
    """Write FluidR3's notice where its audio is, and return the README's section on licences."""
    if any(map(is_fluidr3, fonts.values())):
        write_text(out / "LICENSE-FluidR3.txt", FLUIDR3_NOTICE)
    lines = ["## Licences of the fonts", ""]
    for path, font in fonts.items():
        text = textwrap.indent(licences.get(path, "**unknown**"), "  ").lstrip()
        lines.append(f"- {font.name} (`{path.name}`): {text}")
    if any(text != FLUIDR3_LICENCE for text in licences.values()):
        lines += ["", "Licences other than FluidR3's are as given by who made this folder."]
    if unknown := [f"`{path.name}`" for path in fonts if path not in licences]:
        lines += ["", f"The licence of {', '.join(unknown)} is unknown: **audio that it plays must not be passed on.**"]
    return "\n".join(lines) + "\n"
