"""What lies beside music rendered in IRMAS's layout: where it comes from, under which terms, and what it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.datasets.notices import FLUIDR3_NOTICE
from fusion.files import write_text

README = """# Music from SoundFonts in IRMAS's layout

Made by `fusion data render irmas --preset {preset} --seed {seed} --out DIR` from

{fonts}

{recordings} pieces to train, in {excerpts} excerpts of 3 s; {songs} songs to test, in {clips} excerpts of
{shortest:g} to {longest:g} s.

| class | training excerpts | test excerpts with this label |
|---|---|---|
{counts}

This is **not** IRMAS and holds no IRMAS audio: results on it are no IRMAS results. It is for trying things out.
The music was composed by rule and chance for this purpose; nothing in it is anybody's tune.

Like IRMAS: folders and names, the files of labels, stereo at 44.1 kHz, one predominant instrument over others that
play along (of these classes too) to train, one to three to test. Two pairs of training files have the same bytes,
one of them with labels that contradict each other. Unlike IRMAS: players are samples; a predominant
instrument is 3 to 9 dB over the accompaniment, always;
{unlike}
The names of songs and artists are made up. `render.json` has the fonts' checksums, FluidSynth's version and warnings.
"""


def write_notices(out: Path, plan: dict[str, Any], figures: dict[str, Any]) -> None:
    """Write README.md, and the licence of fonts whose audio may be shared.

    Parameters
    ----------
    out : Path
        The render's folder.
    plan : dict
        `preset`, `seed`, `fonts` and `shared` of ``render.json``.
    figures : dict
        What `README` names: counts, and shortest and longest test excerpt (s); `training` and `labels` by class.
    """
    sides = {(True, True): "train and test", (True, False): "train", (False, True): "test"}
    fonts = [
        f"- {font['name']} (`{font['file']}`, SHA-256 {font['sha256']}): {sides[font['train'], font['test']]}"
        for font in plan["fonts"]
    ]
    training, labels = figures["training"], figures["labels"]
    counts = [f"| {name} | {training.get(name, 0)} | {labels.get(name, 0)} |" for name in sorted({*training, *labels})]
    unlike = "the instruments of test are none of training's"
    unlike += f", save those of {', '.join(plan['shared'])}." if plan["shared"] else "."
    settings = {"preset": plan["preset"], "seed": plan["seed"], "unlike": unlike}
    text = README.format(**figures | settings | {"fonts": "\n".join(fonts), "counts": "\n".join(counts)})
    if any(font["name"] == "Fluid R3 GM" for font in plan["fonts"]):
        write_text(out / "LICENSE-FluidR3.txt", FLUIDR3_NOTICE)
        text += "Fluid (R3) GM is by Frank Wen and others, under the MIT licence: see `LICENSE-FluidR3.txt`.\n"
    write_text(out / "README.md", text)
