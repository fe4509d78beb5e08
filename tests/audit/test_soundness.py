"""What is told of a sound file as it lies there, against files made to be so."""

import sqlite3

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.audit import soundness
from fusion.audit.soundness import clipped_runs, examine_file, examine_files
from fusion.errors import FusionError

SR = 16000


def sine(frequency=440.0, level=0.5, seconds=1.0, sr=SR):
    return (level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * sr)) / sr)).astype(np.float32)


def test_figures_of_a_sine(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([sine(), sine()], axis=1), SR)
    found = examine_file(path)
    assert (found.rate, found.channels, found.seconds) == (SR, 2, 1.0)
    assert found.peak == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert found.rms == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.01)
    assert (found.silent, found.clips, found.truncated) == (False, False, False)


def test_samples_far_over_full_scale_are_named(tmp_path):
    path = tmp_path / "a.wav"
    for level, over in ((1.5, False), (2.5, True), (32767.0, True)):
        soundfile.write(path, sine(level=level), SR, subtype="FLOAT")
        assert examine_file(path).over_full_scale is over


@pytest.mark.parametrize(
    ("other", "cancels"), [(1.0, False), (0.0, False), (-0.5, False), (-0.9, True), (-0.999, True), (-1.0, True)]
)
def test_channels_that_cancel_are_named(tmp_path, other, cancels):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([sine(), other * sine()], axis=1), SR)
    assert examine_file(path).cancels is cancels


def test_channels_with_nothing_in_common_do_not_cancel(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (SR, 2)), SR)
    found = examine_file(path)
    assert found.rms - found.mono == pytest.approx(3, abs=0.2)
    assert not found.cancels


@pytest.mark.parametrize(("offset", "named"), [(0.0, False), (0.05, False), (-0.2, True)])
def test_a_wave_on_one_side_is_named(tmp_path, offset, named):
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(level=0.3) + offset, SR)
    assert examine_file(path).off_centre is named


@pytest.mark.parametrize(("level", "silent"), [(0.0, True), (0.0009, True), (0.0011, False)])
def test_silence_is_below_a_thousandth(tmp_path, level, silent):
    path = tmp_path / "a.flac"
    soundfile.write(path, sine(level=level), SR, subtype="PCM_24")
    assert examine_file(path).silent is silent


@pytest.mark.parametrize("exponent", [0, 0.5])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_noise_is_told_from_a_tone_in_noise(tmp_path, rate, exponent):
    path = tmp_path / "a.wav"
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(0, 1, 3 * rate))
    noise = np.fft.irfft(spectrum / np.arange(1, len(spectrum) + 1) ** exponent)
    noise *= 0.05 / noise.std()
    soundfile.write(path, noise, rate)
    assert examine_file(path).noise
    soundfile.write(path, noise + sine(seconds=3.0, level=0.05, sr=rate), rate)
    assert not examine_file(path).noise


def test_of_a_short_sound_noise_cannot_be_told(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 4000), SR)
    assert not examine_file(tmp_path / "a.wav").noise


def test_a_length_that_the_file_does_not_tell_is_an_estimate(tmp_path):
    for name, mark in (("a", b"Info"), ("b", b"none")):
        path = tmp_path / f"{name}.mp3"
        soundfile.write(path, sine(seconds=3.0), SR, format="MP3")
        path.write_bytes(path.read_bytes().replace(b"Info", mark).replace(b"Xing", mark))
        assert examine_file(path).estimated is (mark == b"none")
    path = tmp_path / "a.mp3"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert (examine_file(path).truncated, examine_file(path).estimated) == (True, False)


@pytest.mark.parametrize("frequency", [60.0, 440.0, 1500.0])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_wave_cut_off_at_full_scale_is_clipped(tmp_path, frequency, suffix):
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, np.clip(sine(frequency, 2.0), -1, 1), SR)
    assert examine_file(path).clips


@pytest.mark.parametrize("frequency", [20.0, 40.0, 100.0, 440.0, 7000.0])
def test_a_wave_that_just_reaches_full_scale_is_not(tmp_path, frequency):
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(frequency, 1.0), SR)
    assert not examine_file(path).clips


def test_loud_noise_is_not_clipped_unless_it_is_cut(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.2, SR).astype(np.float32)
    assert clipped_runs(noise / np.abs(noise).max()) == 0
    low = np.convolve(noise, np.ones(32) / 32, "same").astype(np.float32)
    assert clipped_runs(np.clip(low / low.std(), -1, 1)) > 10


def test_clipped_places_are_counted_as_they_are():
    y = np.zeros(100, dtype=np.float32)
    y[10:13] = 1.0  # three in a row
    y[20:22] = -1.0  # only two
    y[30:40] = -1.0
    y[97:] = 1.0  # to the very end
    assert clipped_runs(y) == 3
    assert clipped_runs(-y) == 3
    assert clipped_runs(np.ones(50, dtype=np.float32)) == 0  # a constant is no cut-off wave
    assert clipped_runs(np.zeros(0, dtype=np.float32)) == 0


RAMP = np.linspace(0, 1, 2000, endpoint=False, dtype=np.float32)  # comes to full scale by half a thousandth a step
FLAT = np.ones(3, dtype=np.float32)
STEP = np.zeros(1, dtype=np.float32)


@pytest.mark.parametrize(
    ("parts", "runs"),
    [
        ([STEP, FLAT, STEP], 1),
        ([RAMP, FLAT, STEP], 1),  # left by a step
        ([STEP, FLAT, RAMP[::-1]], 1),  # entered by one
        ([RAMP, FLAT, RAMP[::-1]], 0),  # as loud as can be, but not cut off
        ([RAMP, FLAT], 0),  # ends there
        ([FLAT, RAMP[::-1]], 0),  # begins there
        ([STEP, FLAT[:2], STEP], 0),
        ([STEP, FLAT, -FLAT, STEP], 2),  # from one side to the other
        ([STEP, FLAT, STEP, FLAT, STEP], 2),
        ([STEP, FLAT * [1, 1 - 1 / 32768, 1], STEP], 1),  # a 16 bit step below is flat still
        ([STEP, FLAT * [1, 1, 1 - 3 / 32768], STEP], 0),
        ([STEP, FLAT * [1, 1.1, 1.2], STEP], 0),  # a float wave beyond full scale is not flat
    ],
)
def test_a_run_is_three_flat_samples_with_a_step_on_one_side(parts, runs):
    y = np.concatenate(parts).astype(np.float32)
    assert clipped_runs(y) == clipped_runs(-y) == clipped_runs(y[::-1]) == runs


@pytest.mark.parametrize(("runs", "clips"), [(2, False), (3, True)])
def test_a_file_is_clipped_from_three_places_on(tmp_path, runs, clips):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.concatenate([np.zeros(9), *[FLAT, STEP] * runs]), SR)
    assert examine_file(path).clipped == runs
    assert examine_file(path).clips is clips


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1.5, 1.5, width=32), max_size=300))
def test_any_sound_has_a_count(values):
    y = np.array(values, dtype=np.float32)
    assert 0 <= clipped_runs(y) <= len(y) / 3


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_file_that_lost_its_end(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * SR)
    soundfile.write(path, noise, SR)
    assert not examine_file(path).truncated
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    found = examine_file(path)
    assert found is None or found.truncated


def test_a_wave_file_of_unknown_length_is_whole(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(), SR)
    content = bytearray(path.read_bytes())
    for unknown in (b"\xff\xff\xff\xff", b"\x24\xf0\xff\x7f"):  # as FFmpeg and SoX write to a pipe
        content[4:8] = unknown
        path.write_bytes(content)
        assert not examine_file(path).truncated


def test_the_end_of_a_flac_file_that_is_long_enough_for_its_clip(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 12 * SR), SR)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    assert examine_file(path).truncated


def test_a_float_file_beyond_full_scale_is_loud_and_not_cut(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, sine(200, 1.2), SR, subtype="FLOAT")
    found = examine_file(path)
    assert not found.clips
    assert found.peak == pytest.approx(20 * np.log10(1.2), abs=0.01)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all", b"OggS" + bytes(50)])
def test_what_is_no_sound_has_no_figures(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    assert examine_file(path) is None
    assert examine_file(tmp_path / "missing.wav") is None
    assert examine_file(tmp_path) is None


def test_samples_that_are_no_numbers(tmp_path):
    path = tmp_path / "a.wav"
    y = sine()
    y[7] = np.nan
    soundfile.write(path, y, SR, subtype="FLOAT")
    assert examine_file(path) is None


def test_blocks_do_not_matter(tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.clip(sine(50, 3.0), -1, 1), SR)
    whole = examine_file(path)
    monkeypatch.setattr(soundness, "_BLOCK", 1000)
    parts = examine_file(path)
    assert (parts.peak, parts.seconds, parts.clips) == (whole.peak, whole.seconds, True)
    assert parts.rms == pytest.approx(whole.rms, abs=0.01)


def test_known_content_is_not_read_again(tmp_path):
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.wav")
        soundfile.write(paths[-1], sine(level=0.1 + number / 10), SR)
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"nothing")
    hashes = ["a", "b", "a", "d", ""]
    steps = []
    found = examine_files([*paths, bad, tmp_path / "no.wav"], hashes, tmp_path / "cache", 1, steps.append)
    assert found[0] == found[2]  # the same content
    assert found[3] is found[4] is None
    assert sum(steps) == 3
    for path in paths:
        path.unlink()
    assert examine_files([*paths, bad, tmp_path / "no.wav"], hashes, tmp_path / "cache") == found


def test_a_damaged_table_is_named(tmp_path):
    (tmp_path / "soundness.sqlite").write_bytes(b"not a table" * 100)
    with pytest.raises(FusionError, match=r"soundness\.sqlite.*delete this file"):
        examine_files([], [], tmp_path)
    (tmp_path / "soundness.sqlite").unlink()
    with sqlite3.connect(tmp_path / "soundness.sqlite") as database:
        database.execute("CREATE TABLE results (hash TEXT)")  # of some other program
    with pytest.raises(FusionError, match="delete this file"):
        examine_files([], [], tmp_path)
