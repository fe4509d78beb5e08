"""The options of a render: values as they are typed, what they do to the plan, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.cli.render import read_families, read_level, read_pitches, read_velocities
from fusion.datasets.nsynth_notes import FAMILIES
from fusion.errors import FusionError
from fusion.rendering.fonts import Fonts
from fusion.rendering.music import plan as recordings
from fusion.rendering.music.mixdown import OVER
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import MusicPlan, plan_recordings
from fusion.rendering.music.players import CLASSES
from fusion.rendering.notes import plan as notes
from fusion.rendering.notes.instruments import PROGRAMS, choose_instruments
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SPLITS, VELOCITIES, Note, plan_notes
from fusion.rendering.options import as_typed
from fusion.rendering.record import describe
from fusion.runtime.lock import alone
from tests.support.soundfonts import FONT, TEST, TRAIN, by_instrument, noise, notes_font, write_font

Command = Callable[..., tuple[int, str, str]]


def plan(options: NSynthOptions) -> list[Note]:
    instruments = choose_instruments(
        [notes_font("a")], [notes_font("a")], options.seed, options.families, options.pitches
    )
    return plan_notes(instruments, options.size, options.seed, options.velocities)


def music(options: IrmasOptions) -> MusicPlan:
    return plan_recordings(TRAIN, TEST, options.size, options.seed, options.families)


# as typed


@given(low=st.integers(0, 126), more=st.integers(1, 127))
def test_pitches_are_read_as_shown(low: int, more: int) -> None:
    pitches = (low, min(127, low + more))
    assert read_pitches(as_typed("pitches", pitches)) == pitches == NSynthOptions(pitches=pitches).pitches


@given(st.lists(st.integers(1, 127), min_size=1, unique=True))
def test_velocities_are_read_as_shown_in_any_order(velocities: list[int]) -> None:
    assert read_velocities(as_typed("velocities", velocities)) == tuple(velocities)
    assert NSynthOptions(velocities=tuple(velocities)).velocities == tuple(sorted(velocities))


@given(st.lists(st.integers(-4000, 4000), min_size=2, max_size=2))
def test_levels_are_read_as_shown(hundredths: list[int]) -> None:
    low, high = sorted(value / 100 for value in hundredths)
    assert read_level(as_typed("level", (low, high))) == (low, high) == IrmasOptions(level=(low, high)).level


@given(text=st.text(max_size=12) | st.text("0123456789-,. +e", max_size=12))
@pytest.mark.parametrize(
    ("option", "read", "kind"),
    [
        ("pitches", read_pitches, NSynthOptions),
        ("velocities", read_velocities, NSynthOptions),
        ("level", read_level, IrmasOptions),
        ("families", read_families, NSynthOptions),
    ],
)
def test_any_text_is_a_value_in_range_or_an_error_that_names_it(
    option: str, read: Callable[[str], Any], kind: Any, text: str
) -> None:
    try:
        value = getattr(kind(**{option: read(text)}), option)
    except FusionError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert message.startswith(f"--{option} ")
        return
    if option == "pitches":
        assert 0 <= value[0] < value[1] <= 127
    elif option == "velocities":
        assert list(value) == sorted(set(value))
        assert set(value) <= set(range(1, 128))
    elif option == "level":
        assert -40 <= value[0] <= value[1] <= 40
    else:
        assert len(value) > 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"families": ("flute", "gitar")},
            r"--families flute,gitar: 'gitar' is unknown; did you mean 'guitar'\?; known: bass",
        ),
        ({"families": ("flute",)}, "--families flute: should be two or more"),
        ({"families": ("flute", "flute")}, "--families flute,flute: should be two or more, each once"),
        ({"pitches": (72, 48)}, "--pitches 72-48: should be LOW-HIGH"),
        ({"pitches": (60, 60)}, "--pitches 60-60: should be LOW-HIGH"),
        ({"pitches": (60, 128)}, "--pitches 60-128: .* from 0 to 127"),
        ({"velocities": (0, 100)}, "--velocities 0,100: .* from 1 to 127"),
        ({"velocities": ()}, "--velocities : .* from 1 to 127"),
        ({"velocities": (100, 100)}, "--velocities 100,100: has one twice"),
        ({"notes": 0}, "--notes 0: should be 1 or more"),
        (
            {"preset": "practise"},
            r"--preset practise: should be sample or practice or diverse; did you mean 'practice'\?",
        ),
        ({"train_fonts": (Path("\udcff.sf2"),)}, r"'\\udcff.sf2': no text in UTF-8"),
    ],
)
def test_values_that_cannot_be_for_notes(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FusionError, match=f"^{message}"):
        NSynthOptions(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"families": ("flu", "pianos")},
            r"--families flu,pianos: 'pianos' is unknown; did you mean 'pia'\?; known: cel",
        ),
        ({"level": (9.0, 3.0)}, "--level 9,3: should be LOW,HIGH in dB"),
        ({"level": (-41.0, 3.0)}, "--level -41,3: should be LOW,HIGH in dB from -40 to 40"),
        ({"level": (float("nan"), 3.0)}, "--level nan,3: should be"),
        ({"pieces": 0}, "--pieces 0: should be 1 to 909 with 11 classes"),
        ({"pieces": 5000, "families": ("cel", "flu")}, "--pieces 5000: should be 1 to 4999 with 2 classes"),
    ],
)
def test_values_that_cannot_be_for_music(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FusionError, match=f"^{message}"):
        IrmasOptions(**options)


# what they do: notes


def test_defaults_change_nothing_however_they_are_typed() -> None:
    explicit = NSynthOptions(
        families=tuple(reversed(FAMILIES)), pitches=(0, 127), velocities=tuple(reversed(VELOCITIES)), notes=68
    )
    assert (explicit, explicit.changes()) == (NSynthOptions(), {})
    assert explicit.command == "fusion data render nsynth --preset practice --seed 0"
    assert IrmasOptions(families=tuple(reversed(CLASSES)), level=(3.0, 9.0), pieces=40) == IrmasOptions()
    assert IrmasOptions().changes() == {}
    assert OVER == (3.0, 9.0)


def test_the_command_is_what_was_typed() -> None:
    options = NSynthOptions(families=("guitar", "flute"), pitches=(48, 72), velocities=(100,), notes=2, seed=3)
    expected = "--preset practice --seed 3 --families flute,guitar --pitches 48-72 --velocities 100 --notes 2"
    assert options.command == f"fusion data render nsynth {expected}"
    assert IrmasOptions(pieces=2, level=(-3.0, 0.5)).command.endswith(" --pieces 2 --level -3,0.5")


def test_fewer_families_are_a_part_of_all() -> None:
    some = {note.note_str for note in plan(NSynthOptions(families=("flute", "guitar")))}
    assert some == {note.note_str for note in plan(NSynthOptions()) if note.family in ("flute", "guitar")}


@pytest.mark.parametrize("seed", range(3))
def test_keys_and_velocities_stay_within_their_limits(seed: int) -> None:
    options = NSynthOptions(pitches=(60, 72), velocities=(1, 127), seed=seed)
    planned = plan(options)
    assert {note.pitch for note in planned} == set(range(60, 73))
    assert {note.velocity for note in planned} == {1, 127}
    programs = {program for program, p in PROGRAMS.items() if p.low < 72 and p.high > 60}
    assert {note.program for note in planned} == programs
    assert set(by_instrument("valid", planned)) == set(by_instrument("test", planned))


def test_an_instrument_with_a_single_key_left_is_left_out() -> None:
    assert PROGRAMS[43].high == 57  # the double bass
    programs = {i.program for i in choose_instruments([notes_font("a")], [notes_font("a")], 0, FAMILIES, (57, 80))}
    assert 43 not in programs
    assert 43 in {i.program for i in choose_instruments([notes_font("a")], [notes_font("a")], 0, FAMILIES, (56, 80))}


@pytest.mark.parametrize("preset", notes.SIZES)
@pytest.mark.parametrize("count", [1, 2, 5, 200])
def test_notes_of_an_instrument(preset: str, count: int) -> None:
    options, usual = NSynthOptions(preset=preset, notes=count), notes.SIZES[preset]
    planned = plan(options)
    for split in SPLITS:
        wanted = max(1, round(getattr(usual, split) * count / usual.train))
        sizes = {len(by_instrument(split, planned)[number]) for number in by_instrument(split, planned)}
        assert max(sizes) <= wanted
        assert min(sizes) == wanted or count == 200  # at most: there may not be as many keys and velocities
    assert (options.size.span, options.size.encoding) == (usual.span, usual.encoding)


# what they do: music


def test_classes_lead_and_all_others_still_accompany() -> None:
    planned = music(IrmasOptions(families=("vio", "cel"), pieces=12))
    assert {excerpt.labels[0] for recording in planned.training for excerpt in recording.excerpts} == {"cel", "vio"}
    assert {label for r in planned.testing for excerpt in r.excerpts for label in excerpt.labels} == {"cel", "vio"}
    leading = {voice for label in ("cel", "vio") for voice in TRAIN.lead[label]}
    backing = {part.voice for r in planned.training for part in r.piece.parts if part.label is None}
    assert backing & {voice for voices in TRAIN.lead.values() for voice in voices} - leading


@pytest.mark.parametrize(("preset", "count", "songs"), [("practice", 1, 1), ("practice", 10, 2), ("sample", 12, 4)])
def test_pieces_of_a_class(preset: str, count: int, songs: int) -> None:
    planned = music(IrmasOptions(preset=preset, pieces=count))
    assert Counter(r.excerpts[0].labels[0] for r in planned.training) == dict.fromkeys(CLASSES, count)
    assert len(planned.testing) == songs * len(CLASSES)


def test_many_songs_have_names_of_their_own() -> None:
    planned = music(IrmasOptions(pieces=120, families=("cel", "vio", "flu", "pia", "org", "sax")))
    songs = [recording.name.partition(" - ")[2].partition(" - ")[2] for recording in planned.testing]
    assert len(songs) == len(set(songs)) == 21 * 6 > 110
    assert any(song.endswith(" 2") for song in songs)


def test_a_level_is_another_plan(tmp_path: Path) -> None:
    path = write_font(tmp_path / "a.sf2", {"a": noise(0)}, {0: [("a", 0, 127)]})
    fonts = Fonts((type(FONT)(path, "a", ()),), (), {})
    usual, louder = (describe(IrmasOptions(level=level), fonts, {}) for level in (OVER, (10.0, 12.0)))
    assert "options" not in usual
    assert louder == usual | {"options": {"level": [10.0, 12.0]}}


def test_presets_are_those_of_both_layouts() -> None:
    assert set(notes.SIZES) == {"sample", "practice", "diverse"}
    assert {"sample", "practice"} <= set(recordings.SIZES)


def test_a_preset_that_holds_nothing_out_takes_no_fonts_for_the_test() -> None:
    with pytest.raises(FusionError, match=r"--test-font: --preset diverse holds nothing out"):
        NSynthOptions(preset="diverse", test_fonts=(Path("other.sf2"),))


# what does not apply


@pytest.mark.parametrize(
    ("layout", "option", "value"),
    [
        ("irmas", "pitches", "48-72"), ("irmas", "velocities", "100"), ("irmas", "notes", 3),
        ("nsynth", "pieces", 3), ("nsynth", "level", "3,9"),
    ],
)  # fmt: skip
def test_options_of_the_other_layout(layout: str, option: str, value: object, fusion: Command, tmp_path: Path) -> None:
    code, out, err = fusion("data", "render", layout, "--out", "x", f"--{option}", value)
    assert (code, out) == (2, "")
    assert err == f"error: --{option} {value}: does not apply to {layout}; leave it out\n"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nsynth", "--families", "flute,gitar"), "--families flute,gitar: 'gitar' is unknown; did you mean 'guitar'?"),
        (("irmas", "--families", "flute,guitar"), "--families flute,guitar: 'flute' is unknown; did you mean 'flu'?"),
        (("nsynth", "--families", ""), "--families : should be two or more"),
        (("nsynth", "--pitches", "72"), "--pitches 72: should be LOW-HIGH, two MIDI keys, such as 48-72"),
        (("nsynth", "--velocities", "1,x"), "--velocities 1,x: should be whole numbers"),
        (("nsynth", "--notes", "0"), "--notes 0: should be 1 or more"),
        (("nsynth", "--notes", "many"), "--notes many: should be a whole number"),
        (("irmas", "--pieces", "1.5"), "--pieces 1.5: should be a whole number"),
        (("irmas", "--pieces", "9" * 5000), "--pieces 999"),
        (("irmas", "--pieces", "-1"), "--pieces -1: should be 1 to 909"),
        (("irmas", "--level", "-99,3"), "--level -99,3: should be LOW,HIGH in dB from -40 to 40"),
        (("irmas", "--level", "3"), "--level 3: should be LOW,HIGH, two numbers in dB, such as 3,9"),
        (("nsynt",), "nsynt: this data set cannot be rendered; did you mean 'nsynth'?; known: nsynth, irmas"),
    ],
)
def test_errors_are_one_line(words: tuple[str, ...], message: str, fusion: Command, tmp_path: Path) -> None:
    code, out, err = fusion("data", "render", *words, "--out", "x")
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_another_render_is_at_work_on_is_left_alone(fusion: Command, tmp_path: Path) -> None:
    with alone(tmp_path / ".x.lock", "busy"):
        code, out, err = fusion("data", "render", "nsynth", "--out", "x")
    assert (code, out) == (2, "")
    assert err.startswith("error: x: another render is at work on this folder; wait for it: it is process ")
    assert list(tmp_path.iterdir()) == []
