"""Music for practice data: a seeded composer that writes tempo, key, chords and parts, and makes no sound.

All of it is made up here by rule and chance: no tune is anybody's. Pitches are MIDI keys.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fusion.rendering.fluidsynth import Tone
from fusion.rendering.music.phrases import Bar, ScoreNote, arpeggio, bass, comping, drums, harmony, held, melody
from fusion.rendering.music.players import Players, Voice
from fusion.rendering.music.styles import LEADS, STYLES, SUSTAINED, Style

Span = tuple[float, float]
"""Start and end, s."""

SHORTEST = 0.2
"""Notes cut shorter than this by the end of a span are left out, s."""


@dataclass(frozen=True)
class MusicPart:
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
    parts: tuple[MusicPart, ...]

    @property
    def drums(self) -> bool:
        """Whether drums play."""
        return any(part.role == "drums" for part in self.parts)


def compose(players: Players, spans: Mapping[str, Sequence[Span]], genre: str, seconds: float, seed: str) -> Piece:
    """Write a piece.

    Parameters
    ----------
    players : Players
        Those to choose from.
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
    rng = random.Random(seed)
    style = STYLES[genre]
    tempo, beats = rng.uniform(*style.tempo), rng.choice(style.beats)
    key, minor = rng.randrange(12), rng.random() < style.minor
    bars = harmony(rng, style, key, minor, beats, math.ceil(seconds * tempo / 60 / beats) + 1)
    score: list[tuple[MusicPart, list[ScoreNote]]] = []
    centres = []
    for label in spans:
        voice = rng.choice(players.lead[label])
        low, high = _register(rng, voice, rng.randint(14, 22))
        centres.append((low + high) // 2)
        part = MusicPart("lead", label, voice, (), 0.0, rng.uniform(-0.3, 0.3))
        score.append((part, _lead(rng, label, bars, beats, low, high)))
    score.extend(_accompany(rng, players, style, set(spans), bars, beats, centres[0]))
    clock = _clock(tempo, style.swing)
    parts = tuple(
        replace(part, tones=_timed(rng, notes, clock, spans[part.label] if part.label else [(0.0, seconds)]))
        for part, notes in score
    )
    return Piece(genre, tempo, beats, key, minor, seconds, parts)


def _register(rng: random.Random, voice: Voice, width: int, centre: int | None = None) -> tuple[int, int]:
    """Return a range of keys within the voice's, around `centre` if given."""
    width = min(width, voice.high - voice.low)
    low = rng.randint(voice.low, voice.high - width) if centre is None else centre - width // 2
    low = max(voice.low, min(low, voice.high - width))
    return low, low + width


def _lead(rng: random.Random, label: str, bars: list[Bar], beats: int, low: int, high: int) -> list[ScoreNote]:
    manner = rng.choice(LEADS.get(label, ("melody",)))
    if manner == "arpeggio":
        return arpeggio(rng, bars, beats, low, high)
    if manner == "comping":
        return comping(rng, bars, beats, low, high)
    tune = melody(rng, bars, beats, low, high, calm=label in SUSTAINED)
    if manner == "hymn":
        below = [(at, length, key - 12, v - 15) for at, length, key, v in tune if key - 12 >= low and at % 2 == 0]
        tune += below + held(rng, bars, beats, low, low + 12)
    return tune


def _accompany(
    rng: random.Random, players: Players, style: Style, leads: set[str], bars: list[Bar], beats: int, centre: int
) -> Iterator[tuple[MusicPart, list[ScoreNote]]]:
    """Chords by somebody else, most often a bass, then perhaps drums and a second voice behind the lead."""
    others = [name for name in players.lead if name not in leads]
    usual = [name for name in style.chords if name in others]
    pool = players.chords if not usual or (players.chords and rng.random() < 0.3) else players.lead[rng.choice(usual)]
    pool = pool or tuple(voice for name in others for voice in players.lead[name])
    if pool:
        voice = rng.choice(pool)
        middle = centre if rng.random() < 0.5 else rng.randint(52, 67)
        low, high = _register(rng, voice, 18, middle)
        manner: Callable[..., list[ScoreNote]] = rng.choice((arpeggio, comping, comping, held))
        yield MusicPart("chords", None, voice, (), 0.0, rng.uniform(-0.5, 0.5)), manner(rng, bars, beats, low, high)
    if players.bass and (not pool or rng.random() < style.bassist):
        voice = rng.choice(players.bass)
        yield MusicPart("bass", None, voice, (), rng.uniform(-5, 0), 0.0), bass(rng, style, bars, beats, voice)
    if players.drums and rng.random() < style.drummer:
        part = MusicPart("drums", None, rng.choice(players.drums), (), rng.uniform(-6, 1), 0.0)
        yield part, drums(rng, style, bars, beats)
    if others and rng.random() < 0.4:
        melodic = [name for name in others if name in SUSTAINED]
        pool = players.pad if not melodic or (players.pad and rng.random() < 0.4) else players.lead[rng.choice(melodic)]
        if pool:
            voice = rng.choice(pool)
            low, high = _register(rng, voice, 12, centre + rng.choice((-7, 0, 0, 5)))
            part = MusicPart("counter", None, voice, (), rng.uniform(-6, -1), rng.uniform(-0.6, 0.6))
            manner = rng.choice((held, melody))
            yield part, manner(rng, bars, beats, low, high)


def _clock(tempo: float, swing: float) -> Callable[[float], float]:
    """Return the way from beats of the piece to s; `swing` is where the second eighth falls in its beat."""

    def seconds(beat: float) -> float:
        whole, rest = divmod(beat, 1)
        late = rest * swing * 2 if rest <= 0.5 else swing + (rest - 0.5) * (1 - swing) * 2
        return (whole + late) * 60 / tempo

    return seconds


def _timed(
    rng: random.Random, notes: list[ScoreNote], clock: Callable[[float], float], spans: Sequence[Span]
) -> tuple[Tone, ...]:
    """Return the notes in s, none exactly on time, cut to the spans."""
    tones = []
    for beat, length, pitch, velocity in sorted(notes):
        start = max(0.0, clock(beat) + rng.gauss(0, 0.006))
        end = max(clock(beat + length), start + 0.06)
        for first, last in spans:
            begin, stop = max(start, first), min(end, last)
            if stop - begin >= (SHORTEST if (begin, stop) != (start, end) else 0):
                tones.append(Tone(round(begin, 4), round(stop - begin, 4), pitch, min(127, max(1, velocity))))
    return tuple(tones)
