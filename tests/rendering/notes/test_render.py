"""Rendering notes: the plan without FluidSynth, the sound with it and a font of a few kilobytes."""

import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from fusion.datasets.nsynth_notes import FAMILIES, ORIGINS
from fusion.errors import FusionError
from fusion.rendering import fluidsynth as synthesis
from fusion.rendering.fluidsynth import Synthesizer
from fusion.rendering.fonts import Fonts
from fusion.rendering.notes.instruments import PROGRAMS, Instrument, choose_instruments
from fusion.rendering.notes.options import NSynthOptions
from fusion.rendering.notes.plan import SIZES, SPLITS, VELOCITIES, Note, plan_notes
from fusion.rendering.notes.play import play_note
from fusion.rendering.notes.render import NSynthSummary, notes_warnings, render_nsynth
from fusion.rendering.soundfont import SoundFont
from tests.support.interrupted import keep_first
from tests.support.soundfonts import SECONDS_20, by_instrument, noise, notes_font, sine, write_font

KEYS = {
    *("note", "note_str", "instrument", "instrument_str", "pitch", "velocity", "sample_rate", "qualities"),
    *(
        "qualities_str",
        "instrument_family",
        "instrument_family_str",
        "instrument_source",
        "instrument_source_str",
    ),
}
SEED_FAMILIES = set(FAMILIES) - {"synth_lead", "vocal"}


def plan(train: SoundFont, test: SoundFont, preset: str = "practice", seed: int = 0) -> list[Note]:
    size = SIZES[preset]
    return plan_notes(choose_instruments([train], [test], seed, hold_out=size.hold_out), size, seed)


# the plan


def test_every_program_is_nsynths() -> None:
    assert {program.family for program in PROGRAMS.values()} == set(FAMILIES)
    assert all(program.source in ORIGINS and 21 <= program.low < program.high <= 108 for program in PROGRAMS.values())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("preset", ["sample", "practice"])
def test_splits(preset: str, seed: int) -> None:
    a = notes_font("a")
    notes = plan(a, a, preset, seed)
    train, valid, test = (by_instrument(split, notes) for split in SPLITS)
    assert set(valid) == set(test)
    assert not set(train) & set(valid)
    for number in valid:
        pitches = [{note.pitch for note in split[number]} for split in (valid, test)]
        assert not pitches[0] & pitches[1]
        assert max(min(p) for p in pitches) < min(max(p) for p in pitches)  # interleaved
    held = {(notes[0].family, number) for number, notes in valid.items()}
    assert Counter(family for family, _ in held) == dict.fromkeys(SEED_FAMILIES, 2) | {"vocal": 1}
    assert {notes[0].family for notes in train.values()} == set(FAMILIES)
    assert all(
        note.source != "synthetic"
        for split in (valid, test)
        for n in split.values()
        for note in n
        if note.family in SEED_FAMILIES
    )


def test_diverse_notes_hold_no_instrument_out() -> None:
    a = notes_font("a", {40: "violin", 41: "violin"})
    notes = plan(a, a, "diverse")
    train, valid, test = (by_instrument(split, notes) for split in SPLITS)
    assert not valid
    assert set(train) == set(test)
    assert {own[0].program for own in train.values()} == set(PROGRAMS) - {41}  # plays the samples of 40
    for number in test:
        pitches = [{note.pitch for note in split[number]} for split in (train, test)]
        assert pitches[1]
        assert not pitches[0] & pitches[1]


@pytest.mark.parametrize("preset", SIZES)
def test_notes_are_distinct_and_in_range(preset: str) -> None:
    a = notes_font("a")
    notes = plan(a, a, preset)
    assert len({note.note_str for note in notes}) == len(notes)
    assert [note.number for note in notes] == list(range(len(notes)))
    for note in notes:
        assert PROGRAMS[note.program].low <= note.pitch <= PROGRAMS[note.program].high
        assert (note.family, note.source) == (PROGRAMS[note.program].family, PROGRAMS[note.program].source)
    assert {note.velocity for note in notes} == set(VELOCITIES)
    indices = {(note.family, note.source, note.index): note.instrument for note in notes}
    assert len(indices) == len(set(indices.values())) == len(PROGRAMS)


def test_few_notes_have_each_another_pitch_over_the_range() -> None:
    piano = Instrument("keyboard", "acoustic", Path("a.sf2"), 0, tuple(range(21, 109)), False)
    pitches = [note.pitch for note in plan_notes([piano], SIZES["sample"], 0)]
    assert len(set(pitches)) == SIZES["sample"].train
    assert all(8 <= high - low <= 26 for low, high in itertools.pairwise(sorted(pitches)))


def test_an_instrument_has_no_more_notes_than_pitches_times_velocities() -> None:
    tiny = Instrument("keyboard", "acoustic", Path("a.sf2"), 0, (60, 61), False)
    assert len({(note.pitch, note.velocity) for note in plan_notes([tiny], SIZES["practice"], 0)}) == 10


def test_the_plan_follows_from_its_seed() -> None:
    a = notes_font("a")
    assert plan(a, a, seed=3) == plan(a, a, seed=3)
    held = [{note.program for note in plan(a, a, seed=seed) if note.split == "test"} for seed in range(4)]
    assert len({frozenset(programs) for programs in held}) > 1


@pytest.mark.parametrize("seed", range(8))
def test_programs_that_share_a_sample_are_one_instrument_on_one_side(seed: int) -> None:
    a = notes_font("a", {40: "violin", 41: "violin", 7: "clavinet", 80: "clavinet", 32: "bass", 64: "bass"})
    chosen = choose_instruments([a], [a], seed)
    programs = {i.program: i for i in chosen}
    assert 40 in programs
    assert 41 not in programs
    assert not programs[7].held_out  # it sounds in a lead, and leads are in train only
    assert programs[32].held_out == programs[64].held_out


def test_two_fonts_without_common_samples_are_used_whole() -> None:
    chosen = choose_instruments([notes_font("a")], [notes_font("b")], 0)
    assert {i.font.stem for i in chosen if i.held_out} == {"b"}
    assert {i.font.stem for i in chosen if not i.held_out} == {"a"}
    assert sum(not i.held_out for i in chosen) == len(PROGRAMS)
    fit = [p for p in PROGRAMS.values() if p.family == "vocal" or p.source != "synthetic"]
    assert sum(i.held_out for i in chosen) == len(fit)


@pytest.mark.parametrize("seed", range(3))
def test_a_common_sample_is_on_one_side_only(seed: int) -> None:
    a, b = notes_font("a"), notes_font("b", {40: "a40", 41: "a41", 0: "a3", 16: "a16"})
    chosen = choose_instruments([a], [b], seed)
    samples = {(f.path, p.program): p.samples for f in (a, b) for p in f.presets}
    sides = [
        frozenset().union(*(samples[i.font, i.program] for i in chosen if i.held_out == side)) for side in (False, True)
    ]
    assert not sides[0] & sides[1]
    assert any(
        "shared-groups: a.sf2 (train) and b.sf2 (test) have 4" in w
        for w in notes_warnings(Fonts((a,), (b,), {}), chosen, FAMILIES)
    )


def test_missing_families_are_named() -> None:
    a = notes_font("a")
    a = SoundFont(a.path, a.name, tuple(p for p in a.presets if p.program in (0, 1, 2, 52)))
    warnings = list(notes_warnings(Fonts((a,), (a,), {}), choose_instruments([a], [a], 0), FAMILIES))
    assert "missing-class: train has no bass" in warnings
    assert "missing-class: valid and test have no vocal" in warnings  # its only instrument trains
    assert not any("keyboard" in warning for warning in warnings)


def test_an_example_has_nsynths_keys_and_numbers() -> None:
    note = Note("train", 7, 3, 12, "synth_lead", "synthetic", Path("a.sf2"), 80, 60, 25)
    example = note.as_example()
    assert set(example) == KEYS
    assert example["note_str"] == "synth_lead_synthetic_012-060-025"
    assert (example["instrument_family"], example["instrument_source"]) == (9, 2)
    assert (example["qualities"], example["qualities_str"]) == ([0] * 10, [])
    assert (example["note"], example["instrument"], example["sample_rate"]) == (7, 3, 16000)


# what may be missing


def test_without_pyfluidsynth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(FusionError, match=re.escape("pip install 'fusion-mir[render]'")):
        render_nsynth(tmp_path / "out", NSynthOptions(preset="sample"))
    assert not (tmp_path / "out").exists()


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fluidsynth.py").write_text("raise ImportError('no libfluidsynth')")
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FusionError, match=r"no libfluidsynth.*apt install libfluidsynth3"):
        render_nsynth(tmp_path / "out", NSynthOptions(preset="sample"))


def test_without_the_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthesis, "_FONT_FOLDERS", (str(tmp_path),))
    with pytest.raises(FusionError, match="apt install fluid-soundfont-gm"):
        synthesis.find_fluidr3()


# the sound


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a font with basses, a lead, one that is too quiet (36) and one of four layers, too loud (37)."""
    samples = {str(seed): noise(seed) for seed in range(5)}
    samples |= {"quiet": noise(6) // 1000, "loud": (sine() * 2)}
    presets = {program: [(str(index), 0, 127)] for index, program in enumerate((32, 33, 34, 35, 80))}
    presets |= {81: [("quiet", 0, 127)], 82: [("loud", 0, 127)] * 4}
    return write_font(tmp_path_factory.mktemp("small") / "small.sf2", samples, presets)


@pytest.fixture(scope="module")
def rendered(fluidsynth: None, small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, NSynthSummary]:
    out = tmp_path_factory.mktemp("rendered") / "out"
    return out, render_nsynth(out, NSynthOptions(preset="sample", train_fonts=(small,)), jobs=2)


def decoded(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): sf.read(path)[0].tobytes() for path in sorted(out.rglob("audio/*"))}


def examples(out: Path) -> dict[str, str]:
    return {split: (out / f"nsynth-{split}" / "examples.json").read_text() for split in SPLITS}


def test_layout(rendered: tuple[Path, NSynthSummary]) -> None:
    out, summary = rendered
    for split in SPLITS:
        there = json.loads(examples(out)[split])
        files = sorted((out / f"nsynth-{split}" / "audio").iterdir())
        assert [path.name for path in files] == sorted(f"{note}.ogg" for note in there)
        assert len(there) == summary.notes[split] > 0
        assert all(set(example) == KEYS and example["note_str"] == note for note, example in there.items())
        for path in files:
            information = sf.info(path)
            assert (information.samplerate, information.channels, information.frames) == (16000, 1, 64000)
    assert summary.instruments["valid"] == summary.instruments["test"] == {"bass": 2}
    assert summary.instruments["train"] == {"bass": 2, "synth_lead": 2}
    assert summary.bytes == sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    assert not list(out.rglob("*.tmp-*"))


def test_silent_notes_are_dropped_and_loud_ones_do_not_clip(
    rendered: tuple[Path, NSynthSummary],
) -> None:
    out, summary = rendered
    peaks = {name: float(np.abs(np.frombuffer(y)).max()) for name, y in decoded(out).items()}
    assert min(peaks.values()) > synthesis.FLOOR / 2
    assert max(peaks.values()) < 1
    assert f"silent: {SIZES['sample'].train} notes stayed below" in " ".join(summary.warnings)
    assert re.search(r"loud: [1-7] notes were turned down", " ".join(summary.warnings))


def test_readme_and_record(rendered: tuple[Path, NSynthSummary], small: Path) -> None:
    out, summary = rendered
    readme = (out / "README.md").read_text()
    assert "fusion data render nsynth --preset sample --seed 0" in readme
    assert f"| train | {summary.notes['train']} | 4 |" in readme
    assert not (out / "LICENSE-FluidR3.txt").exists()  # another font
    record = json.loads((out / "render.json").read_text())
    assert record["warnings"] == list(summary.warnings)
    assert record["fonts"][0]["file"] == small.name


def test_same_with_one_worker_and_after_an_interruption(
    rendered: tuple[Path, NSynthSummary], small: Path, tmp_path: Path
) -> None:
    def interrupt(done: int, of_all: int) -> None:
        if done > 25:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        render_nsynth(out, NSynthOptions(preset="sample", train_fonts=(small,)), jobs=1, progress=interrupt)
    before = keep_first(out.rglob("audio/*.ogg"), 14)
    assert not (out / "nsynth-test" / "examples.json").exists()
    (out / "nsynth-test" / "audio").mkdir(parents=True, exist_ok=True)
    (out / "nsynth-test" / "audio" / "bass.tmp-1.ogg").touch()
    calls: list[tuple[int, int]] = []
    render_nsynth(
        out, NSynthOptions(preset="sample", train_fonts=(small,)), jobs=1, progress=lambda *done: calls.append(done)
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert calls[-1][0] == calls[-1][1]
    assert examples(out) == examples(rendered[0])
    assert decoded(out) == decoded(rendered[0])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_finished_or_another_render_is_refused(rendered: tuple[Path, NSynthSummary], small: Path, seed: int) -> None:
    before = examples(rendered[0])
    message = "complete" if seed == 0 else "no interrupted render of this plan"
    with pytest.raises(FusionError, match=message):
        render_nsynth(rendered[0], NSynthOptions(preset="sample", train_fonts=(small,), seed=seed))
    assert examples(rendered[0]) == before


def test_a_foreign_folder_is_refused(fluidsynth: None, small: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(FusionError, match="not empty, and no interrupted render"):
        render_nsynth(tmp_path, NSynthOptions(preset="sample", train_fonts=(small,)))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_font_without_melody_is_refused(fluidsynth: None, tmp_path: Path) -> None:
    drums = write_font(tmp_path / "drums.sf2", {"a": noise(0)}, {118: [("a", 0, 127)]})
    with pytest.raises(FusionError, match=r"drums\.sf2: bank 0 has no program"):
        render_nsynth(tmp_path / "out", NSynthOptions(preset="sample", train_fonts=(drums,)))
    assert not (tmp_path / "out").exists()


def a_note(font: Path, program: int, pitch: int, velocity: int) -> Note:
    return Note("train", 0, 0, 0, "flute", "acoustic", font, program, pitch, velocity)


def test_pitch_duration_and_velocity(fluidsynth: None, tmp_path: Path) -> None:
    path = write_font(tmp_path / "sine.sf2", {"sine": sine()}, {73: [("sine", 0, 127)]})
    synthesizer = Synthesizer([path])
    y = play_note(synthesizer, a_note(path, 73, 69, 127))
    assert (y.shape, y.dtype) == ((64000,), np.float32)
    assert np.argmax(np.abs(np.fft.rfft(y[16000:32000]))) == pytest.approx(440, abs=1)
    assert np.abs(y[47000:47900]).max() > 0.1
    assert np.abs(y[48800:]).max() < 1e-3
    quiet = play_note(synthesizer, a_note(path, 73, 69, 25))
    assert np.abs(y).max() / np.abs(quiet).max() == pytest.approx((127 / 25) ** 2, rel=0.05)


def test_every_note_starts_from_the_same_state(fluidsynth: None, tmp_path: Path) -> None:
    samples = {"sine": sine(), "noise": noise(0)}
    presets = {73: [("sine", 0, 127)], 74: [("noise", 0, 127)]}
    path = write_font(tmp_path / "long.sf2", samples, presets, release=SECONDS_20)
    alone = play_note(Synthesizer([path]), a_note(path, 73, 60, 75))
    assert np.abs(alone[63000:]).max() > 0.01  # still sounding at the end
    synthesizer = Synthesizer([path])
    play_note(synthesizer, a_note(path, 74, 50, 127))
    play_note(synthesizer, a_note(path, 73, 60, 100))
    np.testing.assert_array_equal(play_note(synthesizer, a_note(path, 73, 60, 75)), alone)


def test_interpolation_is_the_best(fluidsynth: None, tmp_path: Path) -> None:
    """Played 28 keys down, 8 kHz is heard at 1,587 Hz and its image at 7,163: -32 dB by default, -46 at best."""
    high = (16000 * np.sin(2 * np.pi * 8000 * np.arange(44100) / 44100)).astype("<i2")
    path = write_font(tmp_path / "high.sf2", {"high": high}, {73: [("high", 0, 127)]})
    y = play_note(Synthesizer([path]), a_note(path, 73, 32, 127))[16000:32000]
    spectrum = np.abs(np.fft.rfft(y * np.hanning(16000)))
    assert 1580 < spectrum.argmax() < 1595
    assert spectrum[7100:7230].max() < spectrum.max() * 10 ** (-40 / 20)
