"""The windows of some clips: each as often as it has variants, drawn by chance."""

import numpy as np
import pytest

from fusion.extraction.part import Part
from fusion.extraction.store import Rows

CLIPS = np.array([0, 0, 1, 2])
LABELS = np.eye(3, dtype=bool)[CLIPS]


@pytest.fixture
def part(tmp_path):
    """Four windows of three clips, each there three times; a row's value is its number, variants have all labels."""
    np.save(tmp_path / "x.npy", np.arange(12, dtype=np.float32)[:, np.newaxis])
    rows = Rows((tmp_path / "x.npy",), np.column_stack([np.zeros(12), np.arange(12)]).astype(np.int32), (1,))
    return Part({"x": rows}, np.concatenate([LABELS, np.ones((8, 3), dtype=bool)]), CLIPS)


def test_windows_and_variants_are_counted_and_each_clip_has_its_labels(part):
    assert (len(part), part.variants) == (4, 3)
    assert part.truth.tolist() == np.eye(3).tolist()


def test_without_chance_the_windows_themselves_are_taken(part):
    assert part.variants_of(np.array([3, 1]), None).tolist() == [3, 1]
    assert part.values(np.array([3, 1]))["x"].tolist() == [[3], [1]]


def test_by_chance_each_variant_of_a_window_is_as_likely(part):
    rows = part.variants_of(np.tile([0, 3], 3000), np.random.default_rng(0))
    numbers = rows.reshape(-1, 2)
    for column, window in enumerate((0, 3)):
        drawn, counts = np.unique(numbers[:, column], return_counts=True)
        assert drawn.tolist() == [window, window + 4, window + 8]
        assert counts == pytest.approx([1000] * 3, abs=100)
    assert part.values(rows)["x"].ravel().tolist() == rows.tolist()
    again = np.tile([0, 3], 3000) + 4 * np.random.default_rng(0).integers(3, size=6000)
    assert rows.tolist() == again.tolist()  # results of a seed are made of these


@pytest.mark.parametrize("variants", [1, 2])
def test_of_two_variants_each_is_drawn_and_of_one_there_is_nothing_to_draw(part, variants):
    few = Part({"x": part.rows["x"].part(np.arange(4 * variants))}, part.targets[: 4 * variants], CLIPS)
    random = np.random.default_rng(0)
    before = random.bit_generator.state
    assert set(few.variants_of(np.zeros(100, dtype=np.int64), random)) == {0, 4} - ({4} if variants == 1 else set())
    assert (random.bit_generator.state == before) == (variants == 1)  # which batch comes next, is as it would be


def test_some_clips_are_numbered_anew_and_keep_all_their_windows(part):
    some = part.only(np.array([True, False, True]))
    assert (len(some), some.variants, some.clips.tolist()) == (3, 3, [0, 0, 1])
    assert some.rows["x"].take().ravel().tolist() == [0, 1, 3, 4, 5, 7, 8, 9, 11]
    assert some.targets[:3].tolist() == LABELS[[0, 1, 3]].tolist()
    assert part.only(np.array([False, True, True])).clips.tolist() == [0, 1]
