"""The README.md of music in IRMAS's layout: where it comes from, and what it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from fusion.rendering.fonts import Fonts
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import Excerpt, MusicPlan
from fusion.rendering.readme import write_readme

TEMPLATE = """# Music from SoundFonts in IRMAS's layout

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
the instruments that lead in test are none of training's{shared}, nor training instruments of practice notes
from the same fonts{in_notes}; accompanists play on both sides. `render.json` names the instrument that
leads each song: songs of one are one group. The names of songs and artists are made up. `render.json` has the
fonts' checksums, FluidSynth's version and warnings.

{terms}"""


def write_music_readme(
    out: Path,
    options: IrmasOptions,
    fonts: Fonts,
    plan: MusicPlan,
    written: Sequence[Excerpt],
    shared: Sequence[str],
    in_notes: Sequence[str],
) -> None:
    """Write README.md.

    Parameters
    ----------
    out : Path
        The render's folder.
    options : IrmasOptions
    fonts : Fonts
    plan : MusicPlan
    written : sequence of Excerpt
        Those of the plan that were written.
    shared : sequence of str
        Classes that the same instruments play in train and test.
    in_notes : sequence of str
        Classes that training instruments of practice notes play in test.
    """
    training = [excerpt for excerpt in written if not excerpt.labelled]
    testing = [excerpt for excerpt in written if excerpt.labelled]
    trained, tested = count_labels(training), count_labels(testing)
    labels = {excerpt.path: excerpt.labels[0] for excerpt in written}
    pairs = ", ".join(" and ".join(labels[path] for path in pair) for pair in plan.copies if pair[0] in labels)
    write_readme(
        out,
        TEMPLATE,
        options,
        fonts,
        ("train and test", "train", "test"),
        recordings=len(plan.training),
        excerpts=len(training),
        songs=len(plan.testing),
        clips=len(testing),
        shortest=min((excerpt.seconds for excerpt in testing), default=0.0),
        longest=max((excerpt.seconds for excerpt in testing), default=0.0),
        most=max((len(excerpt.labels) for excerpt in testing), default=0),
        counts="\n".join(f"| {n} | {trained.get(n, 0)} | {tested.get(n, 0)} |" for n in sorted({*trained, *tested})),
        copies=f"Pairs of training files have the same bytes, in {pairs}.\n" if pairs else "",
        level=" to ".join(dict.fromkeys(f"{limit:g}" for limit in options.level)),
        shared=f", save those of {', '.join(shared)}" if shared else "",
        in_notes=f", save those of {', '.join(in_notes)}" if in_notes else "",
    )


def count_labels(excerpts: Iterable[Excerpt]) -> dict[str, int]:
    """Return in how many excerpts each class is predominant, by class in alphabetical order."""
    return dict(sorted(Counter(label for excerpt in excerpts for label in excerpt.labels).items()))
