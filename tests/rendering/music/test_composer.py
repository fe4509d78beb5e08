"""The composer and who plays: no sound, no FluidSynth."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.rendering.music.composer import SHORTEST, Piece, compose
from fusion.rendering.music.phrases import harmony
from fusion.rendering.music.players import BACKING, CLASSES, PROGRAMS, Players, choose_players
from fusion.rendering.music.styles import DRUMS, GENRES, LEADS, STYLES, SUSTAINED
from fusion.rendering.notes.instruments import choose_instruments
from tests.support.soundfonts import FONT, TEST, TRAIN, music_font


def programs(players: Players, name: str) -> set[int]:
    return {voice.program for voice in players.lead[name]}


def piece(label: str = "sax", genre: str = "jaz_blu", seconds: float = 10.0, seed: str = "x") -> Piece:
    return compose(TRAIN, {label: [(0.0, seconds)]}, genre, seconds, seed)


# who plays


@pytest.mark.parametrize("seed", range(5))
def test_no_instrument_of_training_plays_in_test(seed: int) -> None:
    train, test, shared = choose_players([FONT], [FONT], seed)
    assert shared == ["cel", "cla", "gac", "vio"]  # they have one each
    assert tuple(train.lead) == tuple(test.lead) == CLASSES
    for name in CLASSES:
        common = programs(train, name) & programs(test, name)
        assert common == (set(PROGRAMS[name]) if name in shared else set())
    assert len({frozenset(programs(choose_players([FONT], [FONT], s)[1], "gel")) for s in range(6)}) > 1


@pytest.mark.parametrize("seed", range(5))
def test_test_instruments_train_no_notes_where_their_class_has_others(seed: int) -> None:
    train, test, shared = choose_players([FONT], [FONT], seed)
    taught = {i.program for i in choose_instruments([FONT], [FONT], seed) if not i.held_out}
    for name, voices in test.lead.items():
        assert all(voice.in_notes for voice in voices if voice.program in taught)
        others = {*PROGRAMS[name]} - taught
        assert not any(voice.in_notes for voice in voices) or name in shared or others <= {*programs(train, name)}
        if any(voice.in_notes for voice in voices) and name not in shared:
            assert not others
            assert next(iter(PROGRAMS[name])) in programs(train, name)  # the commonest one


def test_test_has_up_to_half_of_a_class_and_programs_that_share_a_sample_are_one_instrument() -> None:
    train, test, _ = choose_players([FONT], [FONT], 0)
    for name in CLASSES:
        sizes = [len({voice.instrument for voice in players.lead[name]}) for players in (test, train)]
        assert 1 <= sizes[0] <= sizes[1]
    assert {voice.instrument for voice in test.lead["vio"]} == {"a program 40"}  # 110 has its sample
    assert {voice.instrument for voice in test.lead["gac"]} == {"a program 24"}


def test_accompanists_that_share_a_sample_with_a_class_stay_out() -> None:
    choir = music_font("a", {48: "choir", 52: "choir"})
    train, test, _ = choose_players([choir], [choir], 0)
    assert all(48 not in {voice.program for voice in players.pad} for players in (train, test))
    assert {voice.program for voice in TRAIN.pad} == set(BACKING["pad"])


def test_two_fonts_of_one_side_each() -> None:
    train, test, shared = choose_players([music_font("a")], [music_font("b")], 0)
    assert shared == []
    assert {voice.font.stem for name in CLASSES for voice in train.lead[name]} == {"a"}
    assert {voice.font.stem for name in CLASSES for voice in test.lead[name]} == {"b"}
    assert all(programs(players, name) == set(PROGRAMS[name]) for players in (train, test) for name in CLASSES)


def test_a_sample_that_two_fonts_share_is_on_one_side() -> None:
    a, b = music_font("a"), music_font("b", {0: "a0", 64: "a64"})
    train, test, shared = choose_players([a], [b], 0)
    assert shared == []
    assert 0 in programs(train, "pia")
    assert 0 not in programs(test, "pia")
    assert len([players for players in (train, test) if 64 in programs(players, "sax")]) == 1


def test_a_font_without_some_class() -> None:
    train, _, _ = choose_players([music_font("a", without=(71,))], [FONT], 0)
    assert "cla" not in train.lead


# the rules


def test_styles_name_what_there_is() -> None:
    assert set(GENRES) == set(CLASSES)
    assert {genre for genres in GENRES.values() for genre in genres} == set(STYLES)
    assert {*LEADS, *SUSTAINED} <= set(CLASSES)
    for style in STYLES.values():
        assert set(style.chords) <= set(CLASSES)
        assert set(style.drums) <= set(DRUMS)
        assert style.drums or not style.drummer
        assert {degree for progression in style.progressions for degree in progression} <= set(range(7))
    keys = {key for pattern in DRUMS.values() for key, _, _ in pattern}
    assert keys <= set(range(35, 82))


def test_a_minor_key_has_a_major_dominant() -> None:
    bars = harmony(random.Random(0), STYLES["cla"], 9, True, 4, 64)
    dominants = [bar.chord for bar in bars if bar.chord[0] == 4]
    assert dominants
    assert set(dominants) == {(4, 8, 11)}


# the pieces

labels = st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3, unique=True)


@settings(max_examples=150, deadline=None)
@given(labels, st.sampled_from(sorted(STYLES)), st.floats(5, 40), st.integers(0, 10**6), st.booleans())
def test_notes_are_within_ranges_and_spans(
    leads: list[str], genre: str, seconds: float, seed: int, in_turn: bool
) -> None:
    step = seconds / len(leads)
    spans = {
        name: [(index * step, (index + 1) * step) if in_turn else (0.0, seconds)] for index, name in enumerate(leads)
    }
    written = compose(TEST, spans, genre, seconds, str(seed))
    assert [part.label for part in written.parts if part.label] == leads
    assert written.drums == any(part.voice.bank == 128 for part in written.parts)
    style = STYLES[genre]
    assert style.tempo[0] <= written.tempo <= style.tempo[1]
    for part in written.parts:
        assert part.tones
        assert part.label is None or part.voice in TEST.lead[part.label]
        for tone in part.tones:
            assert part.voice.low <= tone.pitch <= part.voice.high or part.role == "drums"
            assert 1 <= tone.velocity <= 127
            assert tone.length > 0
            first, last = spans[part.label][0] if part.label else (0.0, seconds)
            assert first - 1e-4 <= tone.start
            assert tone.start + tone.length <= last + 2e-4
        starts = [tone.start for tone in part.tones]
        assert min(starts) < (spans[part.label][0][0] if part.label else 0) + 4 * 4 * 60 / written.tempo
    backing = [part for part in written.parts if part.label is None]
    assert backing
    assert not {part.voice for part in backing} & {voice for name in leads for voice in TEST.lead[name]}


def test_the_predominant_part_is_seldom_long_away() -> None:
    """So that nearly every 3 s have it, and a third of a short test excerpt; a rest for a long note is seldom too long."""
    least = []
    for label, number in itertools.product(CLASSES, range(8)):
        for genre in set(GENRES[label]):
            tones = piece(label, genre, 20.0, str(number)).parts[0].tones
            least.append(
                min(
                    sum(max(0.0, min(t.start + t.length, start + 3) - max(t.start, start)) for t in tones)
                    for start in range(16)
                )
            )
    assert np.mean(np.array(least) > 0.6) > 0.98


def test_a_note_is_cut_to_its_span_and_no_shorter_than_is_heard() -> None:
    spans = {"voi": [(2.2, 4.0), (7.0, 9.0)]}
    for seed in range(20):
        for tone in compose(TRAIN, spans, "cla", 10.0, str(seed)).parts[0].tones:
            (inside,) = [
                s for s in spans["voi"] if s[0] <= tone.start + 1e-4 and tone.start + tone.length <= s[1] + 2e-4
            ]
            if tone.start == inside[0]:
                assert tone.length >= SHORTEST - 1e-4


def test_music_follows_from_its_seed() -> None:
    assert piece(seed="1") == piece(seed="1")
    assert piece(seed="1") != piece(seed="2")


def test_pieces_vary() -> None:
    pieces = [piece("vio", "cou_fol", seed=str(seed)) for seed in range(60)]
    assert {written.drums for written in pieces} == {True, False}
    assert {written.beats for written in pieces} == {3, 4}
    assert {written.minor for written in pieces} == {True, False}
    assert len({written.key for written in pieces}) > 8
    assert len({part.voice for written in pieces for part in written.parts}) > 15
    roles = [{part.role for part in written.parts} for written in pieces]
    assert {"bass", "counter", "drums"} <= set().union(*roles)
    centres = [sum(t.pitch for t in written.parts[0].tones) / len(written.parts[0].tones) for written in pieces]
    assert max(centres) - min(centres) > 12  # other registers
    classes = {voice: name for name, voices in TRAIN.lead.items() for voice in voices}
    accompanying = [{classes.get(part.voice) for part in written.parts[1:]} for written in pieces]
    assert any(names & {"pia"} for names in accompanying)
    assert any(names - {None, "pia"} for names in accompanying)


def test_accompaniment_meets_the_lead_in_pitch() -> None:
    met = 0
    for seed in range(40):
        written = piece("sax", "pop_roc", seed=str(seed))
        lead = {tone.pitch for tone in written.parts[0].tones}
        chords = [tone.pitch for part in written.parts if part.role in ("chords", "counter") for tone in part.tones]
        met += sum(min(lead) <= pitch <= max(lead) for pitch in chords) > len(chords) / 4
    assert met > 20
