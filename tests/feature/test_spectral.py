"""What features of the spectrum share: sizes, frequencies, moments."""

import numpy as np
import pytest

from fusion.feature.spectral import SpectralFeature
from fusion.sound.clip import Clip, frame_count


class Moments(SpectralFeature):
    """The moments of each frame."""

    def series(self, clip):
        return self.moments(clip)


class OfSpectrum(Clip):
    """A clip whose spectrum is given, one frame for each row."""

    def __init__(self, magnitude, sr):
        super().__init__(np.zeros(16), sr)
        self._magnitude = np.array(magnitude, dtype=np.float32)

    def magnitude(self, n_fft=1024, hop_length=512):
        return self._magnitude


def moments(*frames, sr=16):
    """Return the moments of spectra with nine bins from 0 to half the rate, 1 Hz apart."""
    return Moments(n_fft=16).moments(OfSpectrum(frames, sr))


def test_moments_are_those_of_the_distribution_over_frequency():
    frame = np.array([0, 1, 0, 0, 2, 0, 0, 0, 5], dtype=float)
    hertz = np.repeat(np.arange(9), frame.astype(int))
    away = hertz - hertz.mean()
    expected = [hertz.mean(), hertz.std(), (away**3).mean() / hertz.std() ** 3, (away**4).mean() / hertz.std() ** 4]
    np.testing.assert_allclose(moments(frame, 0.01 * frame), [expected] * 2, rtol=1e-5)
    scaled = np.array(expected) * [1000, 1000, 1, 1]  # the first two are in Hz
    np.testing.assert_allclose(moments(frame, sr=16_000)[0], scaled, rtol=1e-5)


def test_silence_and_a_single_frequency_have_zeros_where_nothing_is_defined():
    single = np.eye(1, 9, 3)[0]
    np.testing.assert_array_equal(moments(np.zeros(9), single), [[0, 0, 0, 0], [3, 0, 0, 0]])
    tiny = np.float32(np.finfo(np.float32).tiny)
    assert moments(single * tiny)[0, 0] == pytest.approx(3)  # the softest that counts


def test_a_feature_has_one_number_a_frame_unless_it_says_otherwise():
    feature = Moments(statistics=None)
    assert (feature.n_fft, feature.hop_length, feature.dims) == (1024, 512, 1)
    assert feature.shape(16_000, 16_000) == (frame_count(16_000, 1024, 512), 1)
    assert Moments().shape(16_000, 16_000) == (4,)  # mean and deviation of values and slopes
    np.testing.assert_allclose(feature.frequencies(Clip(np.zeros(9), 16_000)), np.arange(513) * 15.625)


@pytest.mark.parametrize(("field", "least", "most"), [("n_fft", 16, 65536), ("hop_length", 1, 65536)])
def test_sizes_have_limits(field, least, most):
    assert [getattr(Moments(**{field: size}), field) for size in (least, most)] == [least, most]
    for size in (least - 1, most + 1):
        with pytest.raises(ValueError, match=field):
            Moments(**{field: size})


def test_power_is_the_square_of_magnitude():
    clip = Clip(np.random.default_rng(0).normal(size=4000), 16_000)
    feature = Moments(n_fft=256, hop_length=100)
    np.testing.assert_array_equal(feature.magnitude(clip), clip.magnitude(256, 100))
    np.testing.assert_array_equal(feature.power(clip), clip.magnitude(256, 100) ** 2)
