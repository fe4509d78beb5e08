"""Clips that sound the same are counted by where they are: in splits or folds, within a group of the test or not."""

import numpy as np
import pandas as pd
import pytest

from fusion.datasets.duplicates import find_duplicates


def clips(*rows):
    """Return a table of clips given as content, labels, group and split."""
    table = pd.DataFrame([row.split() for row in rows], columns=["content", "labels", "group", "split"])
    return table.assign(start=0.0, duration=np.nan)


def counts(found):
    return {name: getattr(found, name) for name in ("pairs", "conflicting", "across", "repeats", "contradictions")}


def test_identical_bytes_are_pairs_and_not_copies_at_two_levels():
    table = clips("x a g train", "x a g test", "x b g train", "y a g train")
    found = find_duplicates(table)
    assert (found.pairs, found.conflicting, found.across) == (3, 2, 2)
    found = found.with_level_copies(table, np.array([[0, 1], [1, 3]]))
    assert found.counts() == {"pairs": 3, "conflicting": 2, "velocity_twins": 1, "repeats": 0}
    assert any("1 of 1 velocity twins" in text for text in found.warnings())


def test_pairs_are_across_where_one_of_them_is_a_test_clip_whatever_their_groups():
    table = clips("x a g train", "x a h train", "x a g test", "y a g train", "y a g validation")
    expected = {"pairs": 4, "conflicting": 0, "across": 2, "repeats": 0, "contradictions": 0}
    assert counts(find_duplicates(table)) == expected


@pytest.mark.parametrize(("folds", "across"), [([0, 0, 0], 0), ([0, 1, 1], 2), ([0, 1, 2], 3)])
@pytest.mark.parametrize("groups", ["ggg", "ghi"])
def test_pairs_are_across_where_their_folds_differ_whatever_their_groups(folds, across, groups):
    table = clips(*(f"x a {group} train" for group in groups))
    found = find_duplicates(table, np.array(folds))
    assert (found.pairs, found.across) == (3, across)
    assert (f"{across} in different folds" in found.warnings()[0]) is True


def test_test_clips_of_one_group_repeat_and_those_of_two_are_pairs():
    table = clips("x a g test", "x b g test", "x a h test", "x a g train")
    expected = {"pairs": 5, "conflicting": 2, "across": 3, "repeats": 1, "contradictions": 1}
    assert counts(find_duplicates(table)) == expected


def test_files_that_are_not_there_are_no_duplicates():
    table = clips("x a g train", "y a g test").assign(content="")
    assert find_duplicates(table).pairs == 0


@pytest.mark.parametrize(("splits", "across"), [(("train", "test"), 1), (("train", "validation"), 0)])
def test_copies_at_another_level_are_across_where_one_of_them_is_a_test_clip(splits, across):
    table = clips(*(f"{content} a g {split}" for content, split in zip("xy", splits, strict=True)))
    found = find_duplicates(table).with_level_copies(table, np.array([[0, 1]]))
    assert (found.level_copies, found.level_copies_across) == (1, across)
    assert bool(found.warnings()) is bool(across)


def test_without_folds_pairs_are_across_splits():
    found = find_duplicates(clips("x a g train", "x b h test"))
    assert found.warnings() == [
        "duplicates: 1 pairs of byte-identical clips, 1 of them with different labels, 1 between test and the other "
        "splits"
    ]
    assert (found.by_folds, found.level_copies, found.level_copies_across) == (False, None, 0)


def test_files_that_are_not_there_are_no_duplicates_and_other_parts_of_one_file_are_none():
    table = clips("x a g train", "x a h train", "x a k train").assign(content=["", "", "x"])
    assert find_duplicates(table).pairs == 0
    table = clips("x a g train", "x a h train", "x a k test").assign(start=[0.0, 1.0, 1.0])
    assert (find_duplicates(table).pairs, find_duplicates(table).across) == (1, 1)


def test_copies_at_another_level_are_of_one_group_and_of_other_bytes():
    table = clips("x a g train", "y a g train", "y a h test", "z a h test", "u a h train")
    pairs = np.array([[0, 1], [1, 2], [0, 2], [3, 2], [3, 4]])
    found = find_duplicates(table).with_level_copies(table, pairs)
    assert (found.level_copies, found.level_copies_across) == (3, 1)
    assert (found.pairs, found.across) == (1, 1)
