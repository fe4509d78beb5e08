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
