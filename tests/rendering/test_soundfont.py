"""Reading SoundFonts."""

import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.datasets.groups import components
from fusion.errors import FusionError
from fusion.rendering.fluidsynth import find_fluidr3
from fusion.rendering.notes.instruments import PROGRAMS
from fusion.rendering.soundfont import WINDOW, read_soundfont
from tests.support.soundfonts import chunk, noise, write_font


def groups(*paths: Path) -> list[int]:
    return components([preset.samples for path in paths for preset in read_soundfont(path).presets])


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    samples = {"a": noise(0, 300), "b": noise(1, 300)}
    path = tmp_path_factory.mktemp("font") / "tiny.sf2"
    return write_font(path, samples, {0: [("a", 0, 60), ("b", 61, 127)], 4: [("b", 20, 30)]}).read_bytes()


def test_presets_keys_and_name(tmp_path: Path) -> None:
    samples = {"a": noise(0), "b": noise(1)}
    zones = {40: [("b", 50, 52)], 0: [("a", 21, 23), ("b", 30, 30)]}
    font = read_soundfont(write_font(tmp_path / "x.sf2", samples, zones, name="Some Font"))
    assert font.name == "Some Font"
    assert [(preset.bank, preset.program, preset.name) for preset in font.presets] == [
        (0, 0, "Preset 0"),
        (0, 40, "Preset 40"),
    ]
    assert [sorted(preset.keys) for preset in font.presets] == [[21, 22, 23, 30], [50, 51, 52]]
    assert [len(preset.samples) for preset in font.presets] == [2, 1]


def test_presets_that_share_a_sample_are_one_group(tmp_path: Path) -> None:
    samples = {"a": noise(0), "b": noise(1), "c": noise(2), "d": noise(3)}
    zones = {0: [("a", 0, 127)], 1: [("b", 0, 127)], 2: [("a", 0, 60), ("c", 61, 127)], 3: [("d", 0, 127)]}
    assert groups(write_font(tmp_path / "x.sf2", samples, zones)) == [0, 1, 0, 2]


def test_content_counts_and_names_do_not(tmp_path: Path) -> None:
    one = write_font(tmp_path / "a.sf2", {"piano": noise(0)}, {0: [("piano", 0, 127)]})
    renamed = write_font(tmp_path / "b.sf2", {"other": noise(0)}, {5: [("other", 0, 127)]}, name="Other")
    namesake = write_font(tmp_path / "c.sf2", {"piano": noise(1)}, {0: [("piano", 0, 127)]})
    assert groups(one, renamed, namesake) == [0, 0, 1]


def test_a_cut_sample_is_known_again(tmp_path: Path) -> None:
    y = noise(0, 5000) // 4
    y[2000] = 20000
    one = write_font(tmp_path / "a.sf2", {"a": y}, {0: [("a", 0, 127)]})
    cut = write_font(tmp_path / "b.sf2", {"a": y[500:4000]}, {0: [("a", 0, 127)]})
    assert groups(one, cut) == [0, 0]


def test_silence_and_rom_are_no_sound(tmp_path: Path) -> None:
    samples = {"a": noise(0), "silence": np.zeros(3000), "short": np.full(20, 3)}
    zones = {0: [("a", 40, 50), ("silence", 51, 60)], 1: [("silence", 0, 127), ("short", 0, 127)]}
    first, second = read_soundfont(write_font(tmp_path / "x.sf2", samples, zones)).presets
    assert sorted(first.keys) == list(range(40, 51))
    assert (second.keys, second.samples) == (frozenset(), frozenset())
    rom = read_soundfont(write_font(tmp_path / "rom.sf2", samples, zones, sample_type=0x8001))
    assert not rom.samples


def test_short_samples_differ(tmp_path: Path) -> None:
    samples = {"a": noise(0, WINDOW), "b": noise(1, 40), "c": noise(1, 40)}
    zones = {program: [(sample, 0, 127)] for program, sample in enumerate(samples)}
    assert groups(write_font(tmp_path / "x.sf2", samples, zones)) == [0, 1, 1]


@pytest.mark.parametrize("change", [{"version": 3}, {"sample_type": 0x11}])
def test_compressed_samples_are_refused(tmp_path: Path, change: dict[str, int]) -> None:
    path = write_font(tmp_path / "x.sf3", {"a": noise(0)}, {0: [("a", 0, 127)]}, **change)
    with pytest.raises(FusionError, match=r"x\.sf3: its samples are compressed \(SF3\).*sf3convert"):
        read_soundfont(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "cannot read"),
        (b"RIFF", "begins with b'RIFF'"),
        (b"Creative Voice File\x1a" * 9, "begins with b'Creative Voi'"),
        (chunk(b"RIFF", b"sfbk"), "no chunk smpl, phdr"),
        (chunk(b"RIFF", b"DLS " + bytes(40)), "wanted b'RIFF', a length and b'sfbk'"),
        (chunk(b"RIFF", b"sfbk" + b"LIST" + struct.pack("<I", 99)), "ends 99 bytes too late"),
    ],
)
def test_foreign_files(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.sf2"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FusionError, match=message):
        read_soundfont(path)


def test_wrong_numbers_are_named(tmp_path: Path) -> None:
    path = write_font(tmp_path / "x.sf2", {"a": noise(0)}, {0: [("a", 0, 127)]})
    data = path.read_bytes()
    sample = data.replace(struct.pack("<HH", 53, 0), struct.pack("<HH", 53, 9))
    instrument = data.replace(struct.pack("<HH", 41, 0), struct.pack("<HH", 41, 7))
    end = data.replace(struct.pack("<IIII", 0, 4410, 8, 4402), struct.pack("<IIII", 0, 9999, 8, 4402))
    bags = struct.pack("<4sIHHHH", b"pbag", 8, 0, 0, 1, 0)
    generators = data.replace(bags, bags[:12] + struct.pack("<HH", 99, 0))
    table = data.replace(struct.pack("<4sI", b"shdr", 92), struct.pack("<4sI", b"shdr", 90))
    for damaged, message in [
        (sample, "sample 9 of 1"),
        (instrument, "instrument 7 of 1"),
        (end, "0 to 9999 of"),
        (generators, "generators 0 to 99 of 2"),
        (table, "table shdr has 90 bytes, not some 46 each"),
    ]:
        assert damaged != data
        path.write_bytes(damaged)
        with pytest.raises(FusionError, match=message):
            read_soundfont(path)


def test_every_truncation_is_an_error(tmp_path: Path, tiny: bytes) -> None:
    path = tmp_path / "x.sf2"
    for size in range(0, len(tiny), 13):
        path.write_bytes(tiny[:size])
        with pytest.raises(FusionError, match=r"x\.sf2"):
            read_soundfont(path)


@settings(max_examples=300, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_damage_never_ends_in_another_error(
    tiny: bytes, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, bytes]]
) -> None:
    data = bytearray(tiny)
    for position, new in changes:
        position = len(data) - 1 - position % len(data)
        data[position : position + len(new)] = new
    path = tmp_path_factory.getbasetemp() / "damaged.sf2"
    path.write_bytes(data)
    try:
        keys = {key for preset in read_soundfont(path).presets for key in preset.keys}
    except FusionError:
        return
    assert keys <= set(range(128))


def test_fluidr3_has_72_independent_instruments() -> None:
    try:
        font = read_soundfont(find_fluidr3())
    except FusionError as error:
        pytest.skip(str(error))
    presets = [preset for preset in font.presets if preset.bank == 0 and preset.program in PROGRAMS]
    numbers = components([preset.samples for preset in presets])
    pairs = {(PROGRAMS[preset.program].family, number) for preset, number in zip(presets, numbers, strict=True)}
    assert Counter(family for family, _ in pairs) == {
        **{"bass": 8, "brass": 7, "flute": 8, "guitar": 7, "keyboard": 6, "mallet": 8},
        **{"organ": 5, "reed": 8, "string": 6, "synth_lead": 6, "vocal": 3},
    }
