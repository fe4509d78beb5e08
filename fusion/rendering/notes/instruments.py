"""General MIDI programs as NSynth's instruments: family, source and keys; which ones valid and test share."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.datasets.groups import components
from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS
from fusion.rendering.soundfont import Preset, SoundFont


@dataclass(frozen=True)
class Program:
    """What a General MIDI program is in NSynth's terms; `low` and `high` are MIDI keys, both included."""

    family: str
    source: str
    low: int
    high: int


def _table() -> dict[int, Program]:
    rows: dict[str, list[tuple[int, int, int, int]]] = {  # program, source, lowest key, highest key
        "keyboard": [
            (0, 0, 21, 108), (1, 0, 21, 108), (2, 1, 28, 100), (3, 0, 21, 108),
            (4, 1, 28, 100), (5, 1, 28, 100), (6, 0, 29, 89), (7, 1, 29, 88),
        ],
        "mallet": [
            (8, 0, 60, 108), (9, 0, 72, 108), (10, 0, 60, 96), (11, 0, 53, 89),
            (12, 0, 45, 96), (13, 0, 65, 108), (14, 0, 60, 79), (15, 0, 48, 84),
        ],
        "organ": [(16, 1, 36, 96), (17, 1, 36, 96), (18, 1, 36, 96), (19, 0, 36, 96), (20, 0, 36, 89)],
        "guitar": [
            (24, 0, 40, 84), (25, 0, 40, 84), (26, 1, 40, 86), (27, 1, 40, 86),
            (28, 1, 40, 76), (29, 1, 40, 86), (30, 1, 40, 86), (31, 1, 52, 85),
        ],
        "bass": [
            (32, 0, 28, 62), (33, 1, 28, 64), (34, 1, 28, 64), (35, 1, 28, 64),
            (36, 1, 28, 64), (37, 1, 28, 64), (38, 2, 24, 72), (39, 2, 24, 72),
        ],
        "string": [
            (40, 0, 55, 100), (41, 0, 48, 91), (42, 0, 36, 79), (43, 0, 28, 57), (44, 0, 36, 96),
            (45, 0, 36, 93), (48, 0, 28, 96), (49, 0, 28, 96),
        ],
        "vocal": [(52, 0, 43, 81), (53, 0, 43, 81), (54, 2, 43, 84)],
        "brass": [
            (56, 0, 54, 86), (57, 0, 40, 74), (58, 0, 28, 62), (59, 0, 54, 86),
            (60, 0, 35, 77), (61, 0, 36, 84), (62, 2, 36, 96), (63, 2, 36, 96),
        ],
        "reed": [
            (64, 0, 56, 91), (65, 0, 49, 83), (66, 0, 44, 78), (67, 0, 36, 71),
            (68, 0, 58, 91), (69, 0, 52, 82), (70, 0, 34, 75), (71, 0, 50, 94),
        ],
        "flute": [
            (72, 0, 74, 108), (73, 0, 59, 98), (74, 0, 60, 96), (75, 0, 55, 96),
            (76, 0, 55, 84), (77, 0, 55, 86), (78, 0, 67, 96), (79, 0, 60, 89),
        ],
        "synth_lead": [(program, 2, 36, 96) for program in range(80, 88)],
    }  # fmt: skip
    return {
        program: Program(family, ORIGINS[source], low, high)
        for family, programs in rows.items()
        for program, source, low, high in programs
    }


PROGRAMS = _table()
"""Programs (numbered from 0, bank 0) that belong to a family of NSynth. The others belong to none: pads,
effects and drums; harp and timpani; accordion, harmonica and instruments of the world; synthetic strings."""

HELD_OUT = 2
"""Instruments of a family that valid and test get where the fonts of both sides hold the same ones."""


@dataclass(frozen=True)
class Instrument:
    """An instrument: shares no sample with another one of its family, nor with any of the other side."""

    family: str
    source: str
    font: Path
    program: int
    pitches: tuple[int, ...]  # MIDI keys, ascending
    held_out: bool  # in valid and test, not in train


def choose_instruments(
    train: Sequence[SoundFont],
    test: Sequence[SoundFont],
    seed: int,
    families: Sequence[str] = FAMILIES,
    pitches: tuple[int, int] = (0, 127),
    hold_out: bool = True,
) -> list[Instrument]:
    """Find the independent instruments of two sides' fonts, and those held out for valid and test.

    Programs that share a sample are one instrument, played by the first of them (a program of another family
    in that group is an instrument of its own family, always on the same side). A group of one side alone
    stays there. Groups of both sides are held out until their family has `HELD_OUT` instruments (one in
    families of up to three) and train keeps one; the rest train. Held-out instruments are acoustic or
    electronic (vocal: any) and no lead, so a protocol without synthetic sources and vocals keeps the rest.

    Parameters
    ----------
    train, test : sequences of SoundFont
        The same fonts may be on both sides.
    seed : int
        Which instruments are held out.
    families : sequence of str
        Whose instruments are returned; which ones are held out does not depend on it.
    pitches : (int, int)
        The lowest and the highest key of all. An instrument that this leaves a single key is left out: valid and
        test could not share it.
    hold_out : bool
        Whether any is held out; if not, those of `train` all train, and `test` is the same.

    Returns
    -------
    list of Instrument
        Ordered by family, source, side, font and program.
    """
    presets = [
        (side, font, preset)
        for side, fonts in enumerate((train, test))
        for font in fonts
        for preset in font.presets
        if preset.bank == 0 and _pitches(preset, pitches)
    ]
    groups: dict[int, list[tuple[int, SoundFont, Preset]]] = {}
    for group, member in zip(components([preset.samples for _, _, preset in presets]), presets, strict=True):
        groups.setdefault(group, []).append(member)
    sides = {group: {side for side, _, _ in members} for group, members in groups.items()}
    held = {group for group in groups if sides[group] == {1}}
    rng = random.Random(f"held out {seed}")
    for family in FAMILIES:
        holding = [group for group, members in groups.items() if family in _families(members)]
        wanted = HELD_OUT if len(holding) > 3 else 1
        candidates = [g for g in holding if hold_out and len(sides[g]) == 2 and _may_be_held_out(groups[g])]
        for group in rng.sample(candidates, len(candidates)):
            if group not in held and len(held.intersection(holding)) < min(wanted, len(holding) - 1):
                held.add(group)
    chosen: list[Instrument] = []
    for group, members in groups.items():
        first: dict[str, Instrument] = {}
        for side, font, preset in members:
            kind = PROGRAMS[preset.program]
            if side == (group in held) and (side == 0 or _fits_test(kind)):
                keys = _pitches(preset, pitches)
                instrument = Instrument(kind.family, kind.source, font.path, preset.program, keys, side == 1)
                first.setdefault(kind.family, instrument)
        chosen.extend(instrument for family, instrument in first.items() if family in families)
    order = {font.path: index for index, font in enumerate((*train, *test))}
    return sorted(chosen, key=lambda i: (i.family, i.source, i.held_out, order[i.font], i.program))


def _pitches(preset: Preset, limits: tuple[int, int]) -> tuple[int, ...]:
    program = PROGRAMS.get(preset.program)
    keys = tuple(k for k in range(program.low, program.high + 1) if k in preset.keys) if program else ()
    within = tuple(key for key in keys if limits[0] <= key <= limits[1])
    return within if len(within) > 1 or within == keys else ()


def _families(members: list[tuple[int, SoundFont, Preset]]) -> set[str]:
    return {PROGRAMS[preset.program].family for _, _, preset in members}


def _fits_test(program: Program) -> bool:
    return program.family == "vocal" or (program.family != "synth_lead" and program.source != "synthetic")


def _may_be_held_out(members: list[tuple[int, SoundFont, Preset]]) -> bool:
    return all(_fits_test(PROGRAMS[preset.program]) for _, _, preset in members)
