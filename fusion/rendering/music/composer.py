"""Music for practice data: a seeded composer that writes tempo, key, chords and parts, and makes no sound.

All of it is made up here by rule and chance: no tune is anybody's. Pitches are MIDI keys.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion.rendering.music.phrases import Bar, Draft, arpeggio, bass, comping, drums, harmony, held, melody
from fusion.rendering.music.players import Cast, Voice
from fusion.rendering.music.styles import LEADS, STYLES, SUSTAINED, Style

Span = tuple[float, float]
"""Start and end, s."""

SHORTEST = 0.2
"""Notes cut shorter than this by the end of a span are left out, s."""


@dataclass(frozen=True)
class Tone:
    """A note: start and length in s, MIDI key, velocity 1-127."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """What one player plays. `label` is the class of a predominant part, else None.

    `level` is in dB, among the accompaniment; `pan` from -1 (left) to 1.
    """

    role: str
    label: str | None
    voice: Voice
    tones: tuple[Tone, ...]
    level: float
    pan: float


@dataclass(frozen=True)
class Piece:
    """A piece of music of `seconds`; `key` is a pitch class, `beats` are a bar's, `tempo` is their number a minute."""

    genre: str
    tempo: float
    beats: int
    key: int
    minor: bool
    seconds: float
    parts: tuple[Part, ...]

    @property
    def drums(self) -> bool:
        """Whether drums play."""
        return any(part.role == "drums" for part in self.parts)


@dataclass(frozen=True)
class Cut:
    """An excerpt of a piece: path without suffix, from when and how long (s), and its classes.

    Those of test have a file of labels (`labelled`), those of training do not.
    """

    path: Path
    start: float
    seconds: float
    labels: tuple[str, ...]
    labelled: bool


def compose(cast: Cast, spans: Mapping[str, Sequence[Span]], genre: str, seconds: float, seed: str) -> Piece:
    """Write a piece.

    Parameters
    ----------
    cast : Cast
        The players to choose from.
    spans : mapping of str to sequence of (float, float)
        The predominant classes, and from when to when each plays, s.
    genre : str
        A key of `STYLES`.
    seconds : float
        Length of the piece.
    seed : str
        Everything else follows from it.

    Returns
    -------
    Piece
        Its predominant parts come first, in the order of `spans`.
    """
    chance = random.Random(seed)
    style = STYLES[genre]
    tempo, beats = chance.uniform(*style.tempo), chance.choice(style.beats)
    key, minor = chance.randrange(12), chance.random() < style.minor
    bars = harmony(chance, style, key, minor, beats, math.ceil(seconds * tempo / 60 / beats) + 1)
    drafts: list[tuple[Part, list[Draft]]] = []
    centres = []
    for label in spans:
        voice = chance.choice(cast.lead[label])
        low, high = _window(chance, voice, chance.randint(14, 22))
        centres.append((low + high) // 2)
        part = Part("lead", label, voice, (), 0.0, chance.uniform(-0.3, 0.3))
        drafts.append((part, _lead(chance, label, bars, beats, low, high)))
    drafts.extend(_accompany(chance, cast, style, set(spans), bars, beats, centres[0]))
    clock = _clock(tempo, style.swing)
    parts = tuple(
        replace(part, tones=_timed(chance, draft, clock, spans[part.label] if part.label else [(0.0, seconds)]))
        for part, draft in drafts
    )
    return Piece(genre, tempo, beats, key, minor, seconds, parts)


def _window(chance: random.Random, voice: Voice, width: int, centre: int | None = None) -> tuple[int, int]:
    """Return a range of keys within the voice's, around `centre` if given."""
    width = min(width, voice.high - voice.low)
    low = chance.randint(voice.low, voice.high - width) if centre is None else centre - width // 2
    low = max(voice.low, min(low, voice.high - width))
    return low, low + width


def _lead(chance: random.Random, label: str, bars: list[Bar], beats: int, low: int, high: int) -> list[Draft]:
    manner = chance.choice(LEADS.get(label, ("melody",)))
    if manner == "arpeggio":
        return arpeggio(chance, bars, beats, low, high)
    if manner == "comping":
        return comping(chance, bars, beats, low, high)
    tune = melody(chance, bars, beats, low, high, calm=label in SUSTAINED)
    if manner == "hymn":
        below = [(at, length, key - 12, v - 15) for at, length, key, v in tune if key - 12 >= low and at % 2 == 0]
        tune += below + held(chance, bars, beats, low, low + 12)
    return tune


def _accompany(
    chance: random.Random, cast: Cast, style: Style, leads: set[str], bars: list[Bar], beats: int, centre: int
) -> Iterator[tuple[Part, list[Draft]]]:
    """Chords by somebody else, most often a bass, then perhaps drums and a second voice behind the lead."""
    others = [name for name in cast.lead if name not in leads]
    players = [name for name in style.chords if name in others]
    pool = cast.chords if not players or (cast.chords and chance.random() < 0.3) else cast.lead[chance.choice(players)]
    pool = pool or tuple(voice for name in others for voice in cast.lead[name])
    if pool:
        voice = chance.choice(pool)
        where = centre if chance.random() < 0.5 else chance.randint(52, 67)
        low, high = _window(chance, voice, 18, where)
        manner: Callable[..., list[Draft]] = chance.choice((arpeggio, comping, comping, held))
        yield Part("chords", None, voice, (), 0.0, chance.uniform(-0.5, 0.5)), manner(chance, bars, beats, low, high)
    if cast.bass and (not pool or chance.random() < style.bassist):
        voice = chance.choice(cast.bass)
        yield Part("bass", None, voice, (), chance.uniform(-5, 0), 0.0), bass(chance, style, bars, beats, voice)
    if cast.drums and chance.random() < style.drummer:
        part = Part("drums", None, chance.choice(cast.drums), (), chance.uniform(-6, 1), 0.0)
        yield part, drums(chance, style, bars, beats)
    if others and chance.random() < 0.4:
        melodic = [name for name in others if name in SUSTAINED]
        pool = cast.pad if not melodic or (cast.pad and chance.random() < 0.4) else cast.lead[chance.choice(melodic)]
        if pool:
            voice = chance.choice(pool)
            low, high = _window(chance, voice, 12, centre + chance.choice((-7, 0, 0, 5)))
            part = Part("counter", None, voice, (), chance.uniform(-6, -1), chance.uniform(-0.6, 0.6))
            manner = chance.choice((held, melody))
            yield part, manner(chance, bars, beats, low, high)


def _clock(tempo: float, swing: float) -> Callable[[float], float]:
    """Return the way from beats of the piece to s; `swing` is where the second eighth falls in its beat."""

    def seconds(beat: float) -> float:
        whole, rest = divmod(beat, 1)
        late = rest * swing * 2 if rest <= 0.5 else swing + (rest - 0.5) * (1 - swing) * 2
        return (whole + late) * 60 / tempo

    return seconds


def _timed(
    chance: random.Random, draft: list[Draft], clock: Callable[[float], float], spans: Sequence[Span]
) -> tuple[Tone, ...]:
    """Return the notes in s, none exactly on time, cut to the spans."""
    tones = []
    for beat, length, pitch, velocity in sorted(draft):
        start = max(0.0, clock(beat) + chance.gauss(0, 0.006))
        end = max(clock(beat + length), start + 0.06)
        for first, last in spans:
            begin, stop = max(start, first), min(end, last)
            if stop - begin >= (SHORTEST if (begin, stop) != (start, end) else 0):
                tones.append(Tone(round(begin, 4), round(stop - begin, 4), pitch, min(127, max(1, velocity))))
    return tuple(tones)
