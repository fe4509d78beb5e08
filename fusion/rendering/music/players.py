"""Who may play in practice music: General MIDI programs as IRMAS's classes and as accompaniment; who trains, who tests.

Test songs are played by instruments that neither training pieces nor the training notes of a render of notes from the
same fonts have. Two programs that share a sample are one instrument (see `soundfont`); where a class has a single one,
it plays on both sides, and where it has none but those of the notes, one of them tests: warnings name the classes.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fusion.datasets.groups import components
from fusion.rendering.notes.instruments import choose_instruments
from fusion.rendering.soundfont import Preset, SoundFont

PROGRAMS: dict[str, dict[int, tuple[int, int]]] = {
    "cel": {42: (36, 74)},
    "cla": {71: (50, 88)},
    "flu": {73: (60, 93), 72: (74, 102), 74: (60, 93), 75: (60, 91), 77: (58, 86)},
    "gac": {24: (40, 79), 25: (40, 79)},
    "gel": {27: (40, 81), 26: (40, 81), 28: (40, 72), 29: (40, 81), 30: (40, 81)},
    "org": {16: (36, 91), 17: (36, 91), 18: (36, 91), 19: (36, 91), 20: (41, 84)},
    "pia": {0: (31, 96), 1: (31, 96), 2: (33, 93), 3: (33, 93)},
    "sax": {65: (49, 80), 64: (56, 87), 66: (44, 75), 67: (36, 68)},
    "tru": {56: (54, 84), 59: (54, 82)},
    "vio": {40: (55, 93), 110: (55, 93)},
    "voi": {52: (45, 79), 53: (45, 79), 54: (45, 79)},
}
"""Programs (bank 0, numbered from 0) of each class, the commonest first, with the lowest and highest MIDI key that
such players use. Trumpets with a mute, recorders, pan pipes and shakuhachis are in; viola and fretless bass are not."""

BACKING: dict[str, dict[int, tuple[int, int]]] = {
    "chords": {4: (36, 88), 5: (36, 88), 11: (53, 89), 12: (48, 88), 21: (48, 84), 46: (36, 96)},
    "pad": {48: (40, 88), 41: (48, 84), 57: (40, 72), 60: (41, 77), 68: (58, 88), 70: (36, 72)},
    "bass": {32: (28, 55), 33: (28, 55), 34: (28, 55), 35: (28, 55)},
}
"""Programs that only accompany: they belong to no class of IRMAS."""

CLASSES = tuple(PROGRAMS)
KITS = (0, 8, 16, 25, 32, 40)
"""Programs of bank 128."""


@dataclass(frozen=True)
class Voice:
    """A preset of a font; `low` and `high` are MIDI keys, both included.

    `instrument` is the name of all presets that share a sample with this one, `in_notes` says whether a training
    instrument of practice notes does.
    """

    font: Path
    bank: int
    program: int
    low: int
    high: int
    instrument: str = ""
    in_notes: bool = False


@dataclass(frozen=True)
class Players:
    """The voices of one side: `lead` by class, and those that only accompany. Drums may be missing."""

    lead: dict[str, tuple[Voice, ...]]
    chords: tuple[Voice, ...]
    pad: tuple[Voice, ...]
    bass: tuple[Voice, ...]
    drums: tuple[Voice, ...]


def choose_players(
    train: Sequence[SoundFont], test: Sequence[SoundFont], seed: int
) -> tuple[Players, Players, list[str]]:
    """Divide the fonts' instruments of each class between training and test.

    An instrument of one side's fonts alone stays there. Of those that both sides have, up to half (at least one) are
    test's: such as train no practice notes, or where a class has none of these, any but the first. The others train.
    Accompanists play on both sides, save those that share a sample with an instrument of a class.

    Parameters
    ----------
    train, test : sequences of SoundFont
        The same fonts may be on both sides.
    seed : int
        Which instruments test gets, and which train practice notes.

    Returns
    -------
    train, test : Players
    shared : list of str
        Classes that are played by the same instruments on both sides, for want of others.
    """
    sides = (tuple(train), tuple(test))
    candidates = [
        (side, role, voice, preset)
        for side, fonts in enumerate(sides)
        for role, programs in (PROGRAMS | BACKING).items()
        for font in fonts
        for program, keys in programs.items()
        for preset in font.presets
        if (preset.bank, preset.program) == (0, program) and (voice := _voice(font, preset, *keys))
    ]
    numbers = components([preset.samples for *_, preset in candidates])
    taught = _samples_of_notes(train, test, seed)
    known = {number for number, (*_, preset) in zip(numbers, candidates, strict=True) if preset.samples & taught}
    names: dict[int, str] = {}
    for number, (_, _, voice, _) in zip(numbers, candidates, strict=True):
        names.setdefault(number, f"{voice.font.stem} program {voice.program}")
    groups: dict[str, tuple[list[int], list[int]]] = {role: ([], []) for role in PROGRAMS | BACKING}
    for number, (side, role, *_) in zip(numbers, candidates, strict=True):
        if number not in groups[role][side]:
            groups[role][side].append(number)
    owner: dict[int, int] = {}
    shared: list[str] = []
    rng = random.Random(f"players {seed}")
    for name in PROGRAMS:
        here, there = groups[name]
        common = [group for group in here if group in there]
        owner |= {group: 0 for group in here if group not in there} | {group: 1 for group in there if group not in here}
        free = [group for group in common if group not in owner]
        first = [] if any(owner.get(group) == 0 for group in here) else free[:1]
        unknown = [group for group in free if group not in known] if len(free) > len(first) else []
        choice = unknown or [group for group in free if group not in first]
        most = min(max(1, len(common) // 2), len(free) - len(first)) - sum(owner.get(g) == 1 for g in there)
        owner |= dict.fromkeys(free, 0) | dict.fromkeys(rng.sample(choice, min(len(choice), max(0, most))), 1)
        if here and there and not any(owner[group] == 1 for group in there):
            shared.append(name)
    chosen = []
    for side, fonts in enumerate(sides):
        voices: dict[str, list[Voice]] = {role: [] for role in groups}
        for number, (where, role, voice, _) in zip(numbers, candidates, strict=True):
            plays = owner[number] == side or (role in shared and side == 1) if role in PROGRAMS else number not in owner
            if where == side and plays:
                voices[role].append(replace(voice, instrument=names[number], in_notes=number in known))
        lead = {name: tuple(voices[name]) for name in PROGRAMS if voices[name]}
        kits = tuple(
            Voice(font.path, preset.bank, preset.program, 35, 81)
            for font in fonts
            for preset in font.presets
            if preset.bank == 128 and preset.program in KITS and preset.keys.issuperset((36, 38, 42, 51))
        )
        chosen.append(Players(lead, tuple(voices["chords"]), tuple(voices["pad"]), tuple(voices["bass"]), kits))
    return chosen[0], chosen[1], shared


def _samples_of_notes(train: Sequence[SoundFont], test: Sequence[SoundFont], seed: int) -> frozenset[str]:
    """Return what the training instruments of practice notes play, rendered from the same fonts with the same seed."""
    taught = {(i.font, i.program) for i in choose_instruments(train, test, seed) if not i.held_out}
    played = (p.samples for font in train for p in font.presets if p.bank == 0 and (font.path, p.program) in taught)
    return frozenset().union(*played)


def _voice(font: SoundFont, preset: Preset, low: int, high: int) -> Voice | None:
    """Return the player with the keys that its font can sound; None with less than an octave of them."""
    keys = [key for key in range(low, high + 1) if key in preset.keys]
    return Voice(font.path, preset.bank, preset.program, keys[0], keys[-1]) if len(keys) >= 13 else None
