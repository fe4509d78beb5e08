"""Practice data in IRMAS's layout: music of our own, played by FluidSynth from SoundFonts."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.rendering.claim import claim, complete
from fusion.rendering.fluidsynth import GAIN, check_fluidsynth
from fusion.rendering.fonts import Fonts, read_fonts, warn_of_common_samples
from fusion.rendering.licences import write_terms
from fusion.rendering.music.mixdown import Task
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import Plan, plan_recordings
from fusion.rendering.music.players import Cast, choose_players
from fusion.rendering.music.readme import write_notices
from fusion.runtime.files import replacing
from fusion.runtime.workers import run
from fusion.settings.datasets import INSTRUMENTS


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
    out: Path, options: IrmasOptions, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> IrmasSummary:
    """Render music from SoundFonts into IRMAS's layout.

    Test songs are played by other instruments than training pieces, where the fonts have several of a class.
    An interrupted render of the same plan is continued. Same fonts and options: same names, labels and
    decoded audio, whatever `jobs`.

    Parameters
    ----------
    out : Path
        New or empty folder.
    options : IrmasOptions
        The preset "sample" has 15 training excerpts a class and about 55 to test in Vorbis, under 11.5 MB;
        "practice" 100 and about 330 in FLAC.
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
        FluidSynth or a font is missing or damaged, the fonts have none of the classes, `out` holds something
        else, or the audio is meant for sharing and a font's licence is not known.
    """
    began = time.monotonic()
    version = check_fluidsynth()
    fonts = read_fonts(options)
    train_cast, test_cast, shared = choose_players(fonts.train, fonts.test, options.seed)
    shared = [name for name in shared if name in options.families]
    casts = (train_cast, test_cast)
    for cast, side in zip(casts, (fonts.train, fonts.test), strict=True):
        if not any(name in options.families for name in cast.lead):
            names = ", ".join(str(font.path) for font in side)
            classes = "" if options.families == INSTRUMENTS else f" {', '.join(options.families)}"
            raise FusionError(f"{names}: no program of IRMAS's classes{classes} in bank 0; name another font")
    plan = plan_recordings(train_cast, test_cast, options.size, options.seed, options.families)
    record = _describe(options, fonts, plan) | {"shared": shared}
    claim(out, record)
    outcomes = _play(out, plan, tuple(fonts.every), options, jobs, progress)
    cuts = {cut.path: cut for recording in (*plan.training, *plan.testing) for cut in recording.cuts}
    written = [cut for path, cut in cuts.items() if outcomes[path] != "silent"]
    warnings = [*_warn_of_plan(fonts, casts, shared, options.families)]
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
        "most": max((len(cut.labels) for cut in testing), default=0),
        "copies": [[cuts[path].labels[0] for path in pair] for pair in plan.copies if outcomes[pair[0]] != "silent"],
    }  # fmt: skip
    write_notices(out, options, record, figures, write_terms(out, fonts.every, fonts.licences))
    complete(out, record, version, warnings, fonts)
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
    options: IrmasOptions,
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> dict[Path, str]:
    """Write every excerpt, then the planted copies; return what became of each by its relative path."""
    copies, preset = {target: source for source, target in plan.copies}, options.size
    tasks = []
    for recording in (*plan.training, *plan.testing):
        cuts = tuple(replace(cut, path=out / cut.path) for cut in recording.cuts if cut.path not in copies)
        piece = (recording.seed, recording.piece, cuts)
        tasks.append(Task(fonts, *piece, preset.suffix, preset.options, options.level))
    total = len(copies) + sum(len(task.cuts) for task in tasks)
    outcomes: dict[Path, str] = {}
    for task, results in run([("fusion.rendering.music.mixdown:play_piece", task) for task in tasks], jobs):
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


def _describe(options: IrmasOptions, fonts: Fonts, plan: Plan) -> dict[str, Any]:
    """Return what identifies a render: settings, the fonts' content, every note and every excerpt."""
    lines = hashlib.sha256()
    for recording in (*plan.training, *plan.testing):
        for cut in recording.cuts:
            lines.update(f"{cut.path.as_posix()} {cut.start} {cut.seconds} {cut.labels}\n".encode())
        for part in recording.piece.parts:
            voice = part.voice
            player = f"{fonts.described[voice.font]['sha256']} {voice.bank} {voice.program}"
            lines.update(f"{part.role} {part.label} {player} {part.level} {part.pan} {part.tones}\n".encode())
    lines.update("".join(f"{source.as_posix()} {target.as_posix()}\n" for source, target in plan.copies).encode())
    settings = {"layout": "irmas", "preset": options.preset, "seed": options.seed, "gain": GAIN}
    settings |= {"options": changes} if (changes := options.changes()) else {}
    return settings | {"fonts": list(fonts.described.values()), "music": lines.hexdigest()}


def _warn_of_plan(fonts: Fonts, casts: Sequence[Cast], shared: Sequence[str], classes: Sequence[str]) -> Iterator[str]:
    yield from warn_of_common_samples(fonts, ", where their class has others")
    if shared:
        yield f"shared-groups: the instruments of {', '.join(shared)} are the same in train and test, in other pieces"
    for side, cast in zip(("train", "test"), casts, strict=True):
        for name in classes:
            if name not in cast.lead:
                yield f"missing-class: {side} has no {name}"
