"""Copies of a sound are found whatever was done to them; other sounds are not."""

import io

import numpy as np
import pytest
import soundfile
import soxr

from fusion.audit.similarity import ALIKE, RATE, Wave, similarity
from fusion.audit.spectral_fingerprint import WHOLE, SpectralFingerprint, candidates
from fusion.sound.clip import Clip
from tests.support.notes import tone

SR = 16000


def music(seed, seconds=6.0):
    """Return made-up music: notes of chance, some overtones, some noise; (samples,) float32."""
    random = np.random.default_rng(seed)
    y = random.normal(0, 0.003, round(seconds * SR))
    time = np.arange(round(0.5 * SR)) / SR
    for start in range(0, len(y) - len(time), round(0.25 * SR)):
        f0 = 110 * 2 ** (random.integers(0, 36) / 12)
        for k in range(1, 6):
            part = random.uniform(0.02, 0.2) / k * np.sin(2 * np.pi * k * f0 * time + random.uniform(0, 6))
            y[start : start + len(time)] += part * np.exp(-4 * time)
    return y.astype(np.float32)


def low(y, sr=SR):
    return Wave(np.asarray(soxr.resample(y, sr, 2 * RATE), dtype=np.float32))


def fingerprint_of(y, sr=SR):
    value = SpectralFingerprint().extract(Clip(np.asarray(y, dtype=np.float32), sr))
    assert value.shape == SpectralFingerprint().shape(len(y), sr) == (128,)
    return value


def cosine(one, other):
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


def coded(y, **options):
    stream = io.BytesIO()
    soundfile.write(stream, y, SR, **options)
    stream.seek(0)
    return soundfile.read(stream, dtype="float32")[0]


NOTE = tone("reed", 60, 100)
CHANGES = {
    "softer": lambda y: np.round(y * 0.1 * 32767) / 32767,
    "louder": lambda y: y * 1.7,
    "upside down": lambda y: -y,
    "Vorbis": lambda y: coded(y, format="OGG", subtype="VORBIS", compression_level=0.6),
    "MP3": lambda y: coded(y, format="MP3", subtype="MPEG_LAYER_III", compression_level=0.6),
    "another rate": lambda y: soxr.resample(soxr.resample(y, SR, 11025), 11025, SR)[: len(y)],
    "an encoder's delay": lambda y: np.concatenate([np.zeros(401, dtype=np.float32), y])[: len(y)],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("source", [music(1, 4.0), NOTE], ids=["music", "note"])
def test_copies_are_found(change, source):
    copy = CHANGES[change](source).astype(np.float32)
    assert cosine(fingerprint_of(source), fingerprint_of(copy)) >= WHOLE
    alike, lag = similarity(low(source), low(copy), 0.06)
    assert alike >= ALIKE
    if source is not NOTE:  # a note is much the same a period later
        assert lag == pytest.approx(401 / SR if "delay" in change else 0.0, abs=2e-4)


def test_an_excerpt_is_found_and_placed():
    whole = music(2, 6.0)
    window, excerpt = whole[: 3 * SR], whole[14_321 : 14_321 + 3 * SR]
    alike, lag = similarity(low(window), low(excerpt))
    assert alike >= ALIKE
    assert lag == pytest.approx(-14_321 / SR, abs=1e-3)
    back, ahead = similarity(low(excerpt), low(window))
    assert back >= ALIKE
    assert ahead == pytest.approx(14_321 / SR, abs=1e-3)
    assert similarity(low(window), low(excerpt), 0.5)[0] < ALIKE  # out of reach


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (music(1), music(2)),
        (tone("reed", 60, 100), tone("reed", 61, 100)),
        (tone("reed", 60, 100), tone("flute", 60, 100)),
        (tone("bass", 30, 100), tone("bass", 31, 100)),
        (music(1), np.zeros(4 * SR, dtype=np.float32)),
        (np.random.default_rng(0).normal(0, 1, 4 * SR), np.random.default_rng(1).normal(0, 1, 4 * SR)),
    ],
    ids=["music", "pitch", "family", "low pitch", "silence", "noise"],
)
def test_other_sounds_are_not_alike(one, other):
    assert similarity(low(one), low(other))[0] < 0.9


def test_pure_tones_that_die_away_at_other_rates_are_not_alike():
    time = np.arange(4 * SR) / SR
    slow, fast = (np.sin(2 * np.pi * 1319 * time) * np.exp(-rate * time) for rate in (5.0, 8.0))
    assert similarity(low(slow), low(fast), 0.06)[0] < ALIKE
    assert similarity(low(slow), low(slow * 0.1), 0.06)[0] >= ALIKE


@pytest.mark.parametrize("pitch", [84, 96, 104])
@pytest.mark.parametrize("other", [(1, 0.1, 0.05), (1, 0, 0.9)])
def test_high_notes_with_other_overtones_are_not_alike(pitch, other):
    """Below 4 kHz they are one sine."""
    time, f0 = np.arange(4 * SR) / SR, 440 * 2 ** ((pitch - 69) / 12)

    def note(shares, phase):
        parts = [
            share * np.sin(2 * np.pi * k * f0 * time + phase * k) for k, share in enumerate(shares, 1) if k * f0 < 7600
        ]
        return 0.2 * np.sum(parts, axis=0) * np.minimum(1, 20 * (4 - time))

    assert similarity(low(note((1, 0.9, 0.8), 0)), low(note(other, 1)), 0.07)[0] < ALIKE
    assert similarity(low(note((1, 0.9, 0.8), 0)), low(0.3 * note((1, 0.9, 0.8), 0)), 0.07)[0] >= ALIKE


def test_silence_and_short_sounds():
    assert not fingerprint_of(np.zeros(SR)).any()
    assert fingerprint_of(music(1)[:100]).any()
    assert fingerprint_of(music(1), sr=4000).any()  # has no bins above 2 kHz
    assert similarity(low(np.zeros(SR)), low(np.zeros(SR))) == (0.0, 0.0)
    assert similarity(low(music(1)), low(np.zeros(1))) == (0.0, 0.0)


def test_candidates_are_of_two_places_and_at_most_ten():
    random = np.random.default_rng(0)
    prints = random.normal(size=(40, 128)).astype(np.float32)
    prints[20:30] = prints[0] * random.uniform(0.1, 10, (10, 1)).astype(
        np.float32
    )  # copies in the same place and another
    prints[39] = 0
    places = np.array([0] * 5 + [1] * 20 + [2] * 15)  # 20 to 24 and 25 to 29
    pairs = candidates(prints, places, 0.9)
    assert {tuple(pair) for pair in pairs} >= {(0, number) for number in range(20, 25)}
    assert all(places[one] != places[other] and one < other for one, other in pairs)
    assert not np.isin(pairs, [39]).any()
    assert set(pairs.ravel().tolist()) <= {0, *range(20, 30)}
    assert len(candidates(prints, np.zeros(40, dtype=int), 0.9)) == 0
    assert candidates(prints[:0], places[:0], 0.9).shape == (0, 2)
