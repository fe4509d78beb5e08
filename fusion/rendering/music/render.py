"""Practice data in IRMAS's layout: music of our own, played by FluidSynth from SoundFonts."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion.datasets.irmas_training import INSTRUMENTS
from fusion.errors import FusionError
from fusion.rendering.fluidsynth import check_fluidsynth
from fusion.rendering.fonts import Fonts, common_sample_warnings, read_fonts
from fusion.rendering.music.mixdown import PieceTask
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import MusicPlan, plan_recordings
from fusion.rendering.music.players import Players, choose_players
from fusion.rendering.music.readme import count_labels, write_music_readme
from fusion.rendering.record import claim, complete, describe
from fusion.runtime.files import replacing
from fusion.runtime.progress import AdvanceTo
from fusion.runtime.workers import run


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


def render_irmas(out: Path, options: IrmasOptions, *, jobs: int = 1, progress: AdvanceTo | None = None) -> IrmasSummary:
    """Render music from SoundFonts into IRMAS's layout.

    Test songs are played by other instruments than training pieces and practice notes of the same fonts and seed, where
    the fonts have several of a class. The record says which instrument leads a song: those songs are one group.
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
    train, test, common = choose_players(fonts.train, fonts.test, options.seed)
    shared = [name for name in common if name in options.families]
    for players, side in ((train, fonts.train), (test, fonts.test)):
        if not any(name in options.families for name in players.lead):
            names = ", ".join(str(font.path) for font in side)
            classes = "" if options.families == INSTRUMENTS else f" {', '.join(options.families)}"
            raise FusionError(f"{names}: no program of IRMAS's classes{classes} in bank 0; name another font")
    plan = plan_recordings(train, test, options.size, options.seed, options.families)
    leads = {song.name: song.piece.parts[0].voice.instrument for song in plan.testing}
    in_notes = [name for name in _in_notes(test) if name in options.families]
    content = {"music": _digest(plan, fonts), "shared": shared, "shared_with_notes": in_notes, "groups": leads}
    record = describe(options, fonts, content)
    claim(out, record)
    outcomes = _play(out, plan, tuple(fonts.by_path), options, jobs, progress)
    planned = [excerpt for recording in plan.recordings for excerpt in recording.excerpts]
    written = [excerpt for excerpt in planned if outcomes[excerpt.path] != "silent"]
    warnings = list(music_warnings(fonts, train, test, shared, options.families))
    if silent := len(planned) - len(written):
        warnings.append(f"silent: {silent} excerpts whose predominant instrument was not heard were left out")
    write_music_readme(out, options, fonts, plan, written, shared, in_notes)
    size = complete(out, record, version, warnings, fonts)
    testing = [excerpt for excerpt in written if excerpt.labelled]
    return IrmasSummary(
        training=count_labels(excerpt for excerpt in written if not excerpt.labelled),
        recordings=dict(Counter(recording.excerpts[0].labels[0] for recording in plan.training)),
        clips=len(testing),
        songs=len(plan.testing),
        labels=count_labels(testing),
        bytes=size,
        warnings=tuple(warnings),
        seconds=time.monotonic() - began,
    )


def _play(
    out: Path,
    plan: MusicPlan,
    fonts: tuple[Path, ...],
    options: IrmasOptions,
    jobs: int,
    progress: AdvanceTo | None,
) -> dict[Path, str]:
    """Write every excerpt, then the planted copies; return what became of each by its relative path."""
    copies, encoding = {target: source for source, target in plan.copies}, options.size.encoding
    tasks = []
    for recording in plan.recordings:
        played = [excerpt for excerpt in recording.excerpts if excerpt.path not in copies]
        excerpts = tuple(replace(excerpt, path=out / excerpt.path) for excerpt in played)
        tasks.append(PieceTask(fonts, recording.seed, recording.piece, excerpts, encoding, options.level))
    total = len(copies) + sum(len(task.excerpts) for task in tasks)
    outcomes: dict[Path, str] = {}
    with run([("fusion.rendering.music.mixdown:play_piece", task) for task in tasks], jobs) as finished:
        for task, results in finished:
            outcomes |= {e.path.relative_to(out): result for e, result in zip(task.excerpts, results, strict=True)}
            if progress is not None:
                progress(len(outcomes), total)
    for target, source in copies.items():
        outcomes[target] = outcomes[source]
        if outcomes[source] != "silent":
            original, copy = (out / f"{path}{encoding.suffix}" for path in (source, target))
            with replacing(copy) as temporary:
                shutil.copyfile(original, temporary)
    if progress is not None and copies:
        progress(len(outcomes), total)
    return outcomes


def _digest(plan: MusicPlan, fonts: Fonts) -> str:
    """Return a hash of every excerpt, and of every note and who plays it."""
    digest = hashlib.sha256()
    for recording in plan.recordings:
        for excerpt in recording.excerpts:
            line = f"{excerpt.path.as_posix()} {excerpt.start} {excerpt.seconds} {excerpt.labels}\n"
            digest.update(line.encode())
        for part in recording.piece.parts:
            voice = part.voice
            player = f"{fonts.described[voice.font]['sha256']} {voice.bank} {voice.program}"
            digest.update(f"{part.role} {part.label} {player} {part.level} {part.pan} {part.tones}\n".encode())
    digest.update("".join(f"{source.as_posix()} {target.as_posix()}\n" for source, target in plan.copies).encode())
    return digest.hexdigest()


def _in_notes(players: Players) -> list[str]:
    """Return the classes that are played by training instruments of practice notes."""
    return [name for name, voices in players.lead.items() if any(voice.in_notes for voice in voices)]


def music_warnings(
    fonts: Fonts, train: Players, test: Players, shared: Sequence[str], classes: Sequence[str]
) -> Iterator[str]:
    """Yield what a reader of the plan must know: what both sides share, and classes that one side lacks."""
    yield from common_sample_warnings(fonts, ", where their class has others")
    if shared:
        yield f"shared-groups: the instruments of {', '.join(shared)} are the same in train and test, in other pieces"
    if in_notes := [name for name in _in_notes(test) if name in classes]:
        yield (
            f"shared-groups: test instruments of {', '.join(in_notes)} are training instruments of practice notes from "
            "the same fonts, for want of others"
        )
    for side, players in (("train", train), ("test", test)):
        for name in classes:
            if name not in players.lead:
                yield f"missing-class: {side} has no {name}"
