"""Distorted copies: what each kind may change, and by how much."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.settings.training import DEFAULT_DISTORTIONS, DISTORTION_NAMES
from fusion.sound.distortion import (
    DISTORTIONS,
    VERSION,
    add_noise,
    delay,
    distort,
    equalise,
    level,
    narrow,
    shorten,
)
from fusion.sound.filters import shelf
from fusion.sound.grade import Grade
from fusion.sound.graded import GRADED

SR = 16000
MANY = settings(max_examples=60, deadline=None)
SEEDS = st.integers(0, 2**32)
SOUNDS = {
    "tone": lambda samples, sr: 0.5 * np.sin(2 * np.pi * 440 * np.arange(samples) / sr + 1),
    "noise": lambda samples, sr: np.random.default_rng(samples).normal(0, 0.1, samples),
    "silence": lambda samples, sr: np.zeros(samples),
    "click": lambda samples, sr: np.eye(1, samples, samples // 3)[0],
    "faint": lambda samples, sr: np.full(samples, 1e-40),  # below the least normal float32
    "full scale": lambda samples, sr: np.where(np.arange(samples) // 20 % 2, 1.0, -1.0),
}

CHANGES = {
    "equalise": 0.334286019,
    "narrow": 0.287876042,
    "cut": 0.0834489722,
    "noise": 0.00723871165,
    "delay": 0.542059794,
    "level": 0.240583169,
}


def sound(name, samples=SR, sr=SR):
    return SOUNDS[name](samples, sr).astype(np.float32)


def random(seed):
    return np.random.default_rng(seed)


def decibels(ratio):
    return 20 * np.log10(np.abs(ratio))


def response(function, frequency, sr=SR):
    """Return the gain of a filter at a frequency, in dB, from its answer to a click."""
    answer = function(np.eye(1, sr)[0])
    return decibels(answer @ np.exp(-2j * np.pi * frequency / sr * np.arange(sr)))


def test_settings_name_every_distortion_in_its_order():
    assert tuple(DISTORTIONS) == DISTORTION_NAMES


@MANY
@given(
    st.sampled_from(list(SOUNDS)),
    st.sampled_from([8000, 16000, 44100]),
    st.sampled_from([1, 2, 3, 17, 511, 5000]) | st.integers(1, 2000),
    st.lists(st.sampled_from(DEFAULT_DISTORTIONS), unique=True) | st.just(list(DEFAULT_DISTORTIONS)),
    SEEDS,
)
def test_any_copy_is_finite_float32_of_the_same_length(name, sr, samples, kinds, seed):
    y = sound(name, samples, sr)
    kept = y.copy()
    copy = distort(y, sr, kinds, seed)
    assert (copy.shape, copy.dtype) == (y.shape, np.float32)
    assert np.isfinite(copy).all()
    np.testing.assert_array_equal(y, kept)  # the clip itself is left alone
    np.testing.assert_array_equal(copy, distort(y, sr, kinds[::-1], seed))  # same seed, same sound, any order


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
@pytest.mark.parametrize("samples", [1, 100, 64000])
@pytest.mark.parametrize("kind", DEFAULT_DISTORTIONS)
@pytest.mark.parametrize("name", SOUNDS)
def test_each_kind_alone_is_finite(name, kind, samples, sr):
    copy = distort(sound(name, samples, sr), sr, [kind], 1)
    assert (copy.shape, copy.dtype) == ((samples,), np.float32)
    assert np.isfinite(copy).all()


@settings(max_examples=15, deadline=None)
@given(SEEDS, SEEDS)
def test_another_seed_gives_another_sound(one, other):
    y = sound("noise", 64000)
    assert np.array_equal(distort(y, SR, DEFAULT_DISTORTIONS, one), distort(y, SR, DEFAULT_DISTORTIONS, other)) == (
        one == other
    )


@pytest.mark.parametrize("kind", DEFAULT_DISTORTIONS)
def test_each_kind_varies_with_the_seed(kind):
    y = sound("noise", 64000)
    assert len({distort(y, SR, [kind], seed).tobytes() for seed in range(12)}) > 6


@pytest.mark.parametrize("kind", [kind for kind in DISTORTION_NAMES if kind not in (*DEFAULT_DISTORTIONS, "resample")])
def test_other_kinds_are_a_mild_level_of_what_stress_tests(kind):
    y = sound("noise", 2000)
    copies = [distort(y, SR, [kind], seed) for seed in range(3)]
    mild = [Grade(kind, level) for level in GRADED[kind].levels[:4]]
    random = np.random.default_rng(0)
    grade = mild[int(random.choice(4))]
    np.testing.assert_array_equal(copies[0], GRADED[kind].apply(y.astype(float), SR, grade.level, random).astype("f4"))
    assert all(copy.shape == y.shape and np.isfinite(copy).all() for copy in copies)
    assert not distort(np.zeros(100, np.float32), SR, [kind], 1).any()


def test_version_1_makes_these_sounds():
    assert VERSION == 1  # whoever changes them raises it: it is part of a result's identity
    y = sound("noise")
    changes = {
        kind: sum(np.abs(distort(y, SR, [kind], seed) - y).mean(dtype=np.float64) for seed in range(5))
        for kind in DEFAULT_DISTORTIONS
    }
    assert changes == pytest.approx(CHANGES, rel=1e-6)


def test_no_kind_means_no_change():
    y = sound("noise")
    np.testing.assert_array_equal(distort(y, SR, [], 1), y)


@MANY
@given(st.lists(st.sampled_from(DEFAULT_DISTORTIONS), min_size=1, unique=True), st.integers(1, 3000), SEEDS)
def test_silence_stays_silence(kinds, samples, seed):
    assert not distort(np.zeros(samples, np.float32), SR, kinds, seed).any()


@settings(max_examples=30, deadline=None)
@given(st.floats(100, 4000), st.floats(-12, 12), st.sampled_from([16000, 44100]))
def test_a_shelf_has_its_gain_on_its_side_none_on_the_other_and_half_at_the_corner(corner, gain, sr):
    def low(y):
        return shelf(y, sr, corner, gain, high=False)

    def high(y):
        return shelf(y, sr, corner, gain, high=True)

    points = (0, corner, sr / 2)
    np.testing.assert_allclose([response(low, f, sr) for f in points], [gain, gain / 2, 0], atol=1e-6)
    np.testing.assert_allclose([response(high, f, sr) for f in points], [0, gain / 2, gain], atol=1e-6)


@pytest.mark.parametrize("gain", [-12, 5, 12])
def test_a_shelf_leaves_the_far_side_alone(gain):
    low = [response(lambda y: shelf(y, SR, 250, gain, high=False), f) for f in (2500, 4000, 7000)]
    high = [response(lambda y: shelf(y, SR, 4000, gain, high=True), f) for f in (50, 150, 400)]
    np.testing.assert_allclose(low + high, 0, atol=0.25)


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_the_tilt_is_at_most_12_decibels_at_both_ends(seed):
    gains = [response(lambda y: equalise(y, SR, random(seed)), f) for f in (0, 300, 1000, 3000, 8000)]
    assert max(map(abs, gains)) <= 24
    assert max(abs(gains[0]), abs(gains[-1])) <= 12 + 1e-6


@settings(max_examples=30, deadline=None)
@given(SEEDS)
def test_narrowing_leaves_bass_alone_and_takes_off_the_top(seed):
    bass, top = (response(lambda y: narrow(y, SR, random(seed)), f) for f in (0, 7999))
    assert bass == pytest.approx(0, abs=1e-6)
    assert top == pytest.approx(0, abs=1e-6) or top < -40


def test_narrowing_happens_seven_times_in_ten():
    y = sound("noise", 100).astype(float)
    assert np.mean([narrow(y, SR, random(seed)) is not y for seed in range(1500)]) == pytest.approx(0.7, abs=0.05)


def test_narrowing_above_the_band_does_nothing():
    y = sound("noise", 100).astype(float)
    assert all(narrow(y, 3000, random(seed)) is y for seed in range(20))


@MANY
@given(SEEDS, st.sampled_from([8000, 16000, 44100]))
def test_a_cut_sound_fades_within_its_time_and_ends_in_exact_silence(seed, sr):
    envelope = shorten(np.ones(4 * sr), sr, random(seed))
    whole, fading = np.flatnonzero(envelope == 1), np.flatnonzero((envelope > 0) & (envelope < 1))
    assert 0.3 * sr <= whole[-1] + 1 <= 3 * sr + 1
    np.testing.assert_array_equal(whole, np.arange(len(whole)))
    assert 0.01 * sr - 2 <= len(fading) <= 0.1 * sr
    np.testing.assert_allclose(np.diff(envelope[fading]), -1 / (len(fading) + 1), rtol=1e-6)  # a straight line
    assert not envelope[fading[-1] + 1 :].any()
    y = sound("noise", 4 * sr, sr).astype(float)
    np.testing.assert_array_equal(shorten(y, sr, random(seed)), y * envelope)


def test_a_sound_shorter_than_any_cut_is_left_alone():
    y = sound("noise", 4000).astype(float)
    assert all(np.array_equal(shorten(y, SR, random(seed)), y) for seed in range(30))


@MANY
@given(SEEDS, st.integers(0, SR), st.sampled_from([0.001, 0.5]))
def test_noise_lies_30_to_60_decibels_below_the_loudest_64_ms(seed, start, amplitude):
    y = np.full(2 * SR, amplitude / 1000)
    y[start : start + 1024] = amplitude * np.resize([1, -1], 1024)
    noise = add_noise(y, SR, random(seed)) - y
    assert -60 - 1e-6 <= decibels(np.sqrt(np.mean(noise**2)) / amplitude) <= -30 + 1e-6
    assert np.sqrt(np.mean(noise[:SR] ** 2)) == pytest.approx(np.sqrt(np.mean(noise[SR:] ** 2)), rel=0.3)  # everywhere


def test_noise_goes_from_30_to_60_decibels_and_from_white_to_coloured():
    y = np.ones(SR)
    noises = [add_noise(y, SR, random(seed)) - y for seed in range(200)]
    levels = [decibels(np.sqrt(np.mean(noise**2))) for noise in noises]
    neighbours = [np.mean(noise[1:] * noise[:-1]) / np.mean(noise**2) for noise in noises]  # the filter's pole
    assert (min(levels) < -58, max(levels) > -32) == (True, True)
    assert -0.05 < min(neighbours) < 0.1
    assert 0.85 < max(neighbours) < 0.97


@MANY
@given(SEEDS, st.sampled_from([8000, 16000, 44100]), st.sampled_from([1, 2, 500, 20000]))
def test_a_delay_only_shifts(seed, sr, samples):
    y = np.random.default_rng(samples).uniform(0.1, 1, samples)
    late = delay(y, sr, random(seed))
    lead = int(np.count_nonzero(late == 0))
    assert len(late) == samples
    assert lead <= 0.2 * sr + 1
    assert not late[:lead].any()
    np.testing.assert_array_equal(late[lead:], y[: samples - lead])


@MANY
@given(st.sampled_from([name for name in SOUNDS if name != "silence"]), SEEDS, st.sampled_from([1, 2, 999, 8000]))
def test_the_peak_lies_25_to_1_decibels_below_full_scale(name, seed, samples):
    y = sound(name, samples).astype(float)
    other = level(y, SR, random(seed))
    step = 1 / 32768
    peak = np.abs(other).max()
    assert 10 ** (-25 / 20) - step / 2 <= peak <= 10 ** (-1 / 20) + step / 2
    np.testing.assert_array_equal(other / step, np.round(other / step))  # 16 bit
    np.testing.assert_allclose(other, y * (peak / np.abs(y).max()), rtol=0, atol=1.01 * step)  # nothing but the level


def test_a_copy_with_every_distortion_keeps_to_full_scale():
    y = sound("full scale", 64000)
    assert max(np.abs(distort(y, SR, DEFAULT_DISTORTIONS, seed)).max() for seed in range(20)) < 1


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
def test_a_copy_that_was_stored_at_another_rate_lacks_what_that_rate_has_not(sr):
    noise = np.random.default_rng(1).normal(0, 0.1, sr)
    for seed in range(8):
        copy = DISTORTIONS["resample"](noise, sr, np.random.default_rng(seed))
        spectrum = np.abs(np.fft.rfft(copy))
        top = spectrum[int(0.96 * len(spectrum)) :].mean()
        assert top < 0.1 * spectrum[len(spectrum) // 4 : len(spectrum) // 3].mean()
