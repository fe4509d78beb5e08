"""The envelope's descriptors against sounds whose envelopes are known."""

import numpy as np
import pytest

from fusion.sound.clip import Clip
from fusion_features.envelope import Envelope

NAMES = ("log_attack", "centroid", "centroid_share", "slope", "duration")
RATES = [8000, 16000, 44100, 48000]


def described(envelope, sr=16000, frequency=440, **parameters):
    """Return the descriptors of a sine under an envelope."""
    y = envelope * np.sin(2 * np.pi * frequency * np.arange(envelope.size) / sr)
    return dict(zip(NAMES, Envelope(**parameters).extract(Clip(y, sr)), strict=True))


def seconds(length, sr=16000):
    return np.arange(round(length * sr)) / sr


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("attack", [0.1, 0.3, 1.0])
def test_a_ramp_has_its_attack_time(attack, sr):
    found = described(np.minimum(seconds(3, sr) / attack, 1), sr)
    # the thresholds go from a tenth to nine tenths
    assert 10 ** found["log_attack"] == pytest.approx(0.8 * attack, abs=0.01)  # a window of 0.03 s smooths


def test_a_slow_swell_after_the_attack_is_no_attack():
    time = seconds(3)
    found = described(np.minimum(time / 0.1, 1) * (0.6 + 0.4 * time / 3))
    assert 10 ** found["log_attack"] < 0.1


def test_the_shortest_attack_is_a_hop():
    assert 10 ** described(10 ** (-seconds(2)))["log_attack"] == pytest.approx(0.005)
    assert 10 ** described(10 ** (-seconds(2)), hop=0.01)["log_attack"] == pytest.approx(0.01)


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("slope", [-10, -20, -60, -120])
def test_an_exponential_decay_has_its_slope(slope, sr):
    assert described(10 ** (slope * seconds(2, sr) / 20), sr)["slope"] == pytest.approx(slope, rel=0.02)


def test_a_held_note_hardly_decays_though_it_ends():
    time = seconds(4)
    assert described(np.where(time < 3, 1.0, 10 ** (-(time - 3) * 100 / 20)))["slope"] > -5


@pytest.mark.parametrize("sr", RATES)
def test_centroid_and_duration_of_a_burst(sr):
    time = seconds(3, sr)
    found = described(((time >= 0.7) & (time < 1.9)).astype(float), sr)
    assert found["centroid"] == pytest.approx(0.6, abs=0.02)
    assert found["centroid_share"] == pytest.approx(0.5, abs=0.01)
    assert found["duration"] == pytest.approx(1.2, abs=0.03)


def test_centroid_and_duration_of_a_decay_are_those_of_its_formula():
    rate = 4.0  # 1/s
    found = described(np.exp(-rate * seconds(4)))
    end = np.log(10) / rate  # where a tenth is left
    assert found["centroid"] == pytest.approx(1 / rate - end / (np.exp(rate * end) - 1), abs=0.01)
    assert found["duration"] == pytest.approx(np.log(1 / 0.4) / rate, abs=0.02)


def test_silence_has_the_values_that_are_documented():
    np.testing.assert_allclose(
        Envelope().extract(Clip(np.zeros(16000), 16000)), [np.log10(0.005), 0, 0, 0, 0], rtol=1e-6
    )


@pytest.mark.parametrize("sr", RATES)
@pytest.mark.parametrize("samples", [1, 2, 79, 81, 4000])
@pytest.mark.parametrize("kind", ["ones", "click", "noise", "faint"])
def test_every_value_is_finite(kind, samples, sr):
    random = np.random.default_rng(samples).normal(0, 1, samples)
    click = np.zeros(samples)
    click[samples // 2] = 1
    y = {"ones": np.ones(samples), "click": click, "noise": random, "faint": 1e-15 * random}[kind]
    values = Envelope().extract(Clip(y, sr))
    assert np.isfinite(values).all()
    assert values[0] >= np.float32(np.log10(0.005))
    assert abs(values[3]) <= 1000


def test_one_frame_has_no_length():
    np.testing.assert_allclose(
        Envelope().extract(Clip(np.ones(50), 16000)), [np.log10(0.005), 0, 0, 0, 0.005], rtol=1e-6
    )


@pytest.mark.parametrize("gain", [1e-4, 3.0])
def test_gain_moves_nothing(gain):
    y = np.exp(-seconds(1)) * np.sin(2 * np.pi * 300 * seconds(1))
    plain, changed = (Envelope().extract(Clip(scale * y, 16000)) for scale in (1, gain))
    np.testing.assert_allclose(changed, plain, rtol=1e-4, atol=1e-4)


def test_frames_shorter_than_samples_are_refused():
    with pytest.raises(ValueError, match="less than two samples"):
        Envelope(hop=0.0001).shape(8000, 8000)
