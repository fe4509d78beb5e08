"""Phrases that the composer puts together: a harmony of bars, tunes, broken chords, chords, basses and drums.

Each is a list of notes as a score has them, in beats of the piece. Pitches are MIDI keys.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from fusion.rendering.music.players import Voice
from fusion.rendering.music.styles import DRUMS, Style

ScoreNote = tuple[float, float, int, int]
"""Start and length in beats of the piece, pitch, velocity."""


@dataclass(frozen=True)
class Bar:
    """A bar's first beat in the piece, and the pitch classes of its chord (root first) and scale."""

    beat: int
    chord: tuple[int, ...]
    scale: tuple[int, ...]


def harmony(rng: random.Random, style: Style, key: int, minor: bool, beats: int, count: int) -> list[Bar]:
    """Return `count` bars of one of the style's progressions; a minor key's fifth degree has a major chord."""
    steps = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    progression = rng.choice(style.progressions)
    bars = []
    for index in range(count):
        degree = progression[index % len(progression)]
        scale = tuple((11 if minor and degree == 4 and step == 10 else step) + key for step in steps)
        chord = tuple(scale[(degree + third) % 7] % 12 for third in (0, 2, 4, 6)[: 4 if style.sevenths else 3])
        bars.append(Bar(index * beats, chord, tuple(step % 12 for step in scale)))
    return bars


def _keys(low: int, high: int, classes: Sequence[int]) -> list[int]:
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in classes]


def melody(rng: random.Random, bars: list[Bar], beats: int, low: int, high: int, calm: bool = False) -> list[ScoreNote]:
    """A walk on the scale that meets the chord on the beat, in rhythms that come again."""
    values = (
        (1.0, 1.0, 2.0, 1.5, 0.5, 3.0)
        if calm
        else rng.choice(((0.5, 0.5, 1.0, 1.5), (1.0, 0.5, 2.0), (0.5, 0.25, 0.25, 1.0)))
    )
    rhythms = [_rhythm(rng, values, beats) for _ in range(3)]
    touch, loud, pitch = rng.uniform(0.7, 1.0), rng.randint(75, 100), rng.randint(low + 3, high - 3)
    notes = []
    for index, bar in enumerate(bars):
        for at, length in rhythms[(0, 0, 1, 2)[index % 4]]:
            if at and rng.random() < 0.08:
                continue  # a rest
            near = _keys(low, high, bar.chord if at % 1 == 0 and rng.random() < 0.75 else bar.scale)
            aim = pitch + rng.choice((-5, -3, -2, -2, -1, 1, 2, 2, 3, 5))
            aim = min(high, max(low, aim))
            pitch = min(near, key=lambda key: (abs(key - aim), key))
            notes.append((bar.beat + at, length * touch, pitch, loud + rng.randint(-10, 10) + (8 if not at else 0)))
    return notes


def _rhythm(rng: random.Random, values: Sequence[float], beats: int) -> list[tuple[float, float]]:
    at, rhythm = 0.0, []
    while at < beats:
        length = min(rng.choice(values), beats - at)
        rhythm.append((at, length))
        at += length
    return rhythm


def arpeggio(rng: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[ScoreNote]:
    """Broken chords, up, down or to and fro."""
    step, way, loud = rng.choice((0.5, 0.5, 0.25, 1 / 3)), rng.randrange(3), rng.randint(70, 92)
    base = max(low, (low + high) // 2 - rng.randint(6, 9))
    notes = []
    for bar in bars:
        keys = _keys(base, min(high, base + 17), bar.chord)
        order = (keys, keys[::-1], keys + keys[-2:0:-1])[way]
        for index in range(round(beats / step)):
            ringing = min(step * 2, beats - index * step)
            loudness = loud + rng.randint(-8, 8)
            notes.append((bar.beat + index * step, ringing, order[index % len(order)], loudness))
    return notes


def comping(rng: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[ScoreNote]:
    """Chords in a rhythm that stays."""
    rhythm = _rhythm(rng, rng.choice(((1.0,), (0.5, 1.0, 1.5), (2.0, 1.0), (0.5,))), beats)
    touch, loud, spread = rng.uniform(0.5, 0.95), rng.randint(70, 92), rng.choice((0.0, 0.02, 0.04))
    base = max(low, (low + high) // 2 - 8)
    return [
        (bar.beat + at + index * spread, length * touch, pitch, loud + rng.randint(-6, 6))
        for bar in bars
        for at, length in rhythm
        for index, pitch in enumerate(_keys(base, min(high, base + 16), bar.chord)[:4])
    ]


def held(rng: random.Random, bars: list[Bar], beats: int, low: int, high: int) -> list[ScoreNote]:
    """Two or three keys of the chord, as long as the bar."""
    loud, count = rng.randint(60, 85), rng.randint(2, 3)
    return [(bar.beat, beats * 0.98, p, loud) for bar in bars for p in _keys(low, high, bar.chord)[:count]]


def bass(rng: random.Random, style: Style, bars: list[Bar], beats: int, voice: Voice) -> list[ScoreNote]:
    """The root on the first beat, then it or other notes of the chord."""
    step, loud = rng.choice(style.bass), rng.randint(78, 100)
    notes = []
    for bar in bars:
        root = _keys(voice.low, voice.low + 11, bar.chord[:1])[0]
        near = _keys(max(voice.low, root - 5), min(voice.high, root + 10), bar.chord)
        for index in range(math.ceil(beats / step)):
            pitch = root if not index or rng.random() < 0.4 else rng.choice(near)
            notes.append((bar.beat + index * step, min(step, beats - index * step) * 0.9, pitch, loud))
    return notes


def drums(rng: random.Random, style: Style, bars: list[Bar], beats: int) -> list[ScoreNote]:
    """One of the style's patterns, bar by bar."""
    pattern = DRUMS["waltz" if beats == 3 else rng.choice(style.drums)]
    return [
        (bar.beat + at, 0.2, key, max(1, velocity + rng.randint(-8, 8)))
        for bar in bars
        for key, velocity, beats_hit in pattern
        for at in beats_hit
    ]
