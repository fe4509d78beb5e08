"""Rendering: what is typed becomes a layout's options; what does not apply to the layout is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusion.cli.options import takes
from fusion.errors import FusionError, did_you_mean

if TYPE_CHECKING:
    from fusion.rendering.music.options import IrmasOptions
    from fusion.rendering.notes.options import NSynthOptions


@takes("jobs", "as_json")
def render(
    name: Annotated[str, typer.Argument(metavar="nsynth|irmas", help="Layout to render.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make.", show_default=False)],
    preset: Annotated[
        str, typer.Option("--preset", metavar="sample|practice|diverse", help="How much, and what for.")
    ] = "practice",
    train_font: Annotated[
        list[Path] | None, typer.Option("--train-font", metavar="SF2", help="SoundFont of the training instruments.")
    ] = None,
    test_font: Annotated[
        list[Path] | None, typer.Option("--test-font", metavar="SF2", help="SoundFont of validation and test.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other notes and pieces.")] = 0,
    families: Annotated[
        str | None, typer.Option("--families", metavar="A,B", help="Only these families, or classes of irmas.")
    ] = None,
    pitches: Annotated[
        str | None, typer.Option("--pitches", metavar="LOW-HIGH", help="nsynth: only these MIDI keys.")
    ] = None,
    velocities: Annotated[
        str | None, typer.Option("--velocities", metavar="A,B", help="nsynth: instead of 25,50,75,100,127.")
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option("--notes", metavar="N", help="nsynth: training notes of an instrument, at most; others follow."),
    ] = None,
    pieces: Annotated[
        str | None, typer.Option("--pieces", metavar="N", help="irmas: training pieces of a class; songs follow.")
    ] = None,
    level: Annotated[
        str | None,
        typer.Option("--level", metavar="LOW,HIGH", help="irmas: dB over the accompaniment, else 3,9."),
    ] = None,
    share: Annotated[bool, typer.Option("--share", help="Refuse fonts whose licence is not known.")] = False,
    licence: Annotated[
        list[str] | None,
        typer.Option("--licence", metavar="FONT=TEXT", help="A font's licence, for --share; repeatable."),
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Render notes or music from SoundFonts in a data set's layout, with FluidSynth."""
    from fusion.rendering.music.options import IrmasOptions
    from fusion.rendering.music.render import render_irmas
    from fusion.rendering.notes.render import render_nsynth
    from fusion.runtime.files import unwritable
    from fusion.runtime.lock import alone
    from fusion.runtime.progress import Progress
    from fusion.runtime.workers import processors

    own = {"families": families, "pitches": pitches, "velocities": velocities}
    own |= {"notes": notes, "pieces": pieces, "level": level}
    common = {"preset": preset, "seed": seed, "share": share, "licences": tuple(licence or ())}
    common |= {"train_fonts": tuple(train_font or ()), "test_fonts": tuple(test_font or ())}
    options = read_options(name, {key: value for key, value in own.items() if value is not None}, common)
    jobs = shared.get("jobs") or processors()
    progress = Progress()
    lock = out.resolve().with_name(f".{out.resolve().name}.lock")
    busy = f"{out}: another render is at work on this folder; wait for it"
    summary: Any
    try:
        with alone(lock, busy), progress.counter("rendering") as advance_to:
            if isinstance(options, IrmasOptions):
                summary = render_irmas(out, options, jobs=jobs, progress=advance_to)
            else:
                summary = render_nsynth(out, options, jobs=jobs, progress=advance_to)
    except OSError as error:
        raise unwritable(out, error) from error
    for warning in summary.warnings:
        progress.say(f"warning: {warning}")
    if as_json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        for key, value in asdict(summary).items():
            print(f"{key}: {value}")
        print(out)


def read_options(layout: str, own: dict[str, str], common: dict[str, Any]) -> NSynthOptions | IrmasOptions:
    """Return a layout's options.

    Parameters
    ----------
    layout : {"nsynth", "irmas"}
    own : dict
        What was typed of options that not every layout has, or not with the same values.
    common : dict
        Fields of `Options`.

    Raises
    ------
    FusionError
        Another layout, an option that does not apply to it, or a value that cannot be.
    """
    from fusion.rendering.music.options import IrmasOptions
    from fusion.rendering.notes.options import NSynthOptions

    kinds: dict[str, type[NSynthOptions] | type[IrmasOptions]] = {"nsynth": NSynthOptions, "irmas": IrmasOptions}
    if layout not in kinds:
        near = did_you_mean(layout, kinds)
        raise FusionError(f"{layout}: this data set cannot be rendered{near}; known: {', '.join(kinds)}")
    known = {field.name for field in fields(kinds[layout])}
    for option, typed in own.items():
        if option not in known:
            raise FusionError(f"--{option} {typed}: does not apply to {layout}; leave it out")
    return kinds[layout](**common, **{option: READERS[option](typed) for option, typed in own.items()})


def read_families(text: str) -> tuple[str, ...]:
    """Return the names of ``flute,guitar``."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_pitches(text: str) -> tuple[int, int]:
    """Return the lowest and the highest MIDI key of ``48-72``."""
    match = re.fullmatch(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*", text, re.ASCII)
    if not match:
        raise FusionError(f"--pitches {text}: should be LOW-HIGH, two MIDI keys, such as 48-72")
    return int(match[1]), int(match[2])


def read_velocities(text: str) -> tuple[int, ...]:
    """Return the velocities of ``25,75,127``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,3}", part, re.ASCII) for part in parts):
        raise FusionError(f"--velocities {text}: should be whole numbers with commas between, such as 25,75,127")
    return tuple(map(int, parts))


def read_count(option: str, text: str) -> int:
    """Return the number of ``--notes 20`` or ``--pieces 20``."""
    if not re.fullmatch(r"\s*-?\d{1,9}\s*", text, re.ASCII):
        raise FusionError(f"--{option} {text}: should be a whole number, such as 20")
    return int(text)


def read_level(text: str) -> tuple[float, float]:
    """Return the least and the most of ``3,9``, dB."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(re.fullmatch(r"-?\d{1,3}(\.\d{1,3})?", part, re.ASCII) for part in parts):
        raise FusionError(f"--level {text}: should be LOW,HIGH, two numbers in dB, such as 3,9")
    return float(parts[0]), float(parts[1])


READERS: dict[str, Callable[[str], Any]] = {
    "families": read_families,
    "pitches": read_pitches,
    "velocities": read_velocities,
    "notes": partial(read_count, "notes"),
    "pieces": partial(read_count, "pieces"),
    "level": read_level,
}
