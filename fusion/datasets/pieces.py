"""Music for practice data: a seeded composer that writes tempo, key, chords and parts, and makes no sound.

All of it is made up here by rule and chance: no tune is anybody's. Where a time is in beats it is counted from the
start of the bar or of the piece, as said; parts hold seconds. Pitches are MIDI keys.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fusion.datasets.players import Cast, Voice
from fusion.datasets.styles import DRUMS, LEADS, STYLES, SUSTAINED, Style

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
    """A piece of music of `seconds`; `key` is a pitch class, `beats` are those of a bar, `tempo` their number a minute."""

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
class _Bar:
    """A bar's first beat in the piece, and the pitch classes of its chord (root first) and scale."""

    beat: int
    chord: tuple[int, ...]
    scale: tuple[int, ...]


_Draft = tuple[float, float, int, int]  # start and length in beats of the piece, pitch, velocity


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
    bars = _harmony(chance, style, key, minor, beats, math.ceil(seconds * tempo / 60 / beats) + 1)
    drafts: list[tuple[Part, list[_Draft]]] = []
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


def _harmony(chance: random.Random, style: Style, key: int, minor: bool, beats: int, count: int) -> list[_Bar]:
    steps = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    progression = chance.choice(style.progressions)
    bars = []
    for index in range(count):
        degree = progression[index % len(progression)]
        scale = tuple((11 if minor and degree == 4 and step == 10 else step) + key for step in steps)
        chord = tuple(scale[(degree + third) % 7] % 12 for third in (0, 2, 4, 6)[: 4 if style.sevenths else 3])
        bars.append(_Bar(index * beats, chord, tuple(step % 12 for step in scale)))
    return bars


def _window(chance: random.Random, voice: Voice, width: int, centre: int | None = None) -> tuple[int, int]:
    """Return a range of keys within the voice's, around `centre` if given."""
    width = min(width, voice.high - voice.low)
    low = chance.randint(voice.low, voice.high - width) if centre is None else centre - width // 2
    low = max(voice.low, min(low, voice.high - width))
    return low, low + width


def _keys(low: int, high: int, classes: Sequence[int]) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]


def _lead(chance: random.Random, label: str, bars: list[_Bar], beats: int, low: int, high: int) -> list[_Draft]:
    manner = chance.choice(LEADS.get(label, ("melody",)))
    if manner == "arpeggio":
        return _arpeggio(chance, bars, beats, low, high)
    if manner == "comping":
        return _comping(chance, bars, beats, low, high)
    melody = _melody(chance, bars, beats, low, high, calm=label in SUSTAINED)
    if manner == "hymn":
        melody += [(start, length, p - 12, v - 15) for start, length, p, v in melody if p - 12 >= low and start % 2 == 0]
        melody += _held(chance, bars, beats, low, low + 12)
    return melody


def _melody(
    chance: random.Random, bars: list[_Bar], beats: int, low: int, high: int, calm: bool = False
) -> list[_Draft]:
    """A walk on the scale that meets the chord on the beat, in rhythms that come again."""
    values = (1.0, 1.0, 2.0, 1.5, 0.5, 3.0) if calm else chance.choice(((0.5, 0.5, 1.0, 1.5), (1.0, 0.5, 2.0), (0.5, 0.25, 0.25, 1.0)))
    rhythms = [_rhythm(chance, values, beats) for _ in range(3)]
    touch, loud, pitch = chance.uniform(0.7, 1.0), chance.randint(75, 100), chance.randint(low + 3, high - 3)
    draft = []
    for index, bar in enumerate(bars):
        for at, length in rhythms[(0, 0, 1, 2)[index % 4]]:
            if at and chance.random() < 0.08:
                continue  # a rest
            near = _keys(low, high, bar.chord if at % 1 == 0 and chance.random() < 0.75 else bar.scale)
            aim = pitch + chance.choice((-5, -3, -2, -2, -1, 1, 2, 2, 3, 5))
            aim = min(high, max(low, aim))
            pitch = min(near, key=lambda key: (abs(key - aim), key))
            draft.append((bar.beat + at, length * touch, pitch, loud + chance.randint(-10, 10) + (8 if not at else 0)))
    return draft


def _rhythm(chance: random.Random, values: Sequence[float], beats: int) -> list[tuple[float, float]]:
    at, rhythm = 0.0, []
    while at < beats:
        length = min(chance.choice(values), beats - at)
        rhythm.append((at, length))
        at += length
    return rhythm


def _arpeggio(chance: random.Random, bars: list[_Bar], beats: int, low: int, high: int) -> list[_Draft]:
    """Broken chords, up, down or to and fro."""
    step, way, loud = chance.choice((0.5, 0.5, 0.25, 1 / 3)), chance.randrange(3), chance.randint(70, 92)
    base = max(low, (low + high) // 2 - chance.randint(6, 9))
    draft = []
    for bar in bars:
        keys = _keys(base, min(high, base + 17), bar.chord)
        order = (keys, keys[::-1], keys + keys[-2:0:-1])[way]
        for index in range(round(beats / step)):
            ringing = min(step * 2, beats - index * step)
            loudness = loud + chance.randint(-8, 8)
            draft.append((bar.beat + index * step, ringing, order[index % len(order)], loudness))
    return draft


def _comping(chance: random.Random, bars: list[_Bar], beats: int, low: int, high: int) -> list[_Draft]:
    """Chords in a rhythm that stays."""
    rhythm = _rhythm(chance, chance.choice(((1.0,), (0.5, 1.0, 1.5), (2.0, 1.0), (0.5,))), beats)
    touch, loud, spread = chance.uniform(0.5, 0.95), chance.randint(70, 92), chance.choice((0.0, 0.02, 0.04))
    base = max(low, (low + high) // 2 - 8)
    return [
        (bar.beat + at + index * spread, length * touch, pitch, loud + chance.randint(-6, 6))
        for bar in bars
        for at, length in rhythm
        for index, pitch in enumerate(_keys(base, min(high, base + 16), bar.chord)[:4])
    ]


def _held(chance: random.Random, bars: list[_Bar], beats: int, low: int, high: int) -> list[_Draft]:
    """Two or three keys of the chord, as long as the bar."""
    loud, count = chance.randint(60, 85), chance.randint(2, 3)
    return [(bar.beat, beats * 0.98, p, loud) for bar in bars for p in _keys(low, high, bar.chord)[:count]]


def _bass(chance: random.Random, style: Style, bars: list[_Bar], beats: int, voice: Voice) -> list[_Draft]:
    step, loud = chance.choice(style.bass), chance.randint(78, 100)
    draft = []
    for bar in bars:
        root = _keys(voice.low, voice.low + 11, bar.chord[:1])[0]
        near = _keys(max(voice.low, root - 5), min(voice.high, root + 10), bar.chord)
        for index in range(math.ceil(beats / step)):
            pitch = root if not index or chance.random() < 0.4 else chance.choice(near)
            draft.append((bar.beat + index * step, min(step, beats - index * step) * 0.9, pitch, loud))
    return draft


def _drums(chance: random.Random, style: Style, bars: list[_Bar], beats: int) -> list[_Draft]:
    pattern = DRUMS["waltz" if beats == 3 else chance.choice(style.drums)]
    return [
        (bar.beat + at, 0.2, key, max(1, velocity + chance.randint(-8, 8)))
        for bar in bars
        for key, velocity, beats_hit in pattern
        for at in beats_hit
    ]


def _accompany(
    chance: random.Random, cast: Cast, style: Style, leads: set[str], bars: list[_Bar], beats: int, centre: int
) -> Iterator[tuple[Part, list[_Draft]]]:
    """Chords by somebody else, most often a bass, then perhaps drums and a second voice behind the lead."""
    others = [name for name in cast.lead if name not in leads]
    players = [name for name in style.chords if name in others]
    pool = cast.chords if not players or (cast.chords and chance.random() < 0.3) else cast.lead[chance.choice(players)]
    pool = pool or tuple(voice for name in others for voice in cast.lead[name])
    if pool:
        voice = chance.choice(pool)
        where = centre if chance.random() < 0.5 else chance.randint(52, 67)
        low, high = _window(chance, voice, 18, where)
        manner: Callable[..., list[_Draft]] = chance.choice((_arpeggio, _comping, _comping, _held))
        yield Part("chords", None, voice, (), 0.0, chance.uniform(-0.5, 0.5)), manner(chance, bars, beats, low, high)
    if cast.bass and (not pool or chance.random() < style.bassist):
        voice = chance.choice(cast.bass)
        yield Part("bass", None, voice, (), chance.uniform(-5, 0), 0.0), _bass(chance, style, bars, beats, voice)
    if cast.drums and chance.random() < style.drummer:
        part = Part("drums", None, chance.choice(cast.drums), (), chance.uniform(-6, 1), 0.0)
        yield part, _drums(chance, style, bars, beats)
    if others and chance.random() < 0.4:
        melodic = [name for name in others if name in SUSTAINED]
        pool = cast.pad if not melodic or (cast.pad and chance.random() < 0.4) else cast.lead[chance.choice(melodic)]
        if pool:
            voice = chance.choice(pool)
            low, high = _window(chance, voice, 12, centre + chance.choice((-7, 0, 0, 5)))
            part = Part("counter", None, voice, (), chance.uniform(-6, -1), chance.uniform(-0.6, 0.6))
            manner = chance.choice((_held, _melody))
            yield part, manner(chance, bars, beats, low, high)


def _clock(tempo: float, swing: float) -> Callable[[float], float]:
    """Return the way from beats of the piece to s; `swing` is where the second eighth falls in its beat."""

    def seconds(beat: float) -> float:
        whole, rest = divmod(beat, 1)
        late = rest * swing * 2 if rest <= 0.5 else swing + (rest - 0.5) * (1 - swing) * 2
        return (whole + late) * 60 / tempo

    return seconds


def _timed(
    chance: random.Random, draft: list[_Draft], clock: Callable[[float], float], spans: Sequence[Span]
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
