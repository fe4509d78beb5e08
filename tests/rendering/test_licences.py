"""Whose audio a render is: fonts known by what they play, licences given, sharing refused; and tiny renders with options."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from fusion.errors import FusionError
from fusion.rendering import fluidsynth as synthesis
from fusion.rendering.fluidsynth import RATE, Synthesizer, Tone
from fusion.rendering.fonts import Fonts, common_sample_warnings, read_fonts
from fusion.rendering.licences import FLUIDR3_LICENCE, find_licences, is_fluidr3, write_terms
from fusion.rendering.music.composer import MusicPart, Piece
from fusion.rendering.music.mixdown import mix, perform, sounding
from fusion.rendering.music.options import IrmasOptions
from fusion.rendering.music.plan import Excerpt
from fusion.rendering.music.players import Voice
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.soundfont import SoundFont, read_soundfont
from tests.support.soundfonts import noise, write_font

Command = Callable[..., tuple[int, str, str]]
PROGRAMS = (32, 33, 34, 35, 40, 42, 71, 73)
"""Basses, violin, cello, clarinet and flute."""


def tiny(path: Path, first: int = 0, name: str = "Tiny", prefix: str = "s") -> Path:
    """Write a font of noises, counted from `first`; sample `i` is the same noise in every font."""
    path.parent.mkdir(exist_ok=True)
    samples = {f"{prefix}{number}": noise(first + number, 2000) for number in range(len(PROGRAMS))}
    presets = {program: [(f"{prefix}{number}", 0, 127)] for number, program in enumerate(PROGRAMS)}
    return write_font(path, samples, presets, name=name)


def fonts_at(*paths: str) -> dict[Path, SoundFont]:
    return {Path(path): SoundFont(Path(path), path, ()) for path in paths}


@pytest.fixture(scope="module")
def fluidr3() -> SoundFont:
    try:
        return read_soundfont(synthesis.find_fluidr3())
    except FusionError as error:
        pytest.skip(str(error))


# which font it is


def test_fluidr3_is_known_by_its_samples_and_not_by_its_name(fluidr3: SoundFont, tmp_path: Path) -> None:
    renamed = SoundFont(Path("mine.sf2"), "Mine", fluidr3.presets)
    assert is_fluidr3(renamed)
    assert find_licences({renamed.path: renamed}, ()) == {renamed.path: FLUIDR3_LICENCE}
    assert not is_fluidr3(SoundFont(fluidr3.path, fluidr3.name, fluidr3.presets[:-9]))
    foreign = read_soundfont(tiny(tmp_path / "x.sf2")).presets
    assert not is_fluidr3(SoundFont(fluidr3.path, fluidr3.name, (*fluidr3.presets, *foreign)))


def test_a_font_that_calls_itself_fluidr3_is_not(tmp_path: Path) -> None:
    path = tiny(tmp_path / "FluidR3_GM.sf2", name="Fluid R3 GM")
    assert read_soundfont(path).name == "Fluid R3 GM"
    with pytest.raises(FusionError, match=rf"^--share: {re.escape(str(path))}: no licence known"):
        read_fonts(NSynthOptions(train_fonts=(path,), share=True))
    fonts = read_fonts(NSynthOptions(train_fonts=(path,)))
    assert "`FluidR3_GM.sf2` is unknown: **audio that it plays must not be passed on.**" in write_terms(
        tmp_path, fonts.by_path, fonts.licences
    )
    assert not (tmp_path / "LICENSE-FluidR3.txt").exists()


# what is given


@pytest.mark.parametrize("given", ["a.sf2=CC0", "fonts/a.sf2=CC0", "./fonts/a.sf2= CC0 "])
def test_a_font_is_named_by_path_or_file(given: str) -> None:
    assert find_licences(fonts_at("fonts/a.sf2", "b.sf2"), [given]) == {Path("fonts/a.sf2"): "CC0"}


def test_equal_signs_are_allowed_on_both_sides() -> None:
    assert find_licences(fonts_at("a=b.sf2"), ["a=b.sf2=see x=y"]) == {Path("a=b.sf2"): "see x=y"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["piano.sf2"], "--licence piano.sf2: should be FONT.sf2=TEXT"),
        (["piano.sf2= "], "--licence piano.sf2=: no text"),
        (["paino.sf2=CC0"], "--licence paino.sf2: no font of this render; did you mean 'piano.sf2'?; its fonts: x/a.sf2, y/a"),
        (["=CC0"], "--licence : no font of this render; its fonts: x/a.sf2, y/a.sf2, piano.sf2"),
        (["a.sf2=CC0"], "--licence a.sf2: x/a.sf2 and y/a.sf2 have this name; give the path"),
        (["piano.sf2=CC0", "./piano.sf2=MIT"], "--licence: the licence of piano.sf2 is given twice"),
        (["Permission is granted\nto all\n"], "--licence Permission is granted to all: should be"),
    ],
)  # fmt: skip
def test_what_cannot_be_given(given: list[str], message: str) -> None:
    with pytest.raises(FusionError, match=rf"^{re.escape(message)}.*$"):
        find_licences(fonts_at("x/a.sf2", "y/a.sf2", "piano.sf2"), given)


def test_the_terms_name_each_font(tmp_path: Path) -> None:
    text = write_terms(tmp_path, fonts_at("a.sf2", "b.sf2"), {Path("a.sf2"): "CC0\nfor all"})
    assert "- a.sf2 (`a.sf2`): CC0\n  for all\n- b.sf2 (`b.sf2`): **unknown**\n" in text
    assert "as given by who made this folder" in text
    assert text.endswith("The licence of `b.sf2` is unknown: **audio that it plays must not be passed on.**\n")
    assert "must not" not in write_terms(tmp_path, fonts_at("a.sf2"), {Path("a.sf2"): "CC0"})


# common samples


def test_common_samples_are_found_under_other_names(tmp_path: Path) -> None:
    one = tiny(tmp_path / "one.sf2")
    other = tiny(tmp_path / "other.sf2", first=5, name="Other", prefix="other")  # 5, 6 and 7 are one's, too
    namesake = tiny(tmp_path / "namesake.sf2", first=100)  # the same names, other sounds
    fonts = [read_soundfont(path) for path in (one, other, namesake)]
    assert list(common_sample_warnings(Fonts((fonts[0],), (fonts[2],), {}))) == []
    (warning,) = common_sample_warnings(Fonts((fonts[0],), (fonts[1], fonts[2]), {}), ", where")
    assert warning == (
        f"shared-groups: {one} (train) and {other} (test) have 3 samples in common; "
        "instruments that play any of them are on one side only, where"
    )


# renders


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fonts")
    tiny(folder / "train.sf2")
    tiny(folder / "test.sf2", first=6, name="Other", prefix="other")  # two samples are train's
    return folder


@pytest.mark.parametrize("layout", ["nsynth", "irmas"])
def test_sharing_unknown_fonts_is_refused_before_anything_is_written(
    fluidsynth: None, layout: str, folder: Path, fusion: Command, tmp_path: Path
) -> None:
    train, test = folder / "train.sf2", folder / "test.sf2"
    words = ("data", "render", layout, "--out", "x", "--train-font", train, "--test-font", test, "--share")
    code, out, err = fusion(*words, "--licence", "train.sf2=CC0")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: --share: {test}: no licence known")
    code, _, err = fusion(*words, "--licence", "trian.sf2=CC0")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("error: --licence trian.sf2: no font of this render; did you mean 'train.sf2'?")
    assert list(tmp_path.iterdir()) == []


def test_notes_with_options(fluidsynth: None, folder: Path, fusion: Command, tmp_path: Path) -> None:
    train, test = folder / "train.sf2", folder / "test.sf2"
    words = ["data", "render", "nsynth", "--out", "x", "--train-font", train, "--test-font", test, "--jobs", 1]
    words += ["--families", "string,bass", "--pitches", "50-60", "--velocities", "127,90", "--notes", 2]
    sharing = ["--share", "--licence", "train.sf2=CC0", "--licence", f"{test}=told by its author"]
    code, _, err = fusion(*words, *sharing)
    assert code == 0, err
    assert f"warning: shared-groups: {train} (train) and {test} (test) have 2 samples in common" in err
    names = [path.stem for path in (tmp_path / "x").rglob("*.flac")]
    assert all(re.fullmatch(r"(string|bass)_\w+-0(5\d|60)-(090|127)", name) for name in names)
    counts = {s: len(list((tmp_path / "x" / f"nsynth-{s}").rglob("*.flac"))) for s in ("train", "valid", "test")}
    examples = json.loads((tmp_path / "x" / "nsynth-train" / "examples.json").read_text())
    instruments = {example["instrument"] for example in examples.values()}
    assert counts["train"] == 2 * len(instruments) > 0
    assert counts["valid"] == 2 * counts["test"] > 0
    record = json.loads((tmp_path / "x" / "render.json").read_text())
    assert record["options"] == {
        "families": ["bass", "string"], "pitches": [50, 60], "velocities": [90, 127], "notes": 2
    }  # fmt: skip
    digests = [font["sha256"] for font in record["fonts"]]
    assert record["licences"] == dict(zip(digests, ["CC0", "told by its author"], strict=True))
    readme = (tmp_path / "x" / "README.md").read_text()
    assert "--families bass,string --pitches 50-60 --velocities 90,127 --notes 2 --out DIR`" in readme
    assert "Velocities: 90, 127 (NSynth's: 25, 50, 75, 100, 127)." in readme
    assert "- Tiny (`train.sf2`): CC0\n- Other (`test.sf2`): told by its author\n" in readme
    assert "must not be passed on" not in readme
    code, _, err = fusion(*words)  # licences make no other plan
    assert (code, "holds this render already" in err) == (2, True)
    code, _, err = fusion(*words[:-2])  # notes do
    assert (code, "no interrupted render of this plan" in err) == (2, True)


def test_music_with_options(fluidsynth: None, folder: Path, fusion: Command, tmp_path: Path) -> None:
    train = folder / "train.sf2"
    words = ["data", "render", "irmas", "--out", "x", "--train-font", train, "--jobs", 1]
    words += ["--families", "vio,flu", "--pieces", 1, "--level", "12,12"]
    code, _, err = fusion(*words)
    assert code == 0, err
    assert not re.search("cel|cla", err)  # neither missing nor shared: not asked for
    out = tmp_path / "x"
    assert sorted(path.name for path in (out / "IRMAS-TrainingData").iterdir()) == ["flu", "vio"]
    assert len(list((out / "IRMAS-TrainingData").rglob("*.flac"))) == 2 * 3
    assert {word for path in out.rglob("IRMAS-Testing*/**/*.txt") for word in path.read_text().split()} == {
        "flu",
        "vio",
    }
    record = json.loads((out / "render.json").read_text())
    assert record["options"] == {"families": ["flu", "vio"], "pieces": 1, "level": [12.0, 12.0]}
    assert (record["shared"], record["licences"]) == (["flu", "vio"], {})
    readme = (out / "README.md").read_text()
    assert "a predominant instrument is 12 dB over the accompaniment" in readme
    assert "Pairs of training files" not in readme  # of gac and gel only
    assert "The licence of `train.sf2` is unknown: **audio that it plays must not be passed on.**" in readme
    code, _, err = fusion(*words[:-2], "--level", "12,13")
    assert (code, "no interrupted render of this plan" in err) == (2, True)


def test_an_earlier_record_with_options_is_not_a_plan_without(
    fluidsynth: None, folder: Path, fusion: Command, tmp_path: Path
) -> None:
    """Level and plan digest do not meet: only the record tells that the excerpts there have another level."""
    words = ["data", "render", "irmas", "--out", "x", "--train-font", folder / "train.sf2", "--pieces", 1]
    words += ["--families", "vio,flu", "--jobs", 1]
    assert fusion(*words, "--level", "0,1")[0] == 0
    code, _, err = fusion(*words)
    assert (code, "no interrupted render of this plan" in err) == (2, True)


@pytest.mark.parametrize(("layout", "asked"), [("nsynth", "flute,organ"), ("irmas", "voi,org")])
def test_a_font_without_the_families_is_named(
    fluidsynth: None, layout: str, asked: str, folder: Path, fusion: Command, tmp_path: Path
) -> None:
    keys = ("--pitches", "0-9") if layout == "nsynth" else ()
    words = ("--train-font", folder / "train.sf2", "--families", asked, *keys)
    code, _, err = fusion("data", "render", layout, "--out", "x", *words)
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith(f"error: {folder / 'train.sf2'}: ")
    assert ", ".join(sorted(asked.split(","))) in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("level", [(-12.0, -12.0), (0.0, 1.0), (3.0, 9.0), (20.0, 24.0)])
def test_the_level_is_measured(fluidsynth: None, folder: Path, level: tuple[float, float]) -> None:
    path = folder / "train.sf2"
    parts = tuple(
        MusicPart(role, label, Voice(path, 0, program, 0, 127), (Tone(0.2, 3.0, 60, 100),), 0.0, 0.0)
        for role, label, program in (("lead", "flu", 73), ("bass", None, 32))
    )
    piece = Piece("cla", 100.0, 4, 0, False, 4.0, parts)
    stems = [perform(Synthesizer([path]), part, 4 * RATE) for part in parts]
    for seed in range(5):
        mixed = mix(piece, stems, Excerpt(Path("x"), 0.0, 4.0, ("flu",), False), str(seed), level)
        assert mixed
        where = sounding(parts[0], 4 * RATE)
        powers = [np.mean(np.square(y[:, where], dtype=np.float64)) for y in (mixed.leads["flu"], mixed.backing)]
        assert level[0] - 0.01 <= 10 * np.log10(powers[0] / powers[1]) <= level[1] + 0.01


# finished renders of before


def test_the_embedded_sample_is_recognised(
    fluidsynth: None, fluidr3: SoundFont, fusion: Command, tmp_path: Path
) -> None:
    """Its plan was recorded before there were options: with defaults, names and notes are the same.

    That of music is not: other instruments play in today's test.
    """
    record = Path(__file__).parents[2] / "fusion" / "sample" / "nsynth" / "render.json"
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "render.json").write_bytes(record.read_bytes())
    for more in ((), ("--velocities", "25,50,75,100,127")):
        code, _, err = fusion("data", "render", "nsynth", "--out", "x", "--preset", "sample", *more)
        assert (code, "holds this render already, and it is complete" in err) == (2, True)
    assert IrmasOptions(preset="sample").changes() == {}


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["nsynth", "irmas"])
def test_the_embedded_sample_sounds_the_same(
    fluidsynth: None, fluidr3: SoundFont, layout: str, fusion: Command, tmp_path: Path
) -> None:
    sample = Path(__file__).parents[2] / "fusion" / "sample" / layout
    recorded = json.loads((sample / "render.json").read_text())
    if recorded["fluidsynth"] != synthesis.check_fluidsynth():
        pytest.skip(f"it was played by FluidSynth {recorded['fluidsynth']}")
    code, _, err = fusion("data", "render", layout, "--out", "x", "--preset", "sample", "--share")
    assert code == 0, err
    files = sorted(path.relative_to(sample) for path in sample.rglob("*.ogg"))
    assert files == sorted(path.relative_to(tmp_path / "x") for path in (tmp_path / "x").rglob("*.ogg"))
    for file in files:
        np.testing.assert_array_equal(sf.read(sample / file)[0], sf.read(tmp_path / "x" / file)[0])
