"""Distortions at set levels: each does what its label says, and more of it at the next level."""

import numpy as np
import pytest
import soundfile

from fusion.errors import FusionError
from fusion.sound.codec import vorbis
from fusion.sound.grade import Grade
from fusion.sound.graded import GRADED, IMPULSE
from fusion.sound.noise import pink
from fusion.sound.reading import DamagedError
from fusion.sound.room import read_impulse
from fusion.sound.timing import shifted, stretched

SR = 16000
KINDS = [kind for kind in GRADED if kind != IMPULSE]
TIME = np.arange(2 * SR) / SR
NOTE = (0.3 * sum(np.sin(2 * np.pi * 220 * k * TIME + k) / k for k in range(1, 20)) * np.exp(-2 * TIME)).astype("f4")


def decibels(ratio):
    return 20 * np.log10(ratio)


def rms(y):
    return float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))


def distorted(kind, level, y=NOTE, sr=SR, seed=1):
    return Grade(kind, level).distort(y, sr, seed)


def difference(kind, level):
    try:
        return rms(distorted(kind, level) - NOTE)
    except DamagedError:
        return np.inf


@pytest.mark.parametrize("kind", KINDS)
def test_levels_go_from_mild_to_severe(kind):
    changes = [difference(kind, level) for level in GRADED[kind].levels]
    if kind in (
        "pitch",
        "reverb",
        "resample",
        "level",
        "vorbis",
        "mp3",
        "invert",
        "highpass",
    ):  # not in the waveform's difference
        assert changes[0] <= changes[-1] * 1.6
    else:
        assert changes == sorted(changes)
    assert len(GRADED[kind].levels) == 6
    assert all(GRADED[kind].least <= level <= GRADED[kind].most for level in GRADED[kind].levels)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("samples", "sr"), [(1, 8000), (700, 44100)])
def test_any_sound_keeps_its_length_and_stays_finite(kind, samples, sr):
    y = np.random.default_rng(1).normal(0, 0.3, samples).astype(np.float32)
    for level in (GRADED[kind].least, GRADED[kind].levels[0], GRADED[kind].most):
        try:
            heard = distorted(kind, level, y, sr)
        except DamagedError:
            continue
        assert (heard.shape, heard.dtype) == (y.shape, np.float32)
        assert np.isfinite(heard).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_clip_is_distorted_alike_and_silence_stays_silence(kind):
    level = GRADED[kind].levels[2]
    np.testing.assert_array_equal(distorted(kind, level), distorted(kind, level))
    assert not distorted(kind, level, np.zeros(500, np.float32)).any()


def test_chance_is_the_same_at_every_level():
    noise = [distorted("noise", level) - NOTE for level in (40.0, 0.0)]
    np.testing.assert_allclose(noise[0] * 100, noise[1], rtol=0, atol=2e-5)


@pytest.mark.parametrize("kind", ["noise", "pink"])
def test_noise_lies_so_far_below_the_loudest_64_ms(kind):
    loudest = max(rms(NOTE[first : first + 1024]) for first in range(0, 4000, 16))
    assert decibels(loudest / rms(distorted(kind, 20.0) - NOTE)) == pytest.approx(20, abs=0.1)


def test_pink_noise_has_the_same_power_in_each_octave():
    power = np.abs(np.fft.rfft(pink(2**18, SR, np.random.default_rng(1)))) ** 2
    frequency = np.fft.rfftfreq(2**18, 1 / SR)
    octaves = [power[(frequency >= low) & (frequency < 2 * low)].sum() for low in (125, 500, 2000)]
    np.testing.assert_allclose(octaves, octaves[0], rtol=0.1)


def test_a_level_is_a_gain_in_steps_of_16_bit_within_full_scale():
    softer = distorted("level", -40.0)
    assert decibels(rms(softer) / rms(NOTE)) == pytest.approx(-40, abs=0.1)
    np.testing.assert_array_equal(softer * 32768, np.round(softer * 32768))
    assert np.abs(distorted("level", 60.0)).max() <= 1


def test_clipping_keeps_the_peak():
    clipped = distorted("clip", 12.0)
    assert np.abs(clipped).max() == pytest.approx(np.abs(NOTE).max())
    assert np.mean(np.abs(clipped) == np.abs(clipped).max()) > 0.02


@pytest.mark.parametrize("cents", [-700, -20, 100, 700])
def test_pitch_moves_by_cents_and_length_stays(cents):
    tone = np.sin(2 * np.pi * 440 * TIME)
    higher = shifted(tone, SR, cents)
    spectrum = np.abs(np.fft.rfft(higher * np.hanning(len(higher)), 2**18))
    found = spectrum.argmax() * SR / 2**18
    assert 1200 * np.log2(found / 440) == pytest.approx(cents, abs=3)
    assert len(higher) == len(tone)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 2.0])
def test_stretching_keeps_pitch_and_level(factor):
    tone = np.sin(2 * np.pi * 440 * TIME)
    slower = stretched(tone, SR, factor)
    assert len(slower) == round(factor * len(tone))
    middle = slower[len(slower) // 4 : 3 * len(slower) // 4]
    assert rms(middle) == pytest.approx(rms(tone), rel=0.05)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 2**18))
    assert spectrum.argmax() * SR / 2**18 == pytest.approx(440, abs=1)


def test_a_note_is_cut_and_begins_later():
    assert not distorted("cut", 0.5)[round(0.55 * SR) + 1 :].any()
    np.testing.assert_array_equal(distorted("cut", 0.5)[: SR // 2], NOTE[: SR // 2])
    late = distorted("delay", 0.5)
    assert not late[: SR // 2].any()
    np.testing.assert_array_equal(late[SR // 2 :], NOTE[: -SR // 2])


def test_digital_silence_follows_where_the_sound_is_over():
    gated = distorted("trailing", 10.0)
    end = np.flatnonzero(gated)[-1] + 1
    assert SR // 4 < end < SR
    np.testing.assert_array_equal(gated[:end], NOTE[:end])
    steady = np.sin(2 * np.pi * 220 * TIME).astype(np.float32)
    np.testing.assert_array_equal(distorted("trailing", 10.0, steady), steady)


def test_a_channel_that_hears_the_same_cancels_the_other_one():
    with pytest.raises(DamagedError, match="silent when distorted"):
        distorted("invert", 0.0)
    assert rms(distorted("invert", 0.1)) < rms(NOTE) / 2


def test_a_lower_rate_takes_off_what_it_cannot_hold():
    y = np.random.default_rng(1).normal(0, 0.1, SR).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(distorted("resample", 8000.0, y)))
    assert decibels(spectrum[4300:].mean() / spectrum[:3500].mean()) < -40
    np.testing.assert_allclose(distorted("resample", 44100.0, y)[100:-100], y[100:-100], atol=0.1)


@pytest.mark.parametrize("kind", ["mp3", "vorbis", "opus"])
@pytest.mark.parametrize("sr", [8000, 16000, 22050, 44100])
def test_codecs_do_not_move_the_sound(kind, sr):
    time = np.arange(sr) / sr
    y = sum(np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 10)) * np.exp(-(((time - 0.5) / 0.02) ** 2)) / 4
    for level in GRADED[kind].levels[::5]:
        power = np.square(distorted(kind, level, y.astype(np.float32), sr), dtype=np.float64)
        assert power @ time / power.sum() == pytest.approx(0.5, abs=0.004)


@pytest.mark.parametrize("direct", [12.0, -12.0])
def test_a_room_keeps_the_level_and_decays_by_its_time(direct):
    click = np.eye(1, 2 * SR)[0].astype(np.float32)
    heard = distorted("distance", direct, click)
    assert rms(heard) == pytest.approx(rms(click))
    tail = np.square(heard[1:]).sum()
    assert 10 * np.log10(heard[0] ** 2 / tail) == pytest.approx(direct, abs=0.1)
    decay = np.cumsum(np.square(distorted("reverb", 0.8, click))[::-1])[::-1]
    fall = [np.flatnonzero(decay[100:] < decay[100] * 10 ** (db / 10))[0] for db in (-5, -25)]
    assert 3 * (fall[1] - fall[0]) / SR == pytest.approx(0.8, rel=0.1)


def test_a_recorded_room_is_brought_to_the_rate_and_its_direct_sound_comes_first(tmp_path):
    response = np.zeros(4410)
    response[400], response[2605] = -0.5, 0.25
    soundfile.write(tmp_path / "room.wav", response, 44100)
    found, direct = read_impulse(tmp_path / "room.wav", SR)
    assert (found[0], direct) == (1, 40)
    assert np.abs(found)[direct:].argmax() + direct == pytest.approx(2205 * SR / 44100, abs=1)
    heard = Grade(IMPULSE, -60.0, tmp_path / "room.wav").distort(NOTE, SR, 1)
    assert rms(heard - NOTE * (rms(heard) / rms(NOTE))) < 0.2 * rms(NOTE)  # a resampled click is no click
    assert rms(Grade(IMPULSE, 0.0, tmp_path / "room.wav").distort(NOTE, SR, 1)) == pytest.approx(rms(NOTE), rel=1e-3)


@pytest.mark.parametrize(
    ("samples", "said"),
    [(np.zeros(100), "silent"), (np.full(100, np.nan), "NaN"), (np.ones(8000 * 21), "21 s long")],
)
def test_an_impulse_response_that_cannot_be_used_is_a_message(tmp_path, samples, said):
    soundfile.write(tmp_path / "bad.wav", samples, 8000, subtype="FLOAT")
    with pytest.raises(FusionError, match=said):
        Grade(IMPULSE, 0.0, tmp_path / "bad.wav").distort(NOTE, SR, 1)
    with pytest.raises(FusionError, match="missing"):
        Grade(IMPULSE, 0.0, tmp_path / "none.wav").distort(NOTE, SR, 1)
    with pytest.raises(FusionError, match="--impulse FILE"):
        Grade(IMPULSE, 0.0).distort(NOTE, SR, 1)


def test_a_long_sound_is_encoded_in_pieces():
    """Vorbis keeps what it is given at once on the stack, which 8 MB end."""
    long = np.random.default_rng(1).normal(0, 0.1, 60 * 44100)
    assert rms(vorbis(long, 44100, 5) - long) < rms(long)


@pytest.mark.parametrize("percent", [30, 40, 168])
@pytest.mark.parametrize("samples", [SR, 2 * SR, 5 * SR // 2, 10 * SR])
def test_any_stretch_of_any_length_is_possible(samples, percent):
    y = np.random.default_rng(1).normal(0, 0.1, samples)
    for factor in (1 + percent / 100, 1 / (1 + percent / 100)):
        assert len(stretched(y, SR, factor)) == round(factor * samples)
