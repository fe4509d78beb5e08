"""A clip's spectra: librosa's, computed once, shared and safe from the features that read them."""

from collections.abc import Callable

import librosa
import numpy as np
import pytest

from fusion.clip import Clip, frame_count

SIZES = [(1024, 512), (1024, 1024), (2048, 300), (512, 2000), (501, 100), (16, 1)]


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)


@pytest.mark.parametrize(("n_fft", "hop_length"), SIZES)
@pytest.mark.parametrize("samples", [1024, 1535, 1536, 16000])
def test_spectra_equal_librosas_with_time_first(samples: int, n_fft: int, hop_length: int) -> None:
    y = noise(samples)
    expected = np.abs(librosa.stft(y, n_fft=n_fft, hop_length=hop_length)).T
    clip = Clip(y, 16000)
    magnitude, power = clip.magnitude(n_fft, hop_length), clip.power(n_fft, hop_length)
    assert magnitude.dtype == power.dtype == np.float32
    assert magnitude.shape == power.shape == (frame_count(samples, n_fft, hop_length), 1 + n_fft // 2)
    np.testing.assert_allclose(magnitude, expected, rtol=0, atol=1e-6 * expected.max())
    np.testing.assert_allclose(power, expected**2, rtol=0, atol=1e-6 * expected.max() ** 2)


@pytest.mark.parametrize("samples", [1, 2, 511])
@pytest.mark.parametrize("n_fft", [1024, 501])
def test_shorter_than_a_window_is_padded(samples: int, n_fft: int) -> None:
    y = noise(samples)
    expected = np.abs(librosa.stft(y, n_fft=n_fft, hop_length=512)).T
    np.testing.assert_allclose(Clip(y, 16000).magnitude(n_fft, 512), expected, rtol=0, atol=1e-6 * expected.max())


def test_silence_has_no_energy() -> None:
    assert not Clip(np.zeros(4000), 16000).magnitude().any()


def test_a_sine_is_a_peak_of_half_the_windows_sum() -> None:
    y = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    middle = Clip(y, 16000).magnitude()[10]
    assert middle.argmax() == 64  # 1000 Hz of 15.625 Hz a bin
    assert middle.max() == pytest.approx(256, rel=1e-5)  # a Hann window of 1024 samples sums to 512


@pytest.mark.parametrize("spectrum", [Clip.magnitude, Clip.power])
def test_a_spectrum_is_computed_once(spectrum: Callable[..., np.ndarray]) -> None:
    clip = Clip(noise(8000), 16000)
    assert spectrum(clip) is spectrum(clip, 1024, 512)
    assert spectrum(clip, 1024, 256) is not spectrum(clip)


def test_one_fft_serves_magnitude_and_power(monkeypatch: pytest.MonkeyPatch) -> None:
    import scipy.fft

    calls: list[tuple[int, ...]] = []
    rfft = scipy.fft.rfft
    monkeypatch.setattr(
        "scipy.fft.rfft", lambda frames, **options: calls.append(frames.shape) or rfft(frames, **options)
    )
    clip = Clip(noise(8000), 16000)
    assert not calls
    clip.power()
    clip.magnitude()
    clip.power()
    assert calls == [(16, 1024)]


@pytest.mark.parametrize(
    "array", [lambda clip: clip.y, lambda clip: clip.magnitude(), lambda clip: clip.power()], ids=["y", "mag", "power"]
)
def test_what_is_shared_is_read_only(array: Callable[[Clip], np.ndarray]) -> None:
    shared = array(Clip(noise(2000), 16000))
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        shared[:] *= 2


def test_any_real_signal_becomes_contiguous_float32() -> None:
    y = np.arange(20, dtype=np.int16)[::2]
    clip = Clip(y, np.int64(8000))
    assert (clip.y.dtype, clip.y.flags.c_contiguous, type(clip.sr)) == (np.float32, True, int)
    assert clip.y.tolist() == y.tolist()
    assert clip.duration == 10 / 8000


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(0), r"one channel of at least one sample, not an array of shape \(0,\)"),
        (np.zeros((2, 100)), r"not an array of shape \(2, 100\)"),
        (np.zeros((100, 1)), r"not an array of shape \(100, 1\)"),
        (np.array([0, np.nan, 0]), "NaN or infinity"),
        (np.array([0, -np.inf]), "NaN or infinity"),
    ],
)
def test_no_clip_of(y: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clip(y, 16000)
