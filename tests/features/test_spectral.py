"""Features of the spectrum against theory where no library has them, and what they share."""

from collections.abc import Callable

import numpy as np
import pytest
from pydantic import ValidationError

import fusion
from fusion.feature.contract import SeriesFeature
from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip
from fusion_features.chroma import Chroma
from fusion_features.log_mel import LogMel
from fusion_features.low_to_high_ratio import LowToHighRatio
from fusion_features.mfcc import MFCC
from fusion_features.pcen import PCEN
from fusion_features.rms import RMS
from fusion_features.spectral_bandwidth import SpectralBandwidth
from fusion_features.spectral_crest import SpectralCrest
from fusion_features.spectral_entropy import SpectralEntropy
from fusion_features.spectral_flux import SpectralFlux
from fusion_features.spectral_rolloff import SpectralRolloff
from fusion_features.spectral_shape import SpectralShape
from fusion_features.spectral_slope import SpectralSlope
from fusion_features.tonnetz import Tonnetz

SR = 16000


def sine(frequency: float, samples: int = SR) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(samples) / SR + 0.3)


def noise(samples: int = 20 * SR) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, samples)


def impulse(spectrum: np.ndarray | None = None) -> np.ndarray:
    """Return a click, or what has another magnitude spectrum, in the middle of the third frame."""
    y = np.zeros(2048 + 512)
    y[1024] = 1
    return y if spectrum is None else np.roll(np.fft.irfft(spectrum, 2048), 1024)


def middle(feature: SeriesFeature, y: np.ndarray) -> np.ndarray:
    return feature.extract(Clip(y, SR))[3:-3]


def at_click(feature: SeriesFeature, y: np.ndarray) -> np.ndarray:
    return feature.extract(Clip(y, SR))[2]


@pytest.mark.parametrize("sr", [8000, 16000, 44100, 48000])
def test_a_click_is_flat(sr: int) -> None:
    clip = Clip(impulse(), sr)
    frame = {
        cls: cls(statistics=None).extract(clip)[2]
        for cls in (SpectralEntropy, SpectralCrest, SpectralSlope, SpectralShape, SpectralBandwidth)
    }
    assert frame[SpectralEntropy] == pytest.approx([1], abs=1e-5)
    assert frame[SpectralCrest] == pytest.approx([0], abs=1e-4)
    assert frame[SpectralSlope] == pytest.approx([0], abs=1e-4)
    assert frame[SpectralShape] == pytest.approx([0, 1.8], abs=1e-3)  # those of a uniform distribution
    assert frame[SpectralBandwidth] == pytest.approx([sr / 2 / np.sqrt(12)], rel=0.003)


def test_a_tone_on_a_bin_has_the_three_bins_of_a_hann_window() -> None:
    y = sine(64 * SR / 1024)
    power = np.array([1, 4, 1]) / 6
    np.testing.assert_allclose(
        middle(SpectralEntropy(statistics=None), y), -(power * np.log(power)).sum() / np.log(513), rtol=1e-3
    )
    np.testing.assert_allclose(middle(SpectralCrest(statistics=None), y), 20 * np.log10(513 / 2), rtol=1e-3)
    np.testing.assert_allclose(
        middle(SpectralBandwidth(statistics=None), y + noise(SR) * 1e-6), SR / 1024 / np.sqrt(2), rtol=0.2
    )


def test_white_noise_is_near_the_entropy_of_its_chi_square() -> None:
    # power is exponentially distributed: E[x ln x] = 1 - Euler's constant
    expected = 1 - (1 - np.euler_gamma) / np.log(513)
    assert middle(SpectralEntropy(statistics=None), noise()).mean() == pytest.approx(expected, abs=0.003)
    assert middle(SpectralShape(statistics=None), noise()).mean(axis=0) == pytest.approx([0, 1.8], abs=0.02)


@pytest.mark.parametrize("slope", [-6.0, -3.0, 3.0])
def test_slope_is_in_decibels_an_octave(slope: float) -> None:
    frequency = np.maximum(np.arange(1025), 1)
    y = impulse(frequency ** (slope / (20 * np.log10(2))))
    # the window of half the length smears the lowest bins a little
    assert at_click(SpectralSlope(statistics=None), y) == pytest.approx([slope], abs=0.35)


def test_skewness_tells_where_the_spectrum_trails_off() -> None:
    falling = np.linspace(1, 0, 1025)
    low, high = (at_click(SpectralShape(statistics=None), impulse(s)) for s in (falling, falling[::-1]))
    # those of a triangular distribution
    assert low == pytest.approx([2 * np.sqrt(2) / 5, 2.4], rel=0.02)
    assert high == pytest.approx([-2 * np.sqrt(2) / 5, 2.4], rel=0.02)


def test_flux_is_1_between_tones_without_a_common_partial_whatever_their_levels() -> None:
    y = np.concatenate([sine(500, 8192), 0.1 * sine(3000, 8192)])
    flux = SpectralFlux(statistics=None, n_fft=1024, hop_length=1024).extract(Clip(y, SR))[:, 0]
    # the frame in the middle of which the tone changes, has both: half of the change comes before, half after
    assert flux[8] + flux[9] > 0.9
    assert np.delete(flux, [1, 8, 9, 16]).max() < 1e-3
    assert flux[0] == 0


def test_flux_counts_fading_as_beginning() -> None:
    y = np.pad(sine(500, 8192), 8192)
    forth = SpectralFlux(statistics=None).extract(Clip(y, SR))[1:, 0]
    np.testing.assert_allclose(forth.sum(), forth[::-1].sum())
    assert forth.max() == pytest.approx(0.5)
    assert (forth == 0.5).sum() <= 2
    assert np.flatnonzero(np.isclose(forth, 0.5)).size == 2


def test_flux_has_nothing_to_tell_of_one_frame() -> None:
    assert SpectralFlux(statistics=None).extract(Clip(sine(500, 400), SR)).tolist() == [[0]]


@pytest.mark.parametrize(("low", "high", "ratio"), [(1, 1, 0), (1, 0.1, 20), (0.1, 1, -20), (1, 0, 80), (0, 1, -80)])
def test_low_to_high_ratio_of_two_tones(low: float, high: float, ratio: float) -> None:
    y = low * sine(32 * SR / 1024) + high * sine(192 * SR / 1024)
    np.testing.assert_allclose(middle(LowToHighRatio(statistics=None), y), ratio, atol=0.01)


def test_rms_relative_to_the_loudest_frame() -> None:
    y = sine(500) * np.linspace(0, 1, SR)
    plain, relative = (RMS(ref=ref, statistics=None).extract(Clip(y, SR)) for ref in (1, "max"))
    np.testing.assert_allclose(relative, plain / plain.max(), rtol=1e-6)
    assert relative.max() == 1


def test_several_shares_give_the_rolloff_a_column_each() -> None:
    clip = Clip(noise(SR), SR)
    shares = (0.5, 0.85, 0.95)
    several = SpectralRolloff(roll_percent=shares, statistics=None)
    each = [SpectralRolloff(roll_percent=share, statistics=None).extract(clip) for share in shares]
    np.testing.assert_array_equal(several.extract(clip), np.concatenate(each, axis=1))
    assert several.shape(SR, SR) == (32, 3)
    assert SpectralRolloff().model_dump()["roll_percent"] == 0.85  # digests of older results hold it so
    assert SpectralRolloff.model_validate_json('{"roll_percent": [0.5, 0.95]}').roll_percent == (0.5, 0.95)


@pytest.mark.parametrize("shares", [0.0, 1.0, (), (0.5, 0.5), (0.5, 1.5)])
def test_shares_of_the_rolloff_lie_between_0_and_1(shares: float | tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="a share above 0 and below 1, or several different ones"):
        SpectralRolloff(roll_percent=shares)


def test_the_log_mel_spectrum_of_a_soft_clip_is_that_of_a_loud_one() -> None:
    loud, soft = (LogMel().extract(Clip(gain * sine(500), SR)) for gain in (1, 1e-6))
    np.testing.assert_allclose(soft, loud, atol=1e-3)
    assert loud.max() == 0
    assert loud.min() == -80


@pytest.mark.parametrize(
    ("features", "key", "count"),
    [
        ([MFCC(), LogMel(), PCEN(), LogMel(n_mels=40)], "mel", 2),
        ([Chroma(), Tonnetz()], "chroma", 1),
        ([SpectralBandwidth(), SpectralShape()], "moments", 1),
    ],
)
def test_features_share_what_they_have_in_common(features: list[SeriesFeature], key: str, count: int) -> None:
    clip, computed = Clip(sine(500), SR), []
    shared = clip.shared

    def counting(key: tuple, compute: Callable[[], np.ndarray]) -> np.ndarray:
        return shared(key, lambda: computed.append(key[0]) or compute())

    clip.shared = counting  # type: ignore[method-assign]
    for feature in features:
        feature.extract(clip)
    assert computed.count(key) == count
    assert computed.count("magnitude") == 1


def test_a_feature_of_ones_own_is_short() -> None:
    class Loudest(SpectralFeature):
        def series(self, clip: Clip) -> np.ndarray:
            return self.frequencies(clip)[self.magnitude(clip).argmax(axis=1), np.newaxis]

    assert fusion.SpectralFeature is SpectralFeature
    feature = Loudest()
    vector = feature.extract(Clip(sine(1000), SR))
    assert vector.shape == feature.shape(SR, SR) == (4,)
    assert vector.tolist() == pytest.approx([1000, 0, 0, 0])
