"""The plan of a render: which notes of which instruments go where; a pure function of fonts, size and seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS
from fusion.rendering.encoding import Encoding
from fusion.rendering.notes.instruments import Instrument

SPLITS = ("train", "valid", "test")
VELOCITIES = (25, 50, 75, 100, 127)
SAMPLE_RATE = 16_000
"""Of the notes, Hz."""


@dataclass(frozen=True)
class NotesSize:
    """How many notes of an instrument each split gets at most, and how they are written.

    `span` keeps held-out instruments to so many neighbouring keys in the middle of their range: with few
    notes, each test pitch still has neighbours in valid, as it does in the real data. With `hold_out` false every
    instrument trains, and test has other pitches of all of them: what is learnt is for recordings from elsewhere.
    """

    train: int
    valid: int
    test: int
    span: int
    encoding: Encoding
    hold_out: bool = True

    def scaled(self, notes: int) -> NotesSize:
        """Return a size with so many training notes of an instrument; valid and test keep their proportion."""
        valid, test = (max(1, round(count * notes / self.train)) for count in (self.valid, self.test))
        return replace(self, train=notes, valid=valid, test=test)


_OGG = Encoding(".ogg", {"format": "OGG", "subtype": "VORBIS", "compression_level": 0.5})
_FLAC = Encoding(".flac", {"format": "FLAC", "subtype": "PCM_16", "compression_level": 0.0})
SIZES = {
    "sample": NotesSize(7, 24, 8, 24, _OGG),
    "practice": NotesSize(68, 60, 36, 128, _FLAC),
    "diverse": NotesSize(96, 0, 12, 128, _FLAC, hold_out=False),
}
"""By the name of the preset."""


@dataclass(frozen=True)
class Note:
    """One planned note; `number` and `instrument` are NSynth's ids, `index` counts in family and source."""

    split: str
    number: int
    instrument: int
    index: int
    family: str
    source: str
    font: Path
    program: int
    pitch: int  # MIDI key
    velocity: int

    @property
    def instrument_str(self) -> str:
        """NSynth's name of the instrument, ``<family>_<source>_<NNN>``."""
        return f"{self.family}_{self.source}_{self.index:03d}"

    @property
    def note_str(self) -> str:
        """NSynth's name of the note, ``<instrument_str>-<pitch>-<velocity>``."""
        return f"{self.instrument_str}-{self.pitch:03d}-{self.velocity:03d}"

    def as_example(self) -> dict[str, Any]:
        """Return the note's 13 keys in ``examples.json``."""
        return {
            "note": self.number,
            "note_str": self.note_str,
            "instrument": self.instrument,
            "instrument_str": self.instrument_str,
            "pitch": self.pitch,
            "velocity": self.velocity,
            "sample_rate": SAMPLE_RATE,
            "qualities": [0] * 10,
            "qualities_str": [],
            "instrument_family": FAMILIES.index(self.family),
            "instrument_family_str": self.family,
            "instrument_source": ORIGINS.index(self.source),
            "instrument_source_str": self.source,
        }


def plan_notes(
    instruments: Sequence[Instrument], size: NotesSize, seed: int, velocities: Sequence[int] = VELOCITIES
) -> list[Note]:
    """Choose the notes: a pure function.

    One pitch in three of a held-out instrument is test's, the others are valid's; where none is held out, one pitch in
    six of each instrument is test's. Pitches are taken evenly over the range, each with some velocity, and again with
    further velocities only when all are taken.

    Parameters
    ----------
    instruments : sequence of Instrument
        As `choose_instruments` returns them.
    size : NotesSize
    seed : int
    velocities : sequence of int
        Those to choose from.

    Returns
    -------
    list of Note
        By split, then instrument, pitch and velocity.
    """
    chosen: list[tuple[str, int, int, int]] = []  # split, instrument, pitch, velocity
    for number, instrument in enumerate(instruments):
        rng = random.Random(f"{seed} {instrument.font.name} {instrument.program}")
        pitches = list(instrument.pitches)
        if instrument.held_out:
            beside = max(0, len(pitches) - size.span) // 2
            pitches = pitches[beside : beside + size.span]
            test = {rng.choice(pitches[start : start + 3]) for start in range(0, len(pitches), 3)}
            shares = {"valid": [pitch for pitch in pitches if pitch not in test], "test": sorted(test)}
        elif size.hold_out:
            shares = {"train": pitches}
        else:
            test = {rng.choice(pitches[start : start + 6]) for start in range(0, len(pitches) - 1, 6)}
            shares = {"train": [pitch for pitch in pitches if pitch not in test], "test": sorted(test)}
        for split, share in shares.items():
            spread = _spread(share, getattr(size, split), velocities, rng)
            chosen.extend((split, number, pitch, velocity) for pitch, velocity in spread)
    chosen.sort(key=lambda choice: (SPLITS.index(choice[0]), *choice[1:]))
    kinds = [(instrument.family, instrument.source) for instrument in instruments]
    notes = []
    for number, (split, which, pitch, velocity) in enumerate(chosen):
        i, index = instruments[which], kinds[:which].count(kinds[which])
        notes.append(Note(split, number, which, index, i.family, i.source, i.font, i.program, pitch, velocity))
    return notes


def _spread(
    pitches: Sequence[int], wanted: int, velocities: Sequence[int], rng: random.Random
) -> Iterator[tuple[int, int]]:
    """Yield up to `wanted` pairs of pitch and velocity, all different."""
    turns = {pitch: rng.sample(velocities, len(velocities)) for pitch in pitches}
    for turn in range(len(velocities)):
        taken = min(wanted - turn * len(pitches), len(pitches))
        for low, high in pairwise(len(pitches) * part // taken for part in range(taken + 1) if taken > 0):
            pitch = pitches[rng.randrange(low, high)]
            yield pitch, turns[pitch][turn]
