"""What lies beside music rendered in IRMAS's layout: where it comes from, under which terms, and what it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.rendering.fonts import list_fonts
from fusion.rendering.music.options import IrmasOptions
from fusion.runtime.files import write_text

README = """# Music from SoundFonts in IRMAS's layout

Made by `{command} --out DIR` from

{fonts}

{recordings} pieces to train, in {excerpts} excerpts of 3 s; {songs} songs to test, in {clips} excerpts of
{shortest:g} to {longest:g} s.

| class | training excerpts | test excerpts with this label |
|---|---|---|
{counts}

This is **not** IRMAS and holds no IRMAS audio: results on it are no IRMAS results. It is for trying things out.
The music was composed by rule and chance for this purpose; nothing in it is anybody's tune.

Like IRMAS: folders and names, the files of labels, stereo at 44.1 kHz, one predominant instrument over others that
play along (of IRMAS's classes too) to train, at most {most} to test.
{copies}Unlike IRMAS: players are samples; a predominant instrument is {level} dB over the accompaniment, always;
{unlike}
The names of songs and artists are made up. `render.json` has the fonts' checksums, FluidSynth's version and warnings.

{terms}"""


def write_notices(out: Path, options: IrmasOptions, plan: dict[str, Any], figures: dict[str, Any], terms: str) -> None:
    """Write README.md.

    Parameters
    ----------
    out : Path
        The render's folder.
    options : IrmasOptions
    plan : dict
        `fonts` and `shared` of ``render.json``.
    figures : dict
        What `README` names: counts, and shortest and longest test excerpt (s); `training` and `labels` by class;
        `copies`, the two classes of each pair of files with the same bytes.
    terms : str
        Under which the audio may be passed on, in Markdown.
    """
    sides = {(True, True): "train and test", (True, False): "train", (False, True): "test"}
    training, labels = figures["training"], figures["labels"]
    counts = [f"| {name} | {training.get(name, 0)} | {labels.get(name, 0)} |" for name in sorted({*training, *labels})]
    unlike = "the instruments of test are none of training's"
    unlike += f", save those of {', '.join(plan['shared'])}." if plan["shared"] else "."
    pairs = ", ".join(f"{one} and {other}" for one, other in figures["copies"])
    text = README.format(
        **figures | {"copies": f"Pairs of training files have the same bytes, in {pairs}.\n" if pairs else ""},
        command=options.command,
        fonts=list_fonts(plan["fonts"], sides),
        counts="\n".join(counts),
        level=" to ".join(dict.fromkeys(f"{one:g}" for one in options.level)),
        unlike=unlike,
        terms=terms,
    )
    write_text(out / "README.md", text)
