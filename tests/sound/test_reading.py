"""Reading sound: formats, channels and rates are converted; what is damaged is refused with a reason."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from fusion.sound.reading import LOUDEST, DamagedError, audio_duration, audio_size, read_audio, resampled

SR, SECONDS = 16000, 0.5
SAMPLES = round(SECONDS * SR)


def sine(sr: int = SR, seconds: float = SECONDS, frequency: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * sr)) / sr)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.wav"


def write(path: Path, y: np.ndarray, sr: int = SR, subtype: str | None = None) -> Path:
    soundfile.write(path, y, sr, subtype=subtype)
    return path


def read(path: Path, start: float = 0.0, seconds: float = SECONDS) -> np.ndarray:
    y = read_audio(path, SR, start, seconds)
    assert (y.dtype, y.shape) == (np.float32, (round(seconds * SR),))
    return y


def refusal(path: Path, start: float = 0.0, seconds: float = SECONDS) -> str:
    with pytest.raises(DamagedError) as error:
        read_audio(path, SR, start, seconds)
    return str(error.value)


@pytest.mark.parametrize(
    ("suffix", "subtype", "error"),
    [
        *[("wav", "PCM_U8", 2**-7), ("wav", "PCM_16", 2**-15), ("wav", "PCM_24", 2**-23), ("wav", "PCM_32", 2**-24)],
        *[("wav", "FLOAT", 1e-7), ("wav", "DOUBLE", 1e-7), ("wav", "ULAW", 0.02)],
        *[("flac", "PCM_16", 2**-15), ("flac", "PCM_24", 2**-23), ("ogg", "VORBIS", 0.1)],
    ],
)
def test_formats_give_the_same_sound(tmp_path, suffix, subtype, error):
    y = read(write(tmp_path / f"x.{suffix}", sine(), subtype=subtype))
    assert np.abs(y - sine()).max() <= error


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_full_scale_stays_within_one(path, subtype):
    y = read(write(path, np.sign(sine()), subtype=subtype))
    assert 0.99 < np.abs(y).max() <= 1


def test_the_content_counts_and_not_the_suffix(tmp_path):
    soundfile.write(tmp_path / "x.wav", sine(), SR, format="FLAC")
    assert np.abs(read(tmp_path / "x.wav") - sine()).max() < 1e-4


@pytest.mark.parametrize("silent", [0, 1])
def test_channels_are_averaged(path, silent):
    left, right = sine(), sine(frequency=1000.0)
    y = read(write(path, np.stack([left, right, *[0 * left] * silent], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(y, (left + right) / (2 + silent), atol=1e-7)


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("frequency", [440.0, 3000.0])
def test_other_rates_keep_frequency_and_level(path, sr, frequency):
    y = read(write(path, sine(sr, 2, frequency), sr, "FLOAT"), seconds=2.0)
    middle = y[SR // 2 : -SR // 2].astype(np.float64)
    expected = sine(SR, 2, frequency)[SR // 2 : -SR // 2]
    np.testing.assert_allclose(middle, expected, atol=2e-3)  # frequency, level and phase at once


def test_what_the_new_rate_cannot_hold_is_filtered_out(path):
    y = read(write(path, sine(48000, 1, 10_000.0), 48000, "FLOAT"), seconds=1.0)
    assert np.abs(y[1000:-1000]).max() < 1e-3


def test_stereo_at_another_rate_is_both_averaged_and_converted(path):
    y = read(write(path, np.stack([sine(44100, 1)] * 2, axis=1), 44100), seconds=1.0)
    assert np.abs(y - sine(SR, 1))[1000:-1000].max() < 1e-3


def test_a_longer_file_is_cut(path):
    y = read(write(path, np.concatenate([sine(), np.ones(SR)]), subtype="FLOAT"))
    np.testing.assert_allclose(y, sine(), atol=1e-7)


@pytest.mark.parametrize(("suffix", "error"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.1)])
def test_a_stretch_begins_where_it_is_told_to(tmp_path, suffix, error):
    whole = sine(seconds=2) * np.linspace(0, 1, 2 * SR)
    y = read(write(tmp_path / f"x.{suffix}", whole), start=1.25)
    assert np.abs(y - whole[round(1.25 * SR) :][:SAMPLES]).max() < error


def test_the_start_counts_in_seconds_at_any_rate(path):
    y = read(write(path, np.repeat([0.0, 0.5], 44100), 44100, "FLOAT"), start=1.0)
    assert np.abs(y[100:-100] - 0.5).max() < 1e-3


@pytest.mark.parametrize("lacking", [0, 1, 160])
def test_up_to_ten_milliseconds_may_lack_and_are_silent(path, lacking):
    y = read(write(path, np.ones(SAMPLES - lacking), subtype="FLOAT"))
    np.testing.assert_array_equal(y, np.repeat([1, 0], [SAMPLES - lacking, lacking]))


@pytest.mark.parametrize(("lacking", "length"), [(161, "0.490"), (SAMPLES // 2, "0.250"), (SAMPLES - 1, "0.000")])
def test_more_than_ten_milliseconds_may_not_lack(path, lacking, length):
    assert refusal(write(path, sine()[lacking:])) == f"too short: {length} s instead of 0.5 s"


def test_ten_milliseconds_count_at_the_files_own_rate(path):
    read(write(path, sine(48000)[:-480], 48000))
    assert refusal(write(path, sine(48000)[:-481], 48000)).startswith("too short")


def test_a_stretch_beyond_the_end_is_refused(path):
    write(path, sine())
    assert refusal(path, start=0.25) == "too short: 0.250 s instead of 0.5 s"
    assert refusal(path, start=7.0) == "no samples from 7 s on: its file ends at 0.500 s"


def test_silence_is_sound(path):
    assert not read(write(path, np.zeros(SAMPLES))).any()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_truncated_file_is_refused(tmp_path, suffix, share):
    content = write(tmp_path / f"whole.{suffix}", sine()).read_bytes()
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content[: int(share * len(content))])
    reason = refusal(path)
    assert reason.startswith(("cannot be decoded (", "too short: ", "no samples"))
    assert str(tmp_path) not in reason


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_a_garbled_file_is_refused(tmp_path, suffix):
    path = write(tmp_path / f"x.{suffix}", np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLES))
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 1000] = np.random.default_rng(1).bytes(1000)
    path.write_bytes(content)
    assert refusal(path)


def test_an_empty_file_is_refused_with_its_size(path):
    path.touch()
    assert refusal(path).startswith("cannot be decoded (0 bytes: ")


@pytest.mark.parametrize("channels", [1, 2])
def test_a_header_without_samples_is_refused(path, channels):
    assert refusal(write(path, np.zeros((0, channels)))) == "no samples"


def test_a_header_that_promises_more_than_there_is_is_refused(path):
    content = bytearray(write(path, sine()[:100], subtype="PCM_16").read_bytes())
    content[40:44] = (2**31 - 2).to_bytes(4, "little")
    path.write_bytes(content)
    assert refusal(path).startswith("too short: 0.006 s")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [1, 2])
def test_nan_and_infinity_are_refused(path, value, channels):
    y = np.stack([sine()] * channels, axis=1)
    y[100, 0] = value
    assert refusal(write(path, y, subtype="FLOAT")) == "NaN or infinity among the samples"


@pytest.mark.parametrize(("channels", "sr"), [(2, SR), (1, 22050)])
def test_samples_that_overflow_on_the_way_are_refused(path, channels, sr):
    y = np.sign(sine(sr))[:, np.newaxis].repeat(channels, axis=1) * np.finfo(np.float32).max
    assert refusal(write(path, y, sr, "FLOAT")) == "implausible level: a peak of 3.4e+38, full scale is 1"


@pytest.mark.parametrize("content", [b"hello\n" * 1000, b"RIFF", b"RIFF\0\0\0\0WAVE", b"\0" * 4096, b"{}"])
def test_what_is_no_sound_is_refused(path, content):
    path.write_bytes(content)
    assert refusal(path).startswith((f"cannot be decoded ({len(content)} bytes: ", "no samples"))


@pytest.mark.parametrize("sr", [1, 999, 768_001, 2**31 - 1])
def test_an_implausible_rate_is_refused(path, sr):
    assert refusal(write(path, sine(), sr)) == f"implausible sampling rate of {sr} Hz"


def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "dangling.wav").symlink_to("nowhere.wav")
    (tmp_path / "circle.wav").symlink_to("circle.wav")
    assert refusal(tmp_path / "folder.wav") == "a folder"
    assert refusal(tmp_path / "pipe.wav") == "not a file"
    assert refusal(tmp_path / "dangling.wav") == "missing"
    assert refusal(tmp_path / "circle.wav") == "missing"
    assert refusal(tmp_path / "nowhere.wav") == "missing"


def test_a_link_to_sound_is_sound(tmp_path):
    write(tmp_path / "real.wav", sine())
    (tmp_path / "link.wav").symlink_to("real.wav")
    np.testing.assert_array_equal(read(tmp_path / "link.wav"), read(tmp_path / "real.wav"))


def test_names_of_any_letters_are_read(tmp_path):
    assert read(write(tmp_path / "flûte: 音 (1) %s.wav", sine())).any()


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_libsndfiles_own_floats(path: Path, subtype: str, channels: int) -> None:
    y = np.random.default_rng(0).uniform(-1, 1, (SAMPLES, channels))
    y[:2] = [[-1.0], [32767 / 32768]]
    write(path, y, subtype=subtype)
    expected, _ = soundfile.read(path, dtype="float32", always_2d=True)
    np.testing.assert_array_equal(read(path), expected.mean(axis=1) if channels > 1 else expected[:, 0])


def test_a_files_length_is_known_without_reading_it(path):
    write(path, np.stack([sine(48000)] * 2, axis=1), 48000)
    assert (audio_size(path), audio_duration(path)) == ((24000, 48000), 0.5)
    write(path, sine()[:1], SR)
    assert (audio_size(path), audio_duration(path)) == ((1, SR), 1 / SR)


@pytest.mark.parametrize("size", [audio_size, audio_duration])
def test_the_length_of_what_is_no_sound_is_refused_for_the_same_reasons(tmp_path, size):
    (tmp_path / "text.wav").write_text("hello")
    write(tmp_path / "slow.wav", sine(), 999)
    for name, reason in (
        *[("nowhere.wav", "^missing$"), (".", "^a folder$"), ("text.wav", r"^cannot be decoded \(5 bytes: [^:]+\)$")],
        ("slow.wav", "^implausible sampling rate of 999 Hz$"),
    ):
        with pytest.raises(DamagedError, match=reason):
            size(tmp_path / name)


@pytest.mark.parametrize("sr", [1000, 768_000])
def test_the_slowest_and_the_fastest_plausible_rate_are_read(path, sr):
    write(path, 0.25 * np.ones(sr // 10), sr, "FLOAT")
    assert audio_size(path) == (sr // 10, sr)
    assert read(path, seconds=0.1)[SR // 20] == pytest.approx(0.25, abs=1e-3)


def test_the_loudest_level_is_read_and_a_louder_one_is_not(path):
    assert LOUDEST == 1e6
    assert np.abs(read(write(path, 1e6 * np.sign(sine()), subtype="FLOAT"))).max() == 1e6
    assert refusal(write(path, 1.000001e6 * np.sign(sine()), subtype="FLOAT")).startswith("implausible level")


@pytest.mark.parametrize(("rate", "sr"), [(16000, 16000), (44100, 16000), (8000, 22050)])
@pytest.mark.parametrize("more", [-3, 0, 3])
def test_a_resampled_signal_has_the_length_that_is_asked_for(rate, sr, more):
    y = sine(rate).astype(np.float32)
    plain = y if rate == sr else soxr.resample(y, rate, sr, quality="HQ")
    samples = len(plain) + more
    exact = resampled(y, rate, sr, samples)
    assert (exact.dtype, exact.shape) == (np.float32, (samples,))
    np.testing.assert_array_equal(exact[: len(plain)], plain[:samples])
    assert not exact[len(plain) :].any()


@pytest.mark.parametrize("rest", [0.0, 0.005])
def test_channels_that_cancel_each_other_are_refused(path, rest):
    left = sine()
    write(path, np.stack([left, -left * (1 - rest)], axis=1), subtype="FLOAT")
    assert "channels cancel each other: their mean is" in refusal(path)


@pytest.mark.parametrize("other", [0.0, -0.5, -0.9])
def test_channels_that_leave_something_are_averaged(path, other):
    left = sine()
    y = read(write(path, np.stack([left, other * left], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(y, left * (1 + other) / 2, atol=1e-7)


def test_silent_channels_are_silence(path):
    assert not read(write(path, np.zeros((SAMPLES, 2)))).any()
    faint = np.full(SAMPLES, 5e-5)
    assert not read(write(path, np.stack([faint, -faint], axis=1), subtype="FLOAT")).any()
