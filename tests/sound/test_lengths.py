"""What a file says about its length is believed only where it can be."""

import io

import numpy as np
import pytest
import soundfile

from fusion.audit.soundness import examine_file
from fusion.sound.mpeg import mp3_samples
from fusion.sound.reading import DamagedError, audio_size, read_audio

SR = 22050


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * SR)).astype(np.float32)


@pytest.fixture
def flac(tmp_path):
    """A FLAC file whose header says that it does not know how long it is, as recorders and pipes write it."""
    path = tmp_path / "unknown.flac"
    soundfile.write(path, noise(3.3), SR, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0  # 36 bits of STREAMINFO
    data[22:26] = bytes(4)
    path.write_bytes(data)
    assert soundfile.info(path).frames > 2**60
    return path


def test_an_unknown_length_is_counted(flac):
    assert audio_size(flac) == (round(3.3 * SR) - 1, SR)


@pytest.mark.parametrize(("start", "seconds"), [(0.0, 3.3), (1.1, 2.2), (0.5, 1.0)])
def test_any_part_of_such_a_file_is_read(flac, start, seconds):
    part = noise(3.3)[round(start * SR) :][: round(seconds * SR)]
    assert np.abs(read_audio(flac, SR, start, seconds) - part)[:-1].max() < 2**-15


def test_such_a_file_that_is_too_short_is_told_to_be(flac):
    with pytest.raises(DamagedError, match=r"too short: 0\.300 s instead of 1 s"):
        read_audio(flac, SR, 3.0, 1.0)


def test_such_a_file_is_sound_to_an_audit(flac):
    found = examine_file(flac)
    assert (found.seconds, found.truncated) == (pytest.approx(3.3, abs=1e-4), False)


def test_a_length_that_no_file_of_this_size_has_is_not_believed(flac):
    data = bytearray(flac.read_bytes())
    data[21] |= 0x0F
    flac.write_bytes(data)
    assert audio_size(flac) == (round(3.3 * SR) - 1, SR)


def test_a_long_silence_in_few_bytes_is_as_long_as_it_says(tmp_path):
    path = tmp_path / "silence.flac"
    soundfile.write(path, np.zeros(60 * SR), SR)
    assert audio_size(path) == (60 * SR, SR)


def mp3(seconds: float, level: float, mode: str) -> bytes:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", SR, 1, format="MP3", bitrate_mode=mode, compression_level=level) as sound:
        sound.write(noise(seconds))
    return file.getvalue()


def without_header(data: bytes) -> bytes:
    """Drop the first frame, which only tells about the file."""
    first = max(data[:500].find(name) for name in (b"Xing", b"Info"))
    assert first > 0
    return data[data.index(data[:2], first) :]


def test_a_length_that_an_mp3_tells_is_believed(tmp_path):
    for mode in ("CONSTANT", "VARIABLE"):
        path = tmp_path / f"{mode}.mp3"
        path.write_bytes(mp3(5, 0.5, mode))
        samples, sr = audio_size(path)
        assert sr == SR
        assert 5 * SR <= samples <= 5.2 * SR
        assert samples <= mp3_samples(path) <= samples + 4 * 576


def test_a_length_that_is_guessed_right_is_believed(tmp_path):
    path = tmp_path / "constant.mp3"
    path.write_bytes(without_header(mp3(5, 0.5, "CONSTANT")))
    assert 4.9 * SR <= audio_size(path)[0] <= 5.2 * SR


@pytest.mark.parametrize("level", [0.0, 0.3, 0.5, 0.7])
def test_the_last_window_of_an_mp3_without_a_header_is_there(tmp_path, level):
    path = tmp_path / "constant.mp3"
    path.write_bytes(without_header(mp3(12, level, "CONSTANT")))
    with soundfile.SoundFile(path) as sound:
        decoded = len(sound.read())
    samples, _ = audio_size(path)
    assert decoded - 1152 <= samples <= decoded
    assert len(read_audio(path, SR, samples / SR - 3, 3.0)) == 3 * SR
    assert not examine_file(path).truncated


@pytest.mark.parametrize("level", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_a_window_inside_an_mp3_is_what_the_whole_file_has_there(tmp_path, mode, level):
    path = tmp_path / "x.mp3"
    path.write_bytes(mp3(6, level, mode))
    whole, _ = soundfile.read(path, dtype="float32")
    for start in np.random.default_rng(0).uniform(0.1, 4.5, 20):
        first = round(start * SR)
        assert np.abs(read_audio(path, SR, start, 1.0) - whole[first : first + SR]).max() < 1e-4


def test_bytes_of_tags_are_no_frames(tmp_path):
    path, sound = tmp_path / "x.mp3", mp3(5, 0.5, "CONSTANT")
    path.write_bytes(sound)
    frames = mp3_samples(path)
    noisy = np.random.default_rng(0).integers(0, 256, 400_000, dtype=np.uint8).tobytes()
    tag = b"ID3\x04\x00\x00" + bytes(400_000 >> shift & 0x7F for shift in (21, 14, 7, 0)) + noisy
    path.write_bytes(tag + tag + sound + b"APETAGEX" + noisy)
    assert frames <= mp3_samples(path) <= frames + 10 * 576
    assert audio_size(path)[0] <= 5.3 * SR


def test_a_length_that_is_guessed_wrong_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "variable.mp3"
    loud, soft = (without_header(mp3(seconds, level, "CONSTANT")) for seconds, level in ((1, 0.0), (8, 0.7)))
    path.write_bytes(loud + soft)
    with pytest.raises(DamagedError, match=r"variable bit rate .* s of 9\.\d s would be heard; .*ffmpeg"):
        audio_size(path)


def test_what_is_no_mp3_has_no_frame(tmp_path):
    path = tmp_path / "x.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 100)
    assert mp3_samples(path) == 0
    path.write_bytes(b"\xff")
    assert mp3_samples(path) == 0
