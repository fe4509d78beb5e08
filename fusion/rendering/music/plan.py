"""The plan of a render in IRMAS's layout: which pieces, which excerpts of them, under which names. Makes no sound."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fusion.rendering.music.composer import Cut, Piece, Span, compose
from fusion.rendering.music.players import CLASSES, Cast
from fusion.rendering.music.styles import GENRES

TRAINING = "IRMAS-TrainingData"
TESTING = (
    "IRMAS-TestingData-Part1/Part1",
    "IRMAS-TestingData-Part2/IRTestingData-Part2",
    "IRMAS-TestingData-Part3/Part3",
)
EXCERPT = 3.0
"""Length of a training excerpt, s."""
GAP = 1.6
"""Between two test excerpts of a song, s: time for what played in one to die away before the next."""


@dataclass(frozen=True)
class Preset:
    """How much there is of each class, and how it is written.

    `pieces` train, with 3 and 2 excerpts by turns; `songs` test, with `clips` excerpts by turns, `seconds` long.
    """

    pieces: int
    songs: int
    clips: tuple[int, ...]
    seconds: tuple[float, float]
    suffix: str
    options: dict[str, Any]


_OGG = {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.8}
_FLAC = {"format": "FLAC", "subtype": "PCM_16", "compression_level": 0.0}
PRESETS = {
    "sample": Preset(6, 2, (2, 3), (5.0, 7.0), ".ogg", _OGG),
    "practice": Preset(40, 7, (4, 5, 4), (5.0, 12.0), ".flac", _FLAC),
}


@dataclass(frozen=True)
class Recording:
    """A piece and the excerpts that are taken from it; `song` is the number of training or the name of test."""

    song: str
    seed: str
    piece: Piece
    cuts: tuple[Cut, ...]


@dataclass(frozen=True)
class Plan:
    """All recordings, and `copies`: paths of an excerpt and of another one that shall have the same bytes."""

    training: tuple[Recording, ...]
    testing: tuple[Recording, ...]
    copies: tuple[tuple[Path, Path], ...]


def plan_recordings(train: Cast, test: Cast, preset: Preset, seed: int, classes: Sequence[str] = CLASSES) -> Plan:
    """Plan a render.

    Parameters
    ----------
    train, test : Cast
        The players of both sides.
    preset : Preset
    seed : int
        The music, and all that is chosen.
    classes : sequence of str
        Those that are predominant; any of the casts may accompany.

    Returns
    -------
    Plan
        Paths are relative and without suffix.
    """
    training = _training(train, preset, seed, [label for label in train.lead if label in classes])
    testing = _testing(test, preset, seed, [label for label in test.lead if label in classes])
    return Plan(tuple(training), tuple(testing), tuple(_copies(training)))


def _training(cast: Cast, preset: Preset, seed: int, classes: Sequence[str]) -> list[Recording]:
    recordings: list[Recording] = []
    for label in classes:
        for index in range(preset.pieces):
            number = f"{len(recordings) + 1:04d}"
            name = f"train {seed} {number}"
            chance = random.Random(f"excerpts {name}")
            starts, now = [], chance.uniform(0.2, 1.5)
            for _ in range(3 - index % 2):
                starts.append(round(now, 3))
                now += EXCERPT + chance.uniform(0.2, 2.0)
            seconds = starts[-1] + EXCERPT
            genre = chance.choice(GENRES[label])
            piece = compose(cast, {label: [(0.0, seconds)]}, genre, seconds, name)
            tagged = len(recordings) % 40 == 15 or chance.random() < 0.28
            drums = "---" if len(recordings) % 40 == 15 else "dru" if piece.drums else "nod"
            stem = f"{index + 1:03d}__[{label}][{drums}]" if tagged else f"[{label}]"
            cuts = [
                Cut(Path(TRAINING, label, f"{stem}[{genre}]{number}__{part}"), start, EXCERPT, (label,), False)
                for part, start in enumerate(starts, 1)
            ]
            recordings.append(Recording(number, name, piece, tuple(cuts)))
    return recordings


def _copies(training: Sequence[Recording]) -> list[tuple[Path, Path]]:
    """Return two plants, as in the real data: in one class, and in two that contradict each other."""
    of: dict[str, list[Cut]] = {}
    for recording in training:
        of.setdefault(recording.cuts[0].labels[0], []).append(recording.cuts[0])
    return [
        (of[one][source].path, of[other][target].path)
        for one, source, other, target in (("gac", 0, "gac", 2), ("gac", 1, "gel", 1))
        if len(of.get(one, ())) > source and len(of.get(other, ())) > target
    ]


def _testing(cast: Cast, preset: Preset, seed: int, classes: Sequence[str]) -> list[Recording]:
    chance = random.Random(f"songs {seed}")
    titles = _titles(chance, len(classes) * preset.songs)
    others: list[str] = []
    recordings: list[Recording] = []
    for index, title in enumerate(titles):
        name = f"test {seed} {index}"
        leads = [classes[index % len(classes)]]
        for _ in range(min(chance.choice((1, 1, 1, 2, 2)), len(classes) - 1)):
            while not (free := [label for label in others if label not in leads]):
                others.extend(chance.sample(classes, len(classes)))  # each class as often as any other
            others.remove(free[0])
            leads.append(free[0])
        song = f"{chance.randint(1, 14):02d} - {chance.choice(_ARTISTS)} - {title}"
        folder = TESTING[index % len(TESTING)]
        spans: dict[str, list[Span]] = {label: [] for label in leads}
        cuts, now = [], chance.uniform(0.0, 1.0)
        for number in range(1, preset.clips[index % len(preset.clips)] + 1):
            seconds = round(chance.uniform(*preset.seconds), 2)
            labels = _labels(chance, leads, number)
            turn = len(labels) > 1 and chance.random() < 0.4 and seconds / len(labels) >= 2
            step = seconds / len(labels) if turn else 0.0
            for place, label in enumerate(labels):
                spans[label].append((now + place * step, now + (place + 1) * step if turn else now + seconds))
            cuts.append(Cut(Path(folder, f"{song}-{number}"), now, seconds, labels, True))
            now += seconds + GAP
        genre = chance.choice(GENRES[leads[0]])
        piece = compose(cast, spans, genre, now - GAP, name)
        recordings.append(Recording(song, name, piece, tuple(cuts)))
    return recordings


def _titles(chance: random.Random, count: int) -> list[str]:
    """Return different titles; where there are not enough, they come again with numbers."""
    titles = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    rounds = -(-count // len(titles))
    return chance.sample(titles + [f"{title} {turn}" for turn in range(2, rounds + 1) for title in titles], count)


def _labels(chance: random.Random, leads: Sequence[str], number: int) -> tuple[str, ...]:
    """Return who is predominant in a song's excerpt: first and third one of them, second all or two."""
    if number == 1 or len(leads) == 1:
        return (leads[0],)
    if number % 2:
        return (chance.choice(leads),)
    count = 1 if number > 2 and chance.random() < 0.5 else chance.randint(2, len(leads))
    chosen = chance.sample(leads, count)
    return tuple(chosen)


_ARTISTS = ("The Practice Room", "Lena and the Clocks", "Quartet for Nobody", "Blue Copper", "Orchestra of Chance")
_FIRST = ("Paper", "Northern", "Slow", "Copper", "Second", "Winter", "Hollow", "Bright", "Seven", "Borrowed", "Idle")
_SECOND = ("Harbour", "Letters", "Bridges", "Morning", "Machines", "Orchard", "Windows", "Rivers", "Lanterns", "Steps")
