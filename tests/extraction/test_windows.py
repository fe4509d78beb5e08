"""Clips cut into windows: nothing of a clip is lost, and every window is the sound that its name says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.datasets.irmas import IRMAS
from fusion.datasets.nsynth import NSynth
from fusion.extraction.windows import cut_windows, window_starts
from fusion.sound.reading import TOLERANCE, DamagedError, read_audio
from tests.support.irmas import sound, write


def clips(*paths, duration=np.nan, content="00"):
    """Return a table of files, each with a content hash of its own: the first has `content`."""
    return pd.DataFrame(
        {
            "id": [path.stem for path in paths],
            "path": list(paths),
            "start": 0.0,
            "duration": duration,
            "content": [f"{int(content, 16) + number:02x}" for number in range(len(paths))],
        }
    )


@settings(max_examples=300, deadline=None)
@given(st.floats(0.1, 400), st.floats(0.1, 10), st.floats(0.05, 1))
def test_windows_cover_a_clip_without_gaps(whole, window, share):
    hop = window * share
    if whole < window - TOLERANCE:
        with pytest.raises(DamagedError):
            window_starts(whole, window, hop)
        return
    starts = window_starts(whole, window, hop)
    steps = np.diff(starts)
    assert starts[0] == 0
    assert (steps > 0).all()
    assert (steps <= hop + 1e-4).all()
    assert abs(starts[-1] + window - max(whole, window)) <= TOLERANCE + 1e-5  # ends with the clip
    assert starts == sorted(set(starts))


@pytest.mark.parametrize(
    ("whole", "hop", "number", "last"),
    [
        (3.3, 0.01, 31, 0.3),  # 0.3 s are 30 hops, though 3.3 - 3 is a hair less
        (3.29, 0.01, 30, 0.29),
        (7.5, 1.5, 4, 4.5),
        (7.4925, 1.5, 4, 4.4925),  # 2.995 hops are not three: the last window ends with the clip, not beyond it
        (7.5075, 1.5, 4, 4.5),  # what is left over is less than a window may lack
        (7.52, 1.5, 5, 4.52),
    ],
)
def test_the_number_of_windows_is_rounded_down(whole, hop, number, last):
    starts = window_starts(whole, 3.0, hop)
    assert (len(starts), starts[-1]) == (number, pytest.approx(last, abs=1e-9))


@pytest.mark.parametrize(
    ("whole", "window", "hop", "starts"),
    [
        (3.0 - TOLERANCE, 3.0, 1.5, [0]),  # as much as may be lacking
        (2 * TOLERANCE, TOLERANCE, 0.05, [0]),  # as much as may be left over
        (2.0, 1.0, 1 / 3, [0, 0.333333, 0.666667, 1]),  # to a microsecond: they are in the store's keys
        (2.7654321, 1.0, 1.0, [0, 1, 1.765432]),
    ],
)
def test_starts_are_exactly_these(whole, window, hop, starts):
    assert window_starts(whole, window, hop) == starts


@pytest.mark.parametrize("rate", [22050, 44100])
def test_every_window_is_the_sound_at_its_place(tmp_path, rate):
    random = np.random.default_rng(0)
    y = random.uniform(-0.5, 0.5, round(7.3 * rate)).astype(np.float32)
    write(tmp_path / "x.wav", y, rate)
    windows = cut_windows(clips(tmp_path / "x.wav"), IRMAS(sr=rate))
    assert [window.id for window in windows.windows] == [f"x at {start} s" for start in ("0", "1.5", "3", "4.3")]
    for window in windows.windows:
        first = round(window.start * rate)
        assert np.allclose(window.read(rate), y[first : first + 3 * rate], atol=1e-4)


def test_windows_keep_the_order_of_clips_and_damaged_ones_have_none(tmp_path):
    for name, seconds in (("a", 5.0), ("b", 0.2), ("c", 3.0), ("d", 6.0)):
        write(tmp_path / f"{name}.wav", sound("gac", 1, seconds))
    (tmp_path / "e.wav").write_bytes(b"no sound")
    table = clips(*(tmp_path / f"{name}.wav" for name in "abcdef"))
    windows = cut_windows(table, IRMAS())
    assert windows.clips.tolist() == [0, 0, 0, 2, 3, 3, 3]
    assert windows.damaged.keys() == {"b", "e", "f"}
    assert "cannot be decoded (8 bytes" in windows.damaged["e"]
    assert windows.damaged["f"] == "missing"
    assert windows.windows[3].id == "c"  # one window bears the clip's own name


def test_five_minutes_are_windows_that_can_all_be_read(tmp_path):
    write(tmp_path / "long.wav", sound("voi", 1, 300.0), channels=1)
    windows = cut_windows(clips(tmp_path / "long.wav"), IRMAS())
    assert len(windows.windows) == 199
    assert {len(window.read(22050)) for window in windows.windows[::33]} == {66150}
    assert len(windows.windows[-1].read(22050)) == 66150


def test_a_clip_with_a_duration_is_one_window_whatever_the_file(tmp_path):
    write(tmp_path / "note.wav", sound("gac", 1, 6.0, 16000), 16000)
    windows = cut_windows(clips(tmp_path / "note.wav", duration=4.0), NSynth())
    assert [(window.start, window.duration) for window in windows.windows] == [(0.0, 4.0)]


def test_keys_tell_content_place_and_length_apart_and_names_do_not_matter(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.wav", sound("gac", 1, 6.0))

    def keys(name, content, **options):
        return [
            window.key
            for window in cut_windows(clips(tmp_path / f"{name}.wav", content=content), IRMAS(**options)).windows
        ]

    assert keys("a", "00") == keys("b", "00")
    assert len({*keys("a", "00"), *keys("a", "01"), *keys("a", "00", window=2.0)}) == 3 + 3 + 4
    assert set(keys("a", "00", hop=3.0)) <= set(keys("a", "00"))  # the same windows are extracted once


def test_a_clip_a_hair_too_short_is_filled_up(tmp_path):
    y = sound("gac", 1, 2.995)
    write(tmp_path / "x.wav", y)
    (window,) = cut_windows(clips(tmp_path / "x.wav"), IRMAS()).windows
    read = read_audio(window.path, 22050, window.start, window.duration)
    assert len(read) == 66150
    assert np.allclose(read[: len(y)], y, atol=1e-4)
    assert not read[len(y) :].any()


def test_windows_of_a_clip_that_begins_later_begin_there_and_end_with_its_file(tmp_path):
    write(tmp_path / "x.wav", sound("gac", 1, 5.5))
    windows = cut_windows(clips(tmp_path / "x.wav").assign(start=1.0), IRMAS())
    assert [window.start for window in windows.windows] == [1.0, 2.5]
