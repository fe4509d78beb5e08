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
from typing import Any, Literal

from fusion.datasets.claim import claim, describe_fonts
from fusion.datasets.instruments import Instrument, choose_instruments
from fusion.datasets.notes import PRESETS, SPLITS, Note, plan_notes
from fusion.datasets.notices import count_instruments, write_notices
from fusion.datasets.soundfont import SoundFont, read_soundfont
from fusion.datasets.synthesis import CEILING, FLOOR, GAIN, Task, check_fluidsynth, find_fluidr3
from fusion.errors import FusionError
from fusion.files import write_json, write_text
from fusion.spec.datasets import FAMILIES
from fusion.workers import run


@dataclass(frozen=True)
class RenderSummary:
    """What was written: counts by split (of instruments also by family), bytes in all, warnings, seconds."""

    notes: dict[str, int]
    instruments: dict[str, dict[str, int]]
    bytes: int
    warnings: tuple[str, ...]
    seconds: float


def render_nsynth(
    out: Path,
    *,
    preset: Literal["sample", "practice"],
    train_fonts: Sequence[Path] = (),
    test_fonts: Sequence[Path] = (),
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> RenderSummary:
    """Render notes from SoundFonts into NSynth's layout.

    Valid and test share their instruments and divide each one's pitches; train has the other instruments.
    An interrupted render of the same plan is continued. Same fonts, preset and seed: same ``examples.json``
    and same decoded audio, whatever `jobs`.

    Parameters
    ----------
    out : Path
        New or empty folder.
    preset : {"sample", "practice"}
        About 900 notes in Vorbis, under 15 MB, or about 5,400 in FLAC.
    train_fonts, test_fonts : sequences of Path
        SF2 files for train, and for valid and test. Without train's, FluidR3; without test's, those of train.
    seed : int
        Which instruments are held out, and which notes are chosen.
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
        FluidSynth or a font is missing or damaged, or `out` holds something else.
    """
    began = time.monotonic()
    version = check_fluidsynth()
    train_paths = list(train_fonts) or [find_fluidr3()]
    fonts = {path: read_soundfont(path) for path in (*train_paths, *test_fonts)}
    train = [fonts[path] for path in train_paths]
    test = [fonts[path] for path in test_fonts] or train
    instruments = choose_instruments(train, test, seed)
    notes = plan_notes(instruments, PRESETS[preset], seed)
    if not notes:
        names = ", ".join(map(str, fonts))
        raise FusionError(f"{names}: bank 0 has no program of NSynth's families; name another font")
    plan = _describe(preset, seed, train, test, notes)
    claim(out, plan)
    outcomes: dict[int, str] = {}
    written: dict[str, list[Note]] = {}
    tasks = [
        Task(out / f"nsynth-{split}", PRESETS[preset], tuple(fonts), tuple(group))
        for (split, _), group in groupby(notes, key=lambda note: (note.split, note.instrument))
    ]
    for task, results in run([("fusion.datasets.synthesis:play_notes", task) for task in tasks], jobs):
        outcomes |= {note.number: result for note, result in zip(task.notes, results, strict=True)}
        if progress is not None:
            progress(len(outcomes), len(notes))
        for split in SPLITS:
            planned = [note for note in notes if note.split == split]
            if split not in written and all(note.number in outcomes for note in planned):
                written[split] = [note for note in planned if outcomes[note.number] != "silent"]
                _write_examples(out / f"nsynth-{split}", written[split])
    warnings = [*_warn_of_plan(train, test, instruments), *_warn_of_outcomes(outcomes)]
    write_json(out / "render.json", plan | {"fluidsynth": version, "warnings": warnings})
    write_notices(out, plan, written)
    return RenderSummary(
        notes={split: len(written[split]) for split in SPLITS},
        instruments={split: count_instruments(written[split]) for split in SPLITS},
        bytes=sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
        warnings=tuple(warnings),
        seconds=time.monotonic() - began,
    )


def _describe(
    preset: str, seed: int, train: Sequence[SoundFont], test: Sequence[SoundFont], notes: Sequence[Note]
) -> dict[str, Any]:
    """Return what identifies a render: settings, the fonts' content and every note."""
    fonts = describe_fonts(train, test)
    lines = "\n".join(f"{n.split} {n.number} {n.note_str} {n.font.name} {n.program}" for n in notes)
    settings = {"preset": preset, "seed": seed, "gain": GAIN, "fonts": list(fonts.values())}
    return settings | {"notes": hashlib.sha256(lines.encode()).hexdigest()}


def _write_examples(folder: Path, notes: Sequence[Note]) -> None:
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(note.note_str)}: {json.dumps(note.as_example())}" for note in notes)
    write_text(folder / "examples.json", "{\n" + lines + "\n}\n")


def _warn_of_plan(
    train: Sequence[SoundFont], test: Sequence[SoundFont], instruments: Sequence[Instrument]
) -> Iterator[str]:
    for one in train:
        for other in test:
            if one.path != other.path and (common := one.samples & other.samples):
                yield (
                    f"shared-groups: {one.path} (train) and {other.path} (test) have {len(common)} samples "
                    "in common; instruments that play any of them are on one side only"
                )
    held = {instrument.family for instrument in instruments if instrument.held_out}
    trained = {instrument.family for instrument in instruments if not instrument.held_out}
    for family in FAMILIES:
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
