"""Figures that the composer puts together: a harmony of bars, tunes, broken chords, chords, basses and drums.

Each is a list of drafted notes, in beats of the piece. Pitches are MIDI keys.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from fusion.rendering.music.players import Voice
from fusion.rendering.music.styles import DRUMS, Style

Draft = tuple[float, float, int, int]
"""Start and length in beats of the piece, pitch, velocity."""


@dataclass(frozen=True)
class Bar:
    """A bar's first beat in the piece, and the pitch classes of its chord (root first) and scale."""

    beat: int
    chord: tuple[int, ...]
    scale: tuple[int, ...]


def harmony(chance: random.Random, style: Style, key: int, minor: bool, beats: int, count: int) -> list[Bar]:
    """Return `count` bars of one of the style's progressions; a minor key's fifth degree has a major chord."""
    steps = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    progression = chance.choice(style.progressions)
    bars = []
    for index in range(count):
        degree = progression[index % len(progression)]
        scale = tuple((11 if minor and degree == 4 and step == 10 else step) + key for step in steps)
        chord = tuple(scale[(degree + third) % 7] % 12 for third in (0, 2, 4, 6)[: 4 if style.sevenths else 3])
        bars.append(Bar(index * beats, chord, tuple(step % 12 for step in scale)))
    return bars


def _keys(low: int, high: int, classes: Sequence[int]) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]


def melody(chance: random.Random, bars: list[Bar], beats: int, low: int, high: int, calm: bool = False) -> list[Draft]:
    """A walk on the scale that meets the chord on the beat, in rhythms that come again."""
    values = (
        (1.0, 1.0, 2.0, 1.5, 0.5, 3.0)
        if calm
        else chance.choice(((0.5, 0.5, 1.0, 1.5), (1.0, 0.5, 2.0), (0.5, 0.25, 0.25, 1.0)))
    )
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


def arpeggio(chance: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[Draft]:
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


def comping(chance: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[Draft]:
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


def held(chance: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[Draft]:
    """Two or three keys of the chord, as long as the bar."""
    loud, count = chance.randint(60, 85), chance.randint(2, 3)
    return [(bar.beat, beats * 0.98, p, loud) for bar in bars for p in _keys(low, high, bar.chord)[:count]]


def bass(chance: random.Random, style: Style, bars: list[Bar], beats: int, voice: Voice) -> list[Draft]:
    """The root on the first beat, then it or other notes of the chord."""
    step, loud = chance.choice(style.bass), chance.randint(78, 100)
    draft = []
    for bar in bars:
        root = _keys(voice.low, voice.low + 11, bar.chord[:1])[0]
        near = _keys(max(voice.low, root - 5), min(voice.high, root + 10), bar.chord)
        for index in range(math.ceil(beats / step)):
            pitch = root if not index or chance.random() < 0.4 else chance.choice(near)
            draft.append((bar.beat + index * step, min(step, beats - index * step) * 0.9, pitch, loud))
    return draft


def drums(chance: random.Random, style: Style, bars: list[Bar], beats: int) -> list[Draft]:
    """One of the style's patterns, bar by bar."""
    pattern = DRUMS["waltz" if beats == 3 else chance.choice(style.drums)]
    return [
        (bar.beat + at, 0.2, key, max(1, velocity + chance.randint(-8, 8)))
        for bar in bars
        for key, velocity, beats_hit in pattern
        for at in beats_hit
    ]
