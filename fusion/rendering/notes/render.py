"""Practice data in NSynth's layout: notes played by FluidSynth from SoundFonts."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.rendering.claim import claim, complete
from fusion.rendering.fluidsynth import CEILING, FLOOR, GAIN, check_fluidsynth
from fusion.rendering.fonts import Fonts, read_fonts, warn_of_common_samples
from fusion.rendering.licences import write_terms
from fusion.rendering.notes.instruments import Instrument, choose_instruments
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SPLITS, Note, plan_notes
from fusion.rendering.notes.play import Task
from fusion.rendering.notes.readme import count_instruments, write_notices
from fusion.rendering.options import show
from fusion.runtime.files import write_text
from fusion.runtime.workers import run
from fusion.settings.datasets import FAMILIES


@dataclass(frozen=True)
class RenderSummary:
    """What was written: counts by split (of instruments also by family), bytes in all, warnings, seconds."""

    notes: dict[str, int]
    instruments: dict[str, dict[str, int]]
    bytes: int
    warnings: tuple[str, ...]
    seconds: float


def render_nsynth(
    out: Path, options: NSynthOptions, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> RenderSummary:
    """Render notes from SoundFonts into NSynth's layout.

    Valid and test share their instruments and divide each one's pitches; train has the other instruments.
    An interrupted render of the same plan is continued. Same fonts and options: same ``examples.json``
    and same decoded audio, whatever `jobs`.

    Parameters
    ----------
    out : Path
        New or empty folder.
    options : NSynthOptions
        The preset "sample" has about 900 notes in Vorbis, under 15 MB; "practice" about 5,400 in FLAC.
    jobs : int
        Worker processes.
    progress : callable, optional
        Called with (notes done, notes in all).

    Returns
    -------
    RenderSummary

    Raises
    ------
    FusionError
        FluidSynth or a font is missing or damaged, the fonts have none of the families' keys, `out` holds something
        else, or the audio is meant for sharing and a font's licence is not known.
    """
    began = time.monotonic()
    version = check_fluidsynth()
    fonts = read_fonts(options)
    instruments = choose_instruments(fonts.train, fonts.test, options.seed, options.families, options.pitches)
    notes = plan_notes(instruments, options.size, options.seed, options.velocities)
    if not notes:
        raise _without_notes(fonts, options)
    plan = _describe(options, fonts, notes)
    claim(out, plan)
    outcomes: dict[int, str] = {}
    written: dict[str, list[Note]] = {}
    tasks = [
        Task(out / f"nsynth-{split}", options.size, tuple(fonts.every), tuple(group))
        for (split, _), group in groupby(notes, key=lambda note: (note.split, note.instrument))
    ]
    for task, results in run([("fusion.rendering.notes.play:play_notes", task) for task in tasks], jobs):
        outcomes |= {note.number: result for note, result in zip(task.notes, results, strict=True)}
        if progress is not None:
            progress(len(outcomes), len(notes))
        for split in SPLITS:
            planned = [note for note in notes if note.split == split]
            if split not in written and all(note.number in outcomes for note in planned):
                written[split] = [note for note in planned if outcomes[note.number] != "silent"]
                _write_examples(out / f"nsynth-{split}", written[split])
    warnings = [*_warn_of_plan(fonts, instruments, options.families), *_warn_of_outcomes(outcomes)]
    write_notices(out, options, plan, written, write_terms(out, fonts.every, fonts.licences))
    complete(out, plan, version, warnings, fonts)
    return RenderSummary(
        notes={split: len(written[split]) for split in SPLITS},
        instruments={split: count_instruments(written[split]) for split in SPLITS},
        bytes=sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
        warnings=tuple(warnings),
        seconds=time.monotonic() - began,
    )


def _without_notes(fonts: Fonts, options: NSynthOptions) -> FusionError:
    names = ", ".join(map(str, fonts.every))
    wanted = ", ".join(options.families) if options.families != FAMILIES else "NSynth's families"
    keys = "" if options.pitches == (0, 127) else f" with two keys in {show('pitches', options.pitches)}"
    remedy = "name another font" + (", or ask for more" if options.changes() else "")
    return FusionError(f"{names}: bank 0 has no program of {wanted}{keys}; {remedy}")


def _describe(options: NSynthOptions, fonts: Fonts, notes: Sequence[Note]) -> dict[str, Any]:
    """Return what identifies a render: settings, the fonts' content and every note."""
    lines = "\n".join(f"{n.split} {n.number} {n.note_str} {n.font.name} {n.program}" for n in notes)
    settings = {"preset": options.preset, "seed": options.seed, "gain": GAIN}
    settings |= {"options": changes} if (changes := options.changes()) else {}
    return settings | {"fonts": list(fonts.described.values()), "notes": hashlib.sha256(lines.encode()).hexdigest()}


def _write_examples(folder: Path, notes: Sequence[Note]) -> None:
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(note.note_str)}: {json.dumps(note.as_example())}" for note in notes)
    write_text(folder / "examples.json", "{\n" + lines + "\n}\n")


def _warn_of_plan(fonts: Fonts, instruments: Sequence[Instrument], families: Sequence[str]) -> Iterator[str]:
    yield from warn_of_common_samples(fonts)
    held = {instrument.family for instrument in instruments if instrument.held_out}
    trained = {instrument.family for instrument in instruments if not instrument.held_out}
    for family in families:
        if family not in trained:
            yield f"missing-class: train has no {family}"
        if family not in held and family != "synth_lead":
            yield f"missing-class: valid and test have no {family}"


def _warn_of_outcomes(outcomes: dict[int, str]) -> Iterator[str]:
    counts = Counter(outcomes.values())
    if counts["silent"]:
        yield f"silent: {counts['silent']} notes stayed below a peak of {FLOOR:g} and were left out"
    if counts["loud"]:
        yield f"loud: {counts['loud']} notes were turned down to a peak of {CEILING:g}"
