"""Practice data in NSynth's layout: notes played by FluidSynth from SoundFonts."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from fusion.datasets.nsynth_notes import FAMILIES
from fusion.errors import FusionError
from fusion.rendering.fluidsynth import CEILING, FLOOR, check_fluidsynth
from fusion.rendering.fonts import Fonts, common_sample_warnings, read_fonts
from fusion.rendering.notes.instruments import Instrument, choose_instruments
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SPLITS, Note, plan_notes
from fusion.rendering.notes.play import NotesTask
from fusion.rendering.notes.readme import count_instruments, write_notes_readme
from fusion.rendering.options import as_typed
from fusion.rendering.record import claim, complete, describe
from fusion.runtime.files import write_text
from fusion.runtime.progress import AdvanceTo
from fusion.runtime.workers import run


@dataclass(frozen=True)
class NSynthSummary:
    """What was written: counts by split (of instruments also by family), bytes in all, warnings, seconds."""

    notes: dict[str, int]
    instruments: dict[str, dict[str, int]]
    bytes: int
    warnings: tuple[str, ...]
    seconds: float


def render_nsynth(
    out: Path, options: NSynthOptions, *, jobs: int = 1, progress: AdvanceTo | None = None
) -> NSynthSummary:
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
    NSynthSummary

    Raises
    ------
    FusionError
        FluidSynth or a font is missing or damaged, the fonts have none of the families' keys, `out` holds something
        else, or the audio is meant for sharing and a font's licence is not known.
    """
    began = time.monotonic()
    version = check_fluidsynth()
    fonts = read_fonts(options)
    instruments = choose_instruments(
        fonts.train, fonts.test, options.seed, options.families, options.pitches, options.size.hold_out
    )
    notes = plan_notes(instruments, options.size, options.seed, options.velocities)
    if not notes:
        raise _no_notes(fonts, options)
    record = describe(options, fonts, {"notes": _digest(notes)})
    claim(out, record)
    outcomes: dict[int, str] = {}
    tasks = [
        NotesTask(out / f"nsynth-{split}", options.size.encoding, tuple(fonts.by_path), tuple(group))
        for (split, _), group in groupby(notes, key=lambda note: (note.split, note.instrument))
    ]
    with run([("fusion.rendering.notes.play:play_notes", task) for task in tasks], jobs) as finished:
        for task, results in finished:
            outcomes |= {note.number: result for note, result in zip(task.notes, results, strict=True)}
            if progress is not None:
                progress(len(outcomes), len(notes))
    heard = [note for note in notes if outcomes[note.number] != "silent"]
    written = {split: [note for note in heard if note.split == split] for split in SPLITS}
    for split in SPLITS:
        _write_examples(out / f"nsynth-{split}", written[split])
    warnings = [*notes_warnings(fonts, instruments, options.families), *_outcome_warnings(outcomes)]
    write_notes_readme(out, options, fonts, written)
    size = complete(out, record, version, warnings, fonts)
    return NSynthSummary(
        notes={split: len(written[split]) for split in SPLITS},
        instruments={split: count_instruments(written[split]) for split in SPLITS},
        bytes=size,
        warnings=tuple(warnings),
        seconds=time.monotonic() - began,
    )


def _no_notes(fonts: Fonts, options: NSynthOptions) -> FusionError:
    names = ", ".join(map(str, fonts.by_path))
    wanted = ", ".join(options.families) if options.families != FAMILIES else "NSynth's families"
    keys = "" if options.pitches == (0, 127) else f" with two keys in {as_typed('pitches', options.pitches)}"
    remedy = "name another font" + (", or ask for more" if options.changes() else "")
    return FusionError(f"{names}: bank 0 has no program of {wanted}{keys}; {remedy}")


def _digest(notes: Sequence[Note]) -> str:
    """Return a hash of every note and who plays it."""
    lines = "\n".join(f"{n.split} {n.number} {n.note_str} {n.font.name} {n.program}" for n in notes)
    return hashlib.sha256(lines.encode()).hexdigest()


def _write_examples(folder: Path, notes: Sequence[Note]) -> None:
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(note.note_str)}: {json.dumps(note.as_example())}" for note in notes)
    write_text(folder / "examples.json", "{\n" + lines + "\n}\n")


def notes_warnings(fonts: Fonts, instruments: Sequence[Instrument], families: Sequence[str]) -> Iterator[str]:
    """Yield what a reader of the plan must know: common samples of both sides, families that one side lacks."""
    yield from common_sample_warnings(fonts)
    trained = {instrument.family for instrument in instruments if not instrument.held_out}
    tested = {instrument.family for instrument in instruments if instrument.held_out} or trained  # nothing held out
    for family in families:
        if family not in trained:
            yield f"missing-class: train has no {family}"
        if family not in tested and family != "synth_lead":
            yield f"missing-class: valid and test have no {family}"


def _outcome_warnings(outcomes: dict[int, str]) -> Iterator[str]:
    counts = Counter(outcomes.values())
    if counts["silent"]:
        yield f"silent: {counts['silent']} notes stayed below a peak of {FLOOR:g} and were left out"
    if counts["loud"]:
        yield f"loud: {counts['loud']} notes were turned down to a peak of {CEILING:g}"
