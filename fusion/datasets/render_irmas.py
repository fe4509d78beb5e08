"""Practice data in IRMAS's layout: music of our own, played by FluidSynth from SoundFonts."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from fusion.datasets.claim import claim, describe_fonts
from fusion.datasets.mixdown import Task
from fusion.datasets.notices_irmas import write_notices
from fusion.datasets.players import PROGRAMS, Cast, choose_players
from fusion.datasets.recordings import PRESETS, Plan, Preset, plan_recordings
from fusion.datasets.soundfont import SoundFont, read_soundfont
from fusion.datasets.synthesis import GAIN, check_fluidsynth, find_fluidr3
from fusion.errors import FusionError
from fusion.files import replacing, write_json
from fusion.workers import run


@dataclass(frozen=True)
class IrmasSummary:
    """What was written: training excerpts and pieces by class, test excerpts, songs and labels; bytes, warnings, s."""

    training: dict[str, int]
    recordings: dict[str, int]
    clips: int
    songs: int
    labels: dict[str, int]
    bytes: int
    warnings: tuple[str, ...]
    seconds: float


def render_irmas(
    out: Path,
    *,
    preset: Literal["sample", "practice"],
    train_fonts: Sequence[Path] = (),
    test_fonts: Sequence[Path] = (),
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> IrmasSummary:
    """Render music from SoundFonts into IRMAS's layout.

    Test songs are played by other instruments than training pieces, where the fonts have several of a class.
    An interrupted render of the same plan is continued. Same fonts, preset and seed: same names, labels and
    decoded audio, whatever `jobs`.

    Parameters
    ----------
    out : Path
        New or empty folder.
    preset : {"sample", "practice"}
        15 training excerpts a class and about 55 to test in Vorbis, under 11.5 MB, or 100 and about 330 in FLAC.
    train_fonts, test_fonts : sequences of Path
        SF2 files for both sides. Without train's, FluidR3; without test's, those of train.
    seed : int
        The music, and which instruments test gets.
    jobs : int
        Worker processes.
    progress : callable, optional
        Called with (excerpts done, excerpts in all).

    Returns
    -------
    IrmasSummary

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
    train_cast, test_cast, shared = choose_players(train, test, seed)
    casts = (train_cast, test_cast)
    for cast, side in zip(casts, (train, test), strict=True):
        if not cast.lead:
            names = ", ".join(str(font.path) for font in side)
            raise FusionError(f"{names}: no program of IRMAS's classes in bank 0; name another font")
    plan = plan_recordings(train_cast, test_cast, PRESETS[preset], seed)
    record = _describe(preset, seed, train, test, plan) | {"shared": shared}
    claim(out, record)
    outcomes = _play(out, plan, tuple(fonts), PRESETS[preset], jobs, progress)
    cuts = {cut.path: cut for recording in (*plan.training, *plan.testing) for cut in recording.cuts}
    written = [cut for path, cut in cuts.items() if outcomes[path] != "silent"]
    warnings = [*_warn_of_plan(train, test, casts, shared)]
    if silent := len(cuts) - len(written):
        warnings.append(f"silent: {silent} excerpts whose predominant instrument was not heard were left out")
    training = Counter(cut.labels[0] for cut in written if not cut.labelled)
    testing = [cut for cut in written if cut.labelled]
    labels = Counter(label for cut in testing for label in cut.labels)
    recordings = Counter(recording.cuts[0].labels[0] for recording in plan.training)
    figures = {
        "training": dict(training), "labels": dict(labels), "excerpts": sum(training.values()),
        "recordings": len(plan.training), "songs": len(plan.testing), "clips": len(testing),
        "shortest": min((cut.seconds for cut in testing), default=0.0),
        "longest": max((cut.seconds for cut in testing), default=0.0),
    }  # fmt: skip
    write_notices(out, record, figures)
    write_json(out / "render.json", record | {"fluidsynth": version, "warnings": warnings})
    return IrmasSummary(
        training=dict(sorted(training.items())),
        recordings=dict(recordings),
        clips=len(testing),
        songs=len(plan.testing),
        labels=dict(sorted(labels.items())),
        bytes=sum(file.stat().st_size for file in out.rglob("*") if file.is_file()),
        warnings=tuple(warnings),
        seconds=time.monotonic() - began,
    )


def _play(
    out: Path,
    plan: Plan,
    fonts: tuple[Path, ...],
    preset: Preset,
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> dict[Path, str]:
    """Write every excerpt, then the planted copies; return what became of each by its relative path."""
    copies = {target: source for source, target in plan.copies}
    tasks = []
    for recording in (*plan.training, *plan.testing):
        cuts = tuple(replace(cut, path=out / cut.path) for cut in recording.cuts if cut.path not in copies)
        tasks.append(Task(fonts, recording.seed, recording.piece, cuts, preset.suffix, preset.options))
    total = len(copies) + sum(len(task.cuts) for task in tasks)
    outcomes: dict[Path, str] = {}
    for task, results in run([("fusion.datasets.mixdown:play_piece", task) for task in tasks], jobs):
        outcomes |= {cut.path.relative_to(out): result for cut, result in zip(task.cuts, results, strict=True)}
        if progress is not None:
            progress(len(outcomes), total)
    for target, source in copies.items():
        outcomes[target] = outcomes[source]
        if outcomes[source] != "silent":
            original, copy = (out / f"{path}{preset.suffix}" for path in (source, target))
            with replacing(copy) as temporary:
                shutil.copyfile(original, temporary)
    if progress is not None and copies:
        progress(len(outcomes), total)
    return outcomes


def _describe(
    preset: str, seed: int, train: Sequence[SoundFont], test: Sequence[SoundFont], plan: Plan
) -> dict[str, Any]:
    """Return what identifies a render: settings, the fonts' content, every note and every excerpt."""
    fonts = describe_fonts(train, test)
    lines = hashlib.sha256()
    for recording in (*plan.training, *plan.testing):
        for cut in recording.cuts:
            lines.update(f"{cut.path.as_posix()} {cut.start} {cut.seconds} {cut.labels}\n".encode())
        for part in recording.piece.parts:
            voice = part.voice
            player = f"{fonts[voice.font]['sha256']} {voice.bank} {voice.program}"
            lines.update(f"{part.role} {part.label} {player} {part.level} {part.pan} {part.tones}\n".encode())
    lines.update("".join(f"{source.as_posix()} {target.as_posix()}\n" for source, target in plan.copies).encode())
    settings = {"layout": "irmas", "preset": preset, "seed": seed, "gain": GAIN, "fonts": list(fonts.values())}
    return settings | {"music": lines.hexdigest()}


def _warn_of_plan(
    train: Sequence[SoundFont], test: Sequence[SoundFont], casts: Sequence[Cast], shared: Sequence[str]
) -> Iterator[str]:
    for one in train:
        for other in test:
            if one.path != other.path and (common := one.samples & other.samples):
                yield (
                    f"shared-groups: {one.path} (train) and {other.path} (test) have {len(common)} samples "
                    "in common; instruments that play any of them are on one side only, where their class has others"
                )
    if shared:
        yield f"shared-groups: the instruments of {', '.join(shared)} are the same in train and test, in other pieces"
    for side, cast in zip(("train", "test"), casts, strict=True):
        for name in PROGRAMS:
            if name not in cast.lead:
                yield f"missing-class: {side} has no {name}"
