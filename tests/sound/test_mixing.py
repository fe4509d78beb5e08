import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.datasets.irmas import IRMAS
from fusion.extraction.window import Window
from fusion.extraction.windows import cut_windows
from fusion.sound.mixing import MOST, SOFTEST, VERSION, choose_partners, how_many, mix
from tests.support.irmas import sound, write


def level(y):
    return 10 * np.log10(np.mean(np.square(y, dtype=np.float64)))


@pytest.mark.parametrize("gain", [0.0, -3.0, SOFTEST])
def test_a_mixture_has_the_level_of_its_first_and_partners_as_asked(gain):
    random = np.random.default_rng(0)
    loud, soft = (scale * random.normal(size=44100).astype(np.float32) for scale in (0.3, 0.001))
    both = mix([loud, soft], [0.0, gain])
    assert level(both) == pytest.approx(level(loud), abs=0.1)
    share = np.dot(both, soft) / np.dot(soft, soft)
    of_first = np.dot(both, loud) / np.dot(loud, loud)
    assert level(share * soft) - level(of_first * loud) == pytest.approx(gain, abs=0.2)


def test_silence_is_mixed_without_harm():
    y = sound("gac", 1)
    assert np.isfinite(mix([y, np.zeros_like(y)], [0.0, -3.0])).all()
    assert not mix([np.zeros_like(y), y], [0.0, 0.0]).any()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20), st.integers(1, 3))
def test_partners_have_other_labels_other_groups_and_the_same_pool(seed, pools):
    random = np.random.default_rng(seed)
    labels, groups = random.integers(0, 4, 60), random.integers(0, 20, 60)
    apart = groups % pools
    wanted = how_many(60, random, alone=bool(seed % 2))
    targets = np.eye(4, dtype=bool)[labels]
    found = choose_partners(targets, groups, apart, wanted, np.random.default_rng(seed))
    for clip, (partners, gains) in enumerate(found):
        assert len(partners) <= wanted[clip]
        assert len({labels[clip], *labels[partners]}) == 1 + len(partners)
        assert all(groups[partner] != groups[clip] and apart[partner] == apart[clip] for partner in partners)
        assert all(SOFTEST <= gain <= 0 for gain in gains)
    assert found == choose_partners(targets, groups, apart, wanted, np.random.default_rng(seed))


def test_instruments_are_heard_in_falling_numbers():
    alone = np.bincount(how_many(6000, np.random.default_rng(0), alone=True), minlength=3) / 6000
    assert np.allclose(alone, [1 / 2, 1 / 3, 1 / 6], atol=0.03)
    assert set(how_many(100, np.random.default_rng(0), alone=False)) == {1, 2}


def test_version_1_makes_these_choices():
    assert VERSION == 1  # whoever changes them raises it: it is part of a result's identity
    random = np.random.default_rng(1)
    targets, groups = np.eye(4, dtype=bool)[np.arange(12) % 4], np.arange(12)
    wanted = how_many(12, random, alone=True)
    assert wanted.tolist() == [1, 2, 0, 2, 0, 0, 1, 0, 1, 0, 1, 1]
    chosen = choose_partners(targets, groups, groups % 2, wanted, random)
    assert [partners for partners, _ in chosen] == [[10], [3], [], [1], [], [], [4], [], [10], [], [0], [1]]
    gains = [-1.26943, -4.18083, -5.19575, -3.58132, -4.42612, -1.49781, -3.08886]
    assert [gain for _, gains in chosen for gain in gains] == pytest.approx(gains, abs=1e-5)


def test_a_mixture_is_stored_under_a_key_of_its_own(tmp_path):
    one, other = (Window(str(n), f"{n:032x}", tmp_path / "x.wav", 0.0, 3.0) for n in (1, 2))
    keys = {
        one.key,
        other.key,
        one.mixed([(other, -1.0)]).key,
        one.mixed([(other, -2.0)]).key,
        other.mixed([(one, -1.0)]).key,
    }
    assert len(keys) == 5
    assert one.mixed([]) is one


def test_a_mixture_is_read_as_the_sum_of_its_sounds(tmp_path):
    sounds = [sound("gac", 1), sound("voi", 2)]
    windows = []
    for number, y in enumerate(sounds):
        write(tmp_path / f"{number}.wav", y)
        windows.append(Window(str(number), f"{number:032x}", tmp_path / f"{number}.wav", 0.0, 3.0))
    both = windows[0].mixed([(windows[1], -4.0)]).read(22050)
    assert np.allclose(both, mix([window.read(22050) for window in windows], [0.0, -4.0]))


@pytest.mark.parametrize(
    ("seconds", "starts"),
    [(3.0, [0]), (5.0, [0, 1.5, 2]), (6.0, [0, 1.5, 3]), (2.995, [0]), (60.0, [1.5 * step for step in range(39)])],
)
def test_a_clip_is_cut_into_windows_and_ends_with_one(tmp_path, seconds, starts):
    write(tmp_path / "x.wav", sound("gac", 1, seconds))
    table = pd.DataFrame([{"id": "x", "path": tmp_path / "x.wav", "start": 0.0, "duration": np.nan, "content": "00"}])
    windows = cut_windows(table, IRMAS())
    assert [window.start for window in windows.windows] == pytest.approx(starts, abs=1e-3)
    assert set(windows.clips) == {0}
    assert len({window.key for window in windows.windows}) == len(starts)


def test_a_clip_shorter_than_a_window_is_damaged(tmp_path):
    write(tmp_path / "x.wav", sound("gac", 1, 0.2))
    table = pd.DataFrame([{"id": "x", "path": tmp_path / "x.wav", "start": 0.0, "duration": np.nan, "content": "00"}])
    assert cut_windows(table, IRMAS()).damaged["x"] == "too short: 0.200 s, a window has 3 s (dataset.window)"


def test_a_clip_that_begins_after_its_file_has_ended_is_damaged(tmp_path):
    write(tmp_path / "x.wav", sound("gac", 1, 6.0))
    table = pd.DataFrame([{"id": "x", "path": tmp_path / "x.wav", "start": 7.0, "duration": np.nan, "content": "00"}])
    assert cut_windows(table, IRMAS()).damaged["x"] == "begins at 7 s, where its file of 6.000 s has ended"


def test_a_mixture_by_hand():
    turns = 2 * np.pi * np.arange(1000) / 100
    one, other = np.float32(0.2) * np.sin(turns).astype(np.float32), np.float32(0.05) * np.cos(turns).astype(np.float32)
    both = mix([one, other, other[::-1].copy()], [0.0, -6.0, -3.0])
    shares = 10 ** (np.array([-6.0, -3.0]) / 20)
    expected = one + 4 * (shares[0] * other + shares[1] * other[::-1])
    np.testing.assert_allclose(both, expected / np.sqrt(1 + (shares**2).sum()), atol=1e-7)


def test_each_sound_has_a_gain():
    y = np.ones(9, np.float32)
    with pytest.raises(ValueError, match="shorter"):
        mix([y, y], [0.0])


def test_a_sound_softer_than_a_millionth_is_not_made_louder_than_one():
    y = np.resize(np.float32([0.1, -0.1]), 1000)
    faint = np.float32(1e-6) * y  # a tenth of a millionth
    np.testing.assert_allclose(mix([y, faint], [0.0, 0.0]), 1.1 * y / np.sqrt(2), rtol=1e-5)


def test_a_partner_is_at_most_6_decibels_softer_and_there_are_two_at_most():
    assert (SOFTEST, MOST) == (-6.0, 2)
    gains = [
        gain
        for _, gains in choose_partners(
            np.eye(2, dtype=bool)[np.arange(2000) % 2],
            np.arange(2000),
            np.zeros(2000, int),
            np.ones(2000, int),
            np.random.default_rng(0),
        )
        for gain in gains
    ]
    assert (min(gains), max(gains)) == (pytest.approx(-6, abs=0.02), pytest.approx(0, abs=0.02))
    for alone in (True, False):
        assert how_many(1000, np.random.default_rng(0), alone).max() == MOST
    assert np.bincount(how_many(6000, np.random.default_rng(0), alone=False)) / 6000 == pytest.approx(
        [0, 2 / 3, 1 / 3], abs=0.03
    )
