from dataclasses import replace

import numpy as np
import pytest

from fusion.audit import spectral_fingerprint
from fusion.extraction import wave_fingerprint
from fusion.extraction.wave_fingerprint import WaveFingerprint, copies_across, level_copies
from fusion.feature.contract import Feature
from fusion.feature.registry import load
from fusion.sound.clip import Clip
from tests.support.notes import tone


def fingerprints(*sounds):
    return np.stack([WaveFingerprint().extract(Clip(np.asarray(y), 16000)) for y in sounds])


@pytest.mark.parametrize(
    ("source", "literal"),
    [
        (wave_fingerprint.SOURCE, "fusion.extraction.wave_fingerprint"),
        (spectral_fingerprint.SOURCE, "fusion.audit.spectral_fingerprint"),
    ],
)
def test_a_move_of_its_module_throws_no_stored_fingerprint_away(source, literal):
    assert replace(source, module="fusion.elsewhere").fingerprint == literal
    assert issubclass(load(source), Feature)


def test_level_does_not_matter():
    y = tone("reed", 60, 100)
    loud, soft = fingerprints(y, y * 0.05)
    assert np.allclose(loud, soft, atol=1e-4)


@pytest.mark.parametrize("level", [0.5, 0.03])
def test_sixteen_bit_copies_at_two_levels_are_found(level):
    y = tone("reed", 60, 100)
    soft = np.round(y * level * 32767) / 32767
    assert level_copies(fingerprints(y, soft), np.zeros(2, dtype=int)).tolist() == [[0, 1]]


@pytest.mark.parametrize("other", [tone("reed", 61, 100), tone("bass", 60, 100), -tone("reed", 60, 100)])
def test_other_sounds_are_no_copies(other):
    assert len(level_copies(fingerprints(tone("reed", 60, 100), other), np.zeros(2, dtype=int))) == 0


def test_a_slightly_different_sound_is_no_copy():
    random = np.random.default_rng(0)
    y = random.normal(size=64000)
    close = y + 0.1 * random.normal(size=64000)  # cosine 0.995
    assert len(level_copies(fingerprints(y, close), np.zeros(2, dtype=int))) == 0


def test_silent_clips_are_no_copies():
    assert len(level_copies(fingerprints(np.zeros(1000), np.zeros(1000)), np.zeros(2, dtype=int))) == 0


def test_only_clips_of_one_group_are_compared():
    y = tone("reed", 60, 100)
    assert level_copies(fingerprints(y, y, y), np.array([0, 1, 0])).tolist() == [[0, 2]]


def test_distances_are_kept():
    random = np.random.default_rng(1)
    y = random.normal(size=64000)
    for amount in (0.05, 0.2, 0.5):
        other = y + amount * random.normal(size=64000)
        cosine = y @ other / np.sqrt((y @ y) * (other @ other))
        one, two = fingerprints(y, other).astype(np.float64)
        assert np.square(one - two).sum() == pytest.approx(2 * (1 - cosine), rel=0.5)


def test_copies_of_other_instruments_are_looked_for_between_test_and_the_rest_alone():
    y, other = tone("reed", 60, 100), tone("flute", 60, 100)
    prints = fingerprints(y, y * 0.3, y * 0.1, other, np.zeros(y.size), np.zeros(y.size))
    tested = np.array([True, False, False, False, True, False])
    assert copies_across(prints, np.array([0, 0, 1, 2, 3, 4]), tested).tolist() == [[0, 2]]
    assert copies_across(prints, np.arange(6), ~tested).tolist() == [[1, 0], [2, 0]]
    assert copies_across(prints, np.arange(6), np.zeros(6, dtype=bool)).shape == (0, 2)


def test_copies_within_groups_come_in_the_order_of_clips_however_groups_lie():
    y, other = tone("reed", 60, 100), tone("flute", 60, 100)
    prints = fingerprints(y, other, y * 0.3, other * 0.2, y * 0.1, other * 0.4)
    assert level_copies(prints, np.array([7, 3, 7, 5, 7, 3])).tolist() == [[0, 2], [0, 4], [1, 5], [2, 4]]


def test_blocks_of_clips_give_what_all_at_once_give(monkeypatch):
    y, other = tone("reed", 60, 100), tone("flute", 60, 100)
    prints, tested = fingerprints(y, y, other, y, other), np.array([True, False, False, False, False])
    monkeypatch.setattr(wave_fingerprint, "_BLOCK", 1)
    assert copies_across(prints, np.arange(5), tested).tolist() == [[0, 1], [0, 3]]


def test_stored_fingerprints_are_of_these_signs():
    """Whoever changes them gives the feature another version."""
    click = WaveFingerprint().extract(Clip(np.eye(1, 300)[0], 16000))
    assert (click.shape, np.flatnonzero(click).tolist(), click[0]) == ((128,), [0], 1)
    whole = WaveFingerprint().extract(Clip(np.ones(256), 16000))  # two samples for each number, of energy 256
    assert (8 * whole[:16]).tolist() == [1, 0, 1, 0, 0, -1, 0, 0, -1, 0, 1, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(("cosine", "same"), [(1.0, True), (0.9991, True), (0.9989, False), (-1.0, False)])
def test_from_a_cosine_of_a_thousandth_below_1_on_sounds_are_the_same(cosine, same):
    prints = np.zeros((2, 128), np.float32)
    prints[0, 0], prints[1, :2] = 1, (cosine, np.sqrt(1 - cosine**2))
    assert len(level_copies(prints, np.zeros(2, dtype=int))) == same
    assert len(copies_across(prints, np.arange(2), np.array([True, False]))) == same


def test_no_clips_are_no_pairs():
    assert level_copies(np.zeros((0, 128), np.float32), np.zeros(0, dtype=int)).shape == (0, 2)
