"""The plan of a render in IRMAS's layout: which pieces, which excerpts of them, under which names. Makes no sound."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion.rendering.encoding import Encoding
from fusion.rendering.music.composer import Piece, Span, compose
from fusion.rendering.music.players import CLASSES, Players
from fusion.rendering.music.styles import GENRES

TRAINING = "IRMAS-TrainingData"
TESTING = (
    "IRMAS-TestingData-Part1/Part1",
    "IRMAS-TestingData-Part2/IRTestingData-Part2",
    "IRMAS-TestingData-Part3/Part3",
)
EXCERPT_SECONDS = 3.0
"""Length of a training excerpt, s."""
GAP = 1.6
"""Between two test excerpts of a song, s: time for what played in one to die away before the next."""


@dataclass(frozen=True)
class MusicSize:
    """How much there is of each class, and how it is written.

    `pieces` train, with 3 and 2 excerpts by turns; `songs` test, with `clips` excerpts by turns, `seconds` long.
    """

    pieces: int
    songs: int
    clips: tuple[int, ...]
    seconds: tuple[float, float]
    encoding: Encoding

    def scaled(self, pieces: int) -> MusicSize:
        """Return a size with so many training pieces of a class; songs to test keep their proportion."""
        return replace(self, pieces=pieces, songs=max(1, round(self.songs * pieces / self.pieces)))


_OGG = Encoding(".ogg", {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.8})
_FLAC = Encoding(".flac", {"format": "FLAC", "subtype": "PCM_16", "compression_level": 0.0})
SIZES = {
    "sample": MusicSize(6, 2, (2, 3), (5.0, 7.0), _OGG),
    "practice": MusicSize(40, 7, (4, 5, 4), (5.0, 12.0), _FLAC),
}
"""By the name of the preset."""


@dataclass(frozen=True)
class Excerpt:
    """An excerpt of a piece: path without suffix, from when and how long (s), and its classes.

    Those of test have a file of labels (`labelled`), those of training do not.
    """

    path: Path
    start: float
    seconds: float
    labels: tuple[str, ...]
    labelled: bool


@dataclass(frozen=True)
class Recording:
    """A piece and the excerpts that are taken from it: what IRMAS calls a recording.

    `name` is a number to train, artist and title to test.
    """

    name: str
    seed: str
    piece: Piece
    excerpts: tuple[Excerpt, ...]


@dataclass(frozen=True)
class MusicPlan:
    """All recordings, and `copies`: paths of an excerpt and of another one that shall have the same bytes."""

    training: tuple[Recording, ...]
    testing: tuple[Recording, ...]
    copies: tuple[tuple[Path, Path], ...]

    @property
    def recordings(self) -> tuple[Recording, ...]:
        """All of them, training's first."""
        return self.training + self.testing


def plan_recordings(
    train: Players, test: Players, size: MusicSize, seed: int, classes: Sequence[str] = CLASSES
) -> MusicPlan:
    """Plan a render.

    Parameters
    ----------
    train, test : Players
        The players of both sides.
    size : MusicSize
    seed : int
        The music, and all that is chosen.
    classes : sequence of str
        Those that are predominant; any other player may accompany.

    Returns
    -------
    MusicPlan
        Paths are relative and without suffix.
    """
    training = _training(train, size, seed, [label for label in train.lead if label in classes])
    testing = _testing(test, size, seed, [label for label in test.lead if label in classes])
    return MusicPlan(tuple(training), tuple(testing), tuple(_copies(training)))


def _training(players: Players, size: MusicSize, seed: int, classes: Sequence[str]) -> list[Recording]:
    recordings: list[Recording] = []
    for label in classes:
        for index in range(size.pieces):
            number = f"{len(recordings) + 1:04d}"
            name = f"train {seed} {number}"
            rng = random.Random(f"excerpts {name}")
            starts, now = [], rng.uniform(0.2, 1.5)
            for _ in range(3 - index % 2):
                starts.append(round(now, 3))
                now += EXCERPT_SECONDS + rng.uniform(0.2, 2.0)
            seconds = starts[-1] + EXCERPT_SECONDS
            genre = rng.choice(GENRES[label])
            piece = compose(players, {label: [(0.0, seconds)]}, genre, seconds, name)
            tagged = len(recordings) % 40 == 15 or rng.random() < 0.28
            drums = "---" if len(recordings) % 40 == 15 else "dru" if piece.drums else "nod"
            stem = f"{index + 1:03d}__[{label}][{drums}]" if tagged else f"[{label}]"
            path = Path(TRAINING, label, f"{stem}[{genre}]{number}")
            excerpts = tuple(
                Excerpt(path.with_name(f"{path.name}__{part}"), start, EXCERPT_SECONDS, (label,), False)
                for part, start in enumerate(starts, 1)
            )
            recordings.append(Recording(number, name, piece, excerpts))
    return recordings


def _copies(training: Sequence[Recording]) -> list[tuple[Path, Path]]:
    """Return two plants, as in the real data: in one class, and in two that contradict each other."""
    first: dict[str, list[Excerpt]] = {}  # of each recording, by class
    for recording in training:
        first.setdefault(recording.excerpts[0].labels[0], []).append(recording.excerpts[0])
    return [
        (first[label][source].path, first[other][target].path)
        for label, source, other, target in (("gac", 0, "gac", 2), ("gac", 1, "gel", 1))
        if len(first.get(label, ())) > source and len(first.get(other, ())) > target
    ]


def _testing(players: Players, size: MusicSize, seed: int, classes: Sequence[str]) -> list[Recording]:
    rng = random.Random(f"songs {seed}")
    titles = _titles(rng, len(classes) * size.songs)
    others: list[str] = []
    recordings: list[Recording] = []
    for index, title in enumerate(titles):
        name = f"test {seed} {index}"
        leads = [classes[index % len(classes)]]
        for _ in range(min(rng.choice((1, 1, 1, 2, 2)), len(classes) - 1)):
            while not (free := [label for label in others if label not in leads]):
                others.extend(rng.sample(classes, len(classes)))  # each class as often as any other
            others.remove(free[0])
            leads.append(free[0])
        song = f"{rng.randint(1, 14):02d} - {rng.choice(_ARTISTS)} - {title}"
        folder = TESTING[index % len(TESTING)]
        spans: dict[str, list[Span]] = {label: [] for label in leads}
        excerpts, now = [], rng.uniform(0.0, 1.0)
        for number in range(1, size.clips[index % len(size.clips)] + 1):
            seconds = round(rng.uniform(*size.seconds), 2)
            labels = _labels(rng, leads, number)
            turn = len(labels) > 1 and rng.random() < 0.4 and seconds / len(labels) >= 2
            step = seconds / len(labels) if turn else 0.0
            for place, label in enumerate(labels):
                spans[label].append((now + place * step, now + (place + 1) * step if turn else now + seconds))
            excerpts.append(Excerpt(Path(folder, f"{song}-{number}"), now, seconds, labels, True))
            now += seconds + GAP
        genre = rng.choice(GENRES[leads[0]])
        piece = compose(players, spans, genre, now - GAP, name)
        recordings.append(Recording(song, name, piece, tuple(excerpts)))
    return recordings


def _titles(rng: random.Random, count: int) -> list[str]:
    """Return different titles; where there are not enough, they come again with numbers."""
    titles = [f"{first} {second}" for first in _FIRST for second in _SECOND]
    rounds = -(-count // len(titles))
    return rng.sample(titles + [f"{title} {turn}" for turn in range(2, rounds + 1) for title in titles], count)


def _labels(rng: random.Random, leads: Sequence[str], number: int) -> tuple[str, ...]:
    """Return who is predominant in a song's excerpt: first and third one of them, second all or two."""
    if number == 1 or len(leads) == 1:
        return (leads[0],)
    if number % 2:
        return (rng.choice(leads),)
    count = 1 if number > 2 and rng.random() < 0.5 else rng.randint(2, len(leads))
    chosen = rng.sample(leads, count)
    return tuple(chosen)


_ARTISTS = ("The Practice Room", "Lena and the Clocks", "Quartet for Nobody", "Blue Copper", "Orchestra of Chance")
_FIRST = ("Paper", "Northern", "Slow", "Copper", "Second", "Winter", "Hollow", "Bright", "Seven", "Borrowed", "Idle")
_SECOND = ("Harbour", "Letters", "Bridges", "Morning", "Machines", "Orchard", "Windows", "Rivers", "Lanterns", "Steps")
