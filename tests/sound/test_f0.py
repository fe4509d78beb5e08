"""The most salient fundamental frequency of a spectrum."""

import numpy as np
import pytest

from fusion.sound.clip import Clip
from fusion.sound.f0 import estimate_f0
from tests.support.tones import partials


def test_f0_of_a_spectrum_is_a_point_of_the_grid():
    magnitude = Clip(partials(300, np.ones(10)), 16000).magnitude(4096, 2048)
    steps = 48 * np.log2(estimate_f0(magnitude, 16000, 50.0, 1000.0, 10) / 50)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-9)
    assert abs(steps[3] - 48 * np.log2(6)) <= 0.5


@pytest.mark.parametrize("n_fft", [2048, 4096, 8192])
@pytest.mark.parametrize(("f0", "sr"), [(110.0, 16000), (261.6, 16000), (440.0, 44100), (1200.0, 22050)])
def test_it_is_that_of_a_tone_to_a_quarter_of_a_semitone(f0, sr, n_fft):
    magnitude = Clip(partials(f0, 1 / np.arange(1, 21), sr=sr, seconds=3.0), sr).magnitude(n_fft, n_fft // 2)[2:-2]
    found = estimate_f0(magnitude, sr, 27.5, 4186.0, 20)
    assert np.abs(12 * np.log2(found / f0)).max() <= 0.26


@pytest.mark.parametrize("cents", [12.5, 25.0, 37.5, 62.5, 75.0])
@pytest.mark.parametrize(("lowest", "highest"), [(55, 200), (200, 800), (800, 1600), (1600, 3500)])
def test_a_note_between_two_points_of_the_grid_is_not_taken_for_another(lowest, highest, cents):
    random = np.random.default_rng(0)
    for semitone in random.integers(*np.log2(np.array([lowest, highest]) / 27.5) * 12, 20):
        f0 = 27.5 * 2 ** ((semitone + cents / 100) / 12)
        y = partials(f0, random.uniform(0.05, 1, 20), seconds=0.5)
        found = estimate_f0(Clip(y, 16000).magnitude(4096, 2048)[1:-1], 16000, 27.5, 4186.0, 20)
        assert np.abs(12 * np.log2(found / f0)).max() <= 0.26, f"{found} Hz, {f0} Hz"


def test_it_holds_where_the_fundamental_itself_is_missing():
    magnitude = Clip(partials(200.0, [0, 0, 1, 1, 1, 1]), 16000).magnitude(4096, 2048)[2:-2]
    assert np.abs(12 * np.log2(estimate_f0(magnitude, 16000, 50.0, 1000.0, 10) / 200)).max() <= 0.26


def test_silence_has_the_lowest():
    assert estimate_f0(np.zeros((2, 2049), np.float32), 16000, 55.0, 1000.0, 10).tolist() == [55.0, 55.0]


@pytest.mark.parametrize(
    ("fmin", "fmax", "harmonics", "steps"),
    [
        (200.0, 2000.0, 5, [139, 147, 53, 141, 100, 101, 72, 64, 143, 27, 125, 143, 145, 139, 138, 101]),
        (60.0, 9000.0, 3, [258, 250, 3, 337, 230, 259, 289, 244, 285, 246, 209, 260, 290, 287, 281, 338]),
    ],
)
def test_f0_of_any_spectra_is_this(fmin, fmax, harmonics, steps):
    """Whoever changes these raises the version of the features that are made of f0: stored ones have these."""
    magnitude = np.random.default_rng(3).random((16, 129)).astype(np.float32)
    found = estimate_f0(magnitude, 16000, fmin, fmax, harmonics)
    np.testing.assert_allclose(48 * np.log2(found / fmin), steps, atol=1e-9)


@pytest.mark.parametrize(
    ("step", "fmax", "found"), [(47, 9000, 47), (24, 4000 * 2**0.5, 24), (25, 4000 * 2**0.5, None)]
)
def test_the_grid_ends_with_the_last_step_that_is_no_higher_than_its_end(step, fmax, found):
    magnitude = np.zeros((1, 4097), np.float32)  # one line, which only one candidate with one harmonic explains
    magnitude[0, round(4000 * 2 ** (step / 48) / (8000 / 4096))] = 1
    f0 = estimate_f0(magnitude, 16000, 4000.0, fmax, 1).item()
    assert f0 <= fmax * (1 + 1e-9)
    assert found is None or f0 == pytest.approx(4000 * 2 ** (found / 48))
