"""Partials: where a stretched series has them, their peaks between bins, and the series that fits peaks."""

import numpy as np
import pytest

from fusion.sound.clip import Clip
from fusion.sound.partials import fit, frequencies, peaks
from tests.support.tones import partials

N_FFT, SR = 4096, 16000


def spectrum(y):
    """Return the magnitude of a frame in the middle, (1, bins)."""
    magnitude = Clip(y, SR).magnitude(N_FFT, N_FFT // 2)
    return magnitude[len(magnitude) // 2][np.newaxis]


def test_a_series_without_stretch_is_harmonic_and_one_with_it_is_wider():
    assert frequencies(np.array([100.0]), np.array([0.0]), 4).tolist() == [[100, 200, 300, 400]]
    stretched = frequencies(np.array([100.0]), np.array([1e-3]), 10)[0]
    np.testing.assert_allclose(stretched[-1], 1000 * np.sqrt(1.1))


@pytest.mark.parametrize("between", [-0.5, -0.3, 0.0, 0.2, 0.49])  # bins beside a bin's centre
def test_a_sines_peak_has_its_frequency_and_size(between):
    width = SR / N_FFT
    f0 = (100 + between) * width
    y = 0.25 * np.sin(2 * np.pi * f0 * np.arange(SR) / SR)
    found, size = peaks(spectrum(y), SR, np.array([f0]), np.array([[f0 * 1.01, 1.5 * SR / 2]]))
    assert found[0, 0] == pytest.approx(f0, abs=0.01 * width)
    assert size[0, 0] == pytest.approx(0.25 * N_FFT / 4, rel=0.01)  # a Hann window's sum is half of its length
    assert size[0, 1] == 0  # above half the rate


@pytest.mark.parametrize("off", [-0.4, 0.0, 0.4])  # semitones
@pytest.mark.parametrize("stretch", [0.0, 1e-4, 1e-3])
def test_a_fit_finds_f0_and_stretch_beside_weak_noise(stretch, off):
    y = partials(220.0, 1 / np.arange(1, 16), stretch=stretch) + np.random.default_rng(1).normal(0, 1e-4, SR)
    f0, found = fit(spectrum(y), SR, np.array([220.0 * 2 ** (off / 12)]), 15)
    assert f0[0] == pytest.approx(220, rel=1e-3)
    assert found[0] == pytest.approx(stretch, rel=0.05, abs=3e-6)


@pytest.mark.parametrize("begun", [110.0, 440.0])
def test_a_fit_stays_within_half_a_semitone_of_where_it_began(begun):
    y = partials(247.0, 1 / np.arange(1, 16))
    f0, _ = fit(spectrum(y), SR, np.array([begun]), 10)
    assert abs(12 * np.log2(f0[0] / begun)) <= 0.5 + 1e-9


def test_a_silent_spectrum_keeps_what_it_began_with():
    f0, stretch = fit(np.zeros((2, N_FFT // 2 + 1), np.float32), SR, np.array([110.0, 220.0]), 10)
    assert (f0.tolist(), stretch.tolist()) == ([110, 220], [0, 0])


# Whoever changes the numbers below raises the version of the features that are made of them: stored ones have these.

NOISE = (np.random.default_rng(1).random((4, 65)) ** 4).astype(np.float32)  # spectra at the window's every edge
NOISE[3] = 0


def test_peaks_of_any_spectra_are_these():
    f0 = np.array([150.0, 700.0, 1900.0, 400.0])
    found, size = peaks(NOISE, SR, f0, frequencies(f0, np.array([0.0, 1e-3, 0.0, 0.0]), 9))
    expected = [
        [125, 125, 375, 750, 750, 750, 1000, 1250, 1250],
        [500, 1523.410647, 2125, 2625, 3750, 4274.169791, 4875, 6029.34233, 6625],
        [1875, 3875, 5625, 7500, 7875, 7875, 7875, 7875, 7875],
        [250, 625, 1000, 1500, 1875, 2250, 2625, 3000, 3500],
    ]
    sizes = [
        [0.816098, 0.816098, 0.809884, 0.46935, 0.46935, 0.46935, 0.091236, 0.322376, 0.322376],
        [0.862412, 0.729921, 0.34883, 0.464347, 0.031471, 0.2835, 0.431051, 0.351463, 0.195544],
        [0.379898, 0.90255, 0.064423, 0.422102, 0, 0, 0, 0, 0],
        [0] * 9,
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_allclose(size, sizes, atol=1e-6)


def test_fits_of_any_spectra_are_these():
    f0, stretch = fit(NOISE, SR, np.array([150.0, 700.0, 1900.0, 400.0]), 9)
    np.testing.assert_allclose(f0, [145.729791, 680.072359, 1845.910688, 400], rtol=1e-6)
    np.testing.assert_allclose(stretch, [0.02, 0.005339, 0, 0], atol=1e-6)
    noise = (np.random.default_rng(2).random((12, 129)) ** 6).astype(np.float32)
    f0, stretch = fit(noise, SR, np.geomspace(100, 2500, 12), 6)
    expected = [98.885512, 135.425953, 174.432737, 233.729457, 331.806384, 444.600752]
    expected += [590.151447, 753.451446, 1009.579971, 1433.21721, 1812.640323, 2498.410041]
    np.testing.assert_allclose(f0, expected, rtol=1e-6)
    expected = [0.02, 0, 0, 0, 0.015763, 0.02, 0, 0.02, 0.002436, 0, 0.007428, 0]
    np.testing.assert_allclose(stretch, expected, atol=1e-6)


def test_a_partial_at_half_the_rate_is_absent():
    size = peaks(np.ones((1, 65), np.float32), SR, np.array([4000.0]), np.array([[4000.0, 7999.0, 8000.0]]))[1]
    assert (size > 0).tolist() == [[True, True, False]]
