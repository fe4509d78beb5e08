"""A clip's spectra: librosa's, computed once, shared and safe from the features that read them."""

from collections.abc import Callable

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion.sound.clip import Clip, frame_count, repeated

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


def test_frames_sound_where_the_sound_is() -> None:
    y = np.zeros(8192)
    y[2048:4096] = 0.5
    # frames of 512 samples, centred on multiples of 512; the outer ones reach over the edges of the sound by a half
    assert np.flatnonzero(Clip(y, 16000).active(17, 40)).tolist() == [4, 5, 6, 7, 8]


@pytest.mark.parametrize("number", range(17))
def test_a_click_sounds_in_the_frame_that_is_centred_on_it(number: int) -> None:
    y = np.zeros(8192)
    y[min(512 * number, 8191)] = 1
    assert np.flatnonzero(Clip(y, 16000).active(17, 40)).tolist() == [number]


def test_a_frame_sounds_within_so_many_decibels_of_the_loudest() -> None:
    y = np.repeat(10 ** (-np.array([20, 0, 60, 40]) / 20), 1000)
    clip = Clip(y, 16000)
    for db, levels in [(1, {1}), (19, {1}), (21, {0, 1}), (39, {0, 1}), (41, {0, 1, 3}), (61, {0, 1, 2, 3})]:
        active = clip.active(41, db)[[2, 15, 25, 38]]  # frames of 100 samples, well within each level
        assert set(np.flatnonzero(active)) == levels


def test_the_half_frames_at_the_edges_count_by_their_own_length() -> None:
    assert Clip(np.full(8192, 0.25), 16000).active(17, 0.01).all()


@pytest.mark.parametrize("samples", [1, 2, 100, 8192])
@pytest.mark.parametrize("frames", [1, 2, 17])
def test_all_frames_of_silence_count_as_sounding(samples: int, frames: int) -> None:
    assert Clip(np.zeros(samples), 16000).active(frames, 40).tolist() == [True] * frames


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 3000), st.integers(1, 60), st.floats(0.1, 150), st.integers(-12, 6))
def test_some_frame_sounds_at_any_level_and_more_do_with_more_decibels(
    seed: int, samples: int, frames: int, db: float, exponent: int
) -> None:
    random = np.random.default_rng(seed)
    y = (random.normal(size=samples) * 10 ** random.uniform(-4, 0, samples)).astype(np.float32)
    active = Clip(y, 16000).active(frames, db)
    assert active.shape == (frames,)
    assert active.dtype == bool
    assert active.any()
    np.testing.assert_array_equal(Clip(y * np.float32(2.0**exponent), 16000).active(frames, db), active)
    assert Clip(y, 16000).active(frames, db + 10)[active].all()


def test_active_frames_are_repeated_from_the_start() -> None:
    series = np.arange(14).reshape(7, 2)
    active = np.array([False, True, False, True, True, False, False])
    assert repeated(series, active)[:, 0].tolist() == [2, 6, 8, 2, 6, 8, 2]


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40).filter(any), st.integers(1, 4))
def test_repeating_keeps_the_length_and_the_sounding_frames(active: list[bool], dims: int) -> None:
    series = np.random.default_rng(dims).normal(size=(len(active), dims)).astype(np.float32)
    chosen = series[np.array(active)]
    value = repeated(series, np.array(active))
    assert value.dtype == np.float32
    np.testing.assert_array_equal(value, np.resize(chosen, series.shape))
    np.testing.assert_array_equal(value[: len(chosen)], chosen)
    np.testing.assert_array_equal(repeated(series, np.ones(len(active), bool)), series)


@given(
    y=arrays(np.float32, st.integers(1, 300), elements=st.floats(-1, 1, width=32)),
    ends=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=8),
)
def test_energy_is_the_sum_of_squares_of_each_part(y: np.ndarray, ends: list[tuple[int, int]]) -> None:
    parts = np.sort(np.minimum(np.array(ends, dtype=np.intp).reshape(-1, 2), y.size), axis=1)
    expected = [np.square(y[start:stop].astype(float)).sum() for start, stop in parts]
    np.testing.assert_allclose(Clip(y, 16000).energy(parts[:, 0], parts[:, 1]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sr", [0, -5, 16000.7, float("inf"), float("nan")])
def test_a_rate_that_no_sound_has_is_refused(sr: float) -> None:
    with pytest.raises(ValueError, match="a sampling rate is a whole number of Hz"):
        Clip(noise(1024), sr)  # type: ignore[arg-type]
