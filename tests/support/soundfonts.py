"""SoundFonts for tests: files of a few kilobytes, and fonts that exist as tables alone."""

from __future__ import annotations

import struct
from collections import defaultdict
from pathlib import Path

import numpy as np

from fusion.rendering.music.players import BACKING, KITS, PROGRAMS, choose_players
from fusion.rendering.notes.instruments import PROGRAMS as NOTE_PROGRAMS
from fusion.rendering.notes.plan import Note
from fusion.rendering.soundfont import Preset, SoundFont

Zone = tuple[str, int, int]  # sample, lowest key, highest key
SECONDS_20 = 5186  # in timecents


def noise(seed: int, points: int = 4410) -> np.ndarray:
    return np.random.default_rng(seed).integers(-12000, 12000, points).astype("<i2")


def sine(points: int = 44100) -> np.ndarray:
    """Middle C, which is every sample's root key."""
    return (16000 * np.sin(2 * np.pi * 261.6256 * np.arange(points) / 44100)).astype("<i2")


def write_font(
    path: Path,
    samples: dict[str, np.ndarray],
    presets: dict[int, list[Zone]],
    *,
    name: str = "Tiny",
    version: int = 2,
    sample_type: int = 1,
    release: int = -12000,
) -> Path:
    """Write an SF2 file with one instrument a preset; every sample is looped and has middle C as its root."""
    order, points, headers = list(samples), b"", b""
    for title, y in samples.items():
        start = len(points) // 2
        end = start + len(y)
        header = (title.encode(), start, end, start + 8, end - 8, 44100, 60, 0, 0, sample_type)
        headers += struct.pack("<20sIIIIIBbHH", *header)
        points += y.astype("<i2").tobytes() + bytes(92)
    phdr = pbag = pgen = inst = ibag = igen = b""
    bags = 0
    for index, (program, zones) in enumerate(presets.items()):
        phdr += struct.pack("<20sHHHIII", f"Preset {program}".encode(), program, 0, index, 0, 0, 0)
        pbag += struct.pack("<HH", index, 0)
        pgen += struct.pack("<HH", 41, index)
        inst += struct.pack("<20sH", f"Instrument {index}".encode(), bags)
        for sample, low, high in zones:
            ibag += struct.pack("<HH", len(igen) // 4, 0)
            igen += struct.pack("<HBBHhHHHH", 43, low, high, 38, release, 54, 1, 53, order.index(sample))
            bags += 1
    phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(presets), 0, 0, 0)
    pbag += struct.pack("<HH", len(presets), 0)
    inst += struct.pack("<20sH", b"EOI", bags)
    ibag += struct.pack("<HH", len(igen) // 4, 0)
    headers += struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)
    mod = bytes(10)
    title = name.encode() + bytes(2 - len(name) % 2)
    info = chunk(b"ifil", struct.pack("<HH", version, 1)) + chunk(b"isng", b"EMU8000\0") + chunk(b"INAM", title)
    pdta = chunk(b"phdr", phdr) + chunk(b"pbag", pbag) + chunk(b"pmod", mod) + chunk(b"pgen", pgen + bytes(4))
    pdta += chunk(b"inst", inst) + chunk(b"ibag", ibag) + chunk(b"imod", mod) + chunk(b"igen", igen + bytes(4))
    pdta += chunk(b"shdr", headers)
    body = chunk(b"LIST", b"INFO" + info) + chunk(b"LIST", b"sdta" + chunk(b"smpl", points))
    path.write_bytes(chunk(b"RIFF", b"sfbk" + body + chunk(b"LIST", b"pdta" + pdta)))
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def music_font(name: str, same: dict[int, str] | None = None, without: tuple[int, ...] = ()) -> SoundFont:
    """Return a font with all programs, each with a sample of its own save those in `same`, and drums."""
    keys = frozenset(range(128))
    programs = sorted({program for table in (PROGRAMS | BACKING).values() for program in table} - set(without))
    presets = [Preset(0, p, f"P{p}", keys, frozenset({(same or {}).get(p, f"{name}{p}")})) for p in programs]
    kits = [Preset(128, p, f"K{p}", frozenset(range(27, 88)), frozenset({f"{name}kit"})) for p in KITS]
    return SoundFont(Path(f"{name}.sf2"), name, (*presets, *kits))


FONT = music_font("a", {110: "violin", 40: "violin", 24: "guitar", 25: "guitar"})
TRAIN, TEST, SHARED = choose_players([FONT], [FONT], 0)


def notes_font(name: str, samples: dict[int, str] | None = None) -> SoundFont:
    """Return a font in which every program has its own sample, save those in `samples`."""
    presets = [
        Preset(
            0,
            program,
            f"P{program}",
            frozenset(range(128)),
            frozenset({(samples or {}).get(program, f"{name}{program}")}),
        )
        for program in NOTE_PROGRAMS
    ]
    return SoundFont(Path(f"{name}.sf2"), name, tuple(presets))


def by_instrument(split: str, notes: list[Note]) -> dict[int, list[Note]]:
    instruments: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        if note.split == split:
            instruments[note.instrument].append(note)
    return instruments
