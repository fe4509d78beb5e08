"""Folds and subsets of training clips: groups stay together, classes are spread."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fusion.datasets.groups import assign_folds, components, divided, fewest_groups, first_groups, hold_out, numbered
from fusion.errors import FusionError

MANY = settings(max_examples=80, deadline=None)
SEEDS = st.integers(0, 2**31 - 1)

pytestmark = [
    pytest.mark.filterwarnings("ignore:The least populated class:UserWarning"),
    pytest.mark.filterwarnings("ignore:The groups parameter is ignored:UserWarning"),
]


@st.composite
def clips(draw):
    """Return labels and groups, each group of one class, in any order."""
    classes = draw(st.lists(st.integers(0, 4), min_size=2, max_size=12))  # of each group
    sizes = draw(st.lists(st.integers(1, 9), min_size=len(classes), max_size=len(classes)))
    groups = np.array(draw(st.permutations(np.repeat(np.arange(len(classes)), sizes).tolist())))
    return np.array(classes)[groups], groups


def movable(labels, groups):
    """Return which clips' class has more than one group."""
    return np.array([len(set(groups[labels == label])) > 1 for label in labels])


@MANY
@given(clips(), st.integers(2, 5), SEEDS)
def test_groups_stay_together_and_every_clip_that_can_be_held_out_is_once(data, folds, seed):
    labels, groups = data
    moves = movable(labels, groups)
    assume(folds <= len(set(groups[moves])) and folds <= np.bincount(labels[moves]).max())
    found = assign_folds(labels, groups, folds, seed)
    assert found.shape == labels.shape
    assert found.dtype == np.int64
    assert all(len(set(found[groups == group])) == 1 for group in groups)
    np.testing.assert_array_equal(found == -1, ~moves)
    assert set(found[moves]) == set(range(folds))  # no fold is empty
    np.testing.assert_array_equal(found, assign_folds(labels, groups, folds, seed))


@MANY
@given(st.lists(st.integers(2, 30), min_size=1, max_size=4), st.integers(2, 6), SEEDS)
def test_without_groups_every_fold_has_an_equal_share_of_every_class(sizes, folds, seed):
    assume(folds <= max(sizes))
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    found = assign_folds(labels, None, folds, seed)
    for label in range(len(sizes)):
        shares = np.bincount(found[labels == label], minlength=folds)
        assert np.ptp(shares) <= 1
    assert np.ptp(np.bincount(found, minlength=folds)) <= 1


@pytest.mark.parametrize("groups", [None, np.arange(90) // 3])
def test_another_seed_gives_other_folds(groups):
    labels = np.arange(90) // 30
    one, again, other = (assign_folds(labels, groups, 3, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_groups_of_one_size_are_dealt_out_evenly_within_each_class():
    labels, groups = np.arange(120) // 40, np.arange(120) // 5  # eight groups of five clips a class
    found = assign_folds(labels, groups, 4, 1)
    assert [np.bincount(found[labels == label]).tolist() for label in range(3)] == [[10] * 4] * 3


def test_a_class_of_one_group_stays_in_training():
    labels, groups = np.array([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2, 3])
    found = assign_folds(labels, groups, 2, 1)
    assert found[4:].tolist() == [-1, -1, -1]
    assert sorted({found[0], found[2]}) == [0, 1]


def test_a_class_of_one_clip_stays_in_training():
    assert assign_folds(np.array([0, 1, 1, 1, 1]), None, 2, 1)[0] == -1


def test_labels_need_not_be_without_gaps():
    found = assign_folds(np.array([5, 5, 5, 5, 2, 2]), None, 2, 1)
    assert np.bincount(found).tolist() == [3, 3]


@pytest.mark.parametrize(
    ("labels", "groups", "folds", "available", "most"),
    [
        ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2, 3, 3], 5, 4, 4),
        ([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2, 2, 2], 3, 2, 4),  # class 1 has one group
        ([0, 0, 1, 1, 2], None, 6, 4, 2),
        ([0, 0, 1, 1], None, 3, 4, 2),  # enough groups, but of two clips none can be in three folds
        ([0, 0, 1, 1], [0, 0, 1, 1], 2, 0, 0),
    ],
)
def test_more_folds_than_groups_are_refused_with_the_numbers(labels, groups, folds, available, most):
    message = f"search.folds: {folds} folds, but there are {available} groups .* no class has more than {most} clips"
    with pytest.raises(FusionError, match=message):
        assign_folds(np.array(labels), None if groups is None else np.array(groups), folds, 1)


@MANY
@given(st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=3), max_size=12))
def test_sets_with_a_common_member_are_one_component(sets):
    reach = [set(members) for members in sets]  # grown until nothing changes
    for _ in sets:
        reach = [set().union(mine, *(other for other in reach if mine & other)) for mine in reach]
    numbers = components(sets)
    assert len(numbers) == len(sets)
    for one, mine in enumerate(reach):
        for other, yours in enumerate(reach):
            assert (numbers[one] == numbers[other]) == (one == other or bool(mine & yours))
    assert list(dict.fromkeys(numbers)) == list(range(len(set(numbers))))  # in the order that they come in


# Subsets of training groups


def table(labels, groups):
    return pd.DataFrame({"group": [f"g{group}" for group in groups], "labels": [f"c{label}" for label in labels]})


@MANY
@given(clips(), SEEDS)
def test_fewer_groups_are_among_more_and_every_class_has_its_share(data, seed):
    labels, groups = data
    rows = table(labels, groups)
    of_class = rows.drop_duplicates("group").set_index("group")["labels"]
    sizes = of_class.value_counts()
    before = set()
    for count in range(rows["labels"].nunique(), len(of_class) + 1):
        chosen = first_groups(rows, count, seed)
        assert len(chosen) == len(set(chosen)) == count
        assert before <= set(chosen)
        before = set(chosen)
        found = of_class[chosen].value_counts()
        assert set(found.index) == set(sizes.index)
        more = found[found > 1].index  # beyond one group of each class, no share is a group ahead of another
        for one in more:
            for other in sizes.index:
                if found[other] < sizes[other]:
                    assert (found[one] - 0.5) / sizes[one] <= (found[other] + 0.5) / sizes[other]
    assert before == set(of_class.index)


@MANY
@given(clips(), SEEDS)
def test_which_groups_does_not_depend_on_the_order_of_clips_but_on_the_seed_alone(data, seed):
    rows = table(*data)
    count = rows["labels"].nunique()
    assert first_groups(rows, count, seed) == first_groups(rows[::-1], count, seed)


def test_another_seed_chooses_other_groups():
    rows = table(np.repeat([0, 1], 50), np.arange(100))
    assert len({tuple(sorted(first_groups(rows, 10, seed))) for seed in range(20)}) == 20


def test_a_group_counts_for_the_class_that_most_of_its_clips_are_of():
    rows = table([0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 2, 3])
    assert "g1" in first_groups(rows, 2, 1)


def test_groups_of_several_classes_may_be_fewer_than_classes():
    one = table([0, 1, 2] * 4, np.repeat(range(4), 3))
    assert fewest_groups(one, 1) == 1
    assert len(first_groups(one, 1, 1)) == 1
    each = table(np.repeat([0, 1, 2], 4), np.arange(12))
    assert fewest_groups(each, 1) == 3


def test_too_few_groups_for_all_classes_are_named():
    rows = table([0, 1, 2], [0, 1, 2])
    with pytest.raises(FusionError, match=r"train_groups: 2 of 3 training groups have no clip of c\d; take at least 3"):
        first_groups(rows, 2, 1)


# What validates


def of_sizes(*sizes, label="c0", first=0):
    """Return clips of one class, in groups of these sizes."""
    groups = np.repeat(np.arange(first, first + len(sizes)), sizes)
    rows = pd.DataFrame({"group": [f"g{group}" for group in groups], "labels": label})
    return rows.assign(id=[f"{label}-{number}" for number in range(len(rows))])


def held(rows, **options):
    """Return the numbers of clips in the groups that are held out, sorted."""
    return sorted(rows["group"].value_counts()[hold_out(rows, **options)].tolist())


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ([1] * 20, [1, 1]),  # a tenth
        ([1] * 25, [1, 1]),  # three would be as far from 2.5 as two
        ([1] * 26, [1, 1, 1]),
        ([10, 3], [3]),  # both are farther from 1.3 than nothing is: the smallest, so that the class is there
        ([10], []),  # a class' only group trains
        ([30, 30, 6], [6]),
    ],
)
def test_groups_are_held_out_as_long_as_they_bring_a_tenth_nearer(sizes, found):
    assert held(of_sizes(*sizes)) == found


@pytest.mark.parametrize(
    ("sizes", "found"),
    [([20, 2, 2], [2]), ([10, 1, 1], [1]), ([1, 1, 1], [1]), ([5, 5], [5]), ([9], []), ([40, 1, 1, 1, 1], [1, 1, 1])],
)
@pytest.mark.parametrize("seed", range(5))
def test_two_groups_may_be_left_of_a_class_that_has_three(sizes, found, seed):
    rows = of_sizes(*sizes)
    assert held(rows, salt=f"test:{seed}", left=2, share=0.2) == found
    if len(sizes) > 2:
        rest = rows[~rows["group"].isin(hold_out(rows, salt=f"test:{seed}", left=2, share=0.2))]
        assert hold_out(rest)


def test_each_class_has_its_share_of_what_is_held_out():
    rows = pd.concat([of_sizes(*[1] * 20), of_sizes(*[2] * 15, label="c1", first=20)], ignore_index=True)
    assert held(rows) == [1, 1, 2]  # 2 of 20, and of 30 two, since four are as far from three
    assert held(rows, share=0.5) == [1] * 10 + [2] * 7
    assert len(hold_out(rows, unit="id")) == 2 + 3


def test_another_salt_holds_out_other_groups_and_the_same_one_the_same():
    rows = of_sizes(*[1] * 100)
    found = {tuple(hold_out(rows, salt=salt)) for salt in ("validation", "test:1", "test:2", "validation")}
    assert len(found) == 3
    assert tuple(hold_out(rows)) in found


def test_what_is_held_out_stays_the_same_in_every_later_version():
    assert hold_out(of_sizes(*[1] * 30)) == ["g10", "g0", "g14"]


def test_repeats_are_other_divisions_and_a_class_of_one_group_is_refused():
    rows = pd.concat([of_sizes(*[2] * 6), of_sizes(*[2] * 6, label="c1", first=6)], ignore_index=True)
    found = divided(rows, 3, 4, True, "dataset.classes")
    assert found.shape == (4, 24)
    assert len({tuple(folds) for folds in found}) == 4
    assert all(set(folds) == {0, 1, 2} for folds in found)
    np.testing.assert_array_equal(found[1], assign_folds(np.repeat([0, 1], 12), numbered(rows["group"]), 3, seed=2))
    alone = pd.concat([rows, of_sizes(3, label="c2", first=12)], ignore_index=True)
    for repeats in (1, 2):
        with pytest.raises(FusionError, match=r"^dataset\.classes: c2 cannot be both trained on and tested"):
            divided(alone, 3, repeats, True, "dataset.classes")


def test_a_group_that_is_a_class_only_one_stays_whole_in_training():
    labels, groups = np.array([0, 1, 1, 1, 2, 2]), np.array([0, 0, 1, 2, 1, 2])  # group 0 has class 0, and class 1, too
    fold_of = assign_folds(labels, groups, 2, 0)
    assert fold_of[:2].tolist() == [-1, -1]
    assert sorted(fold_of[2:4]) == [0, 1]
    assert fold_of[4:].tolist() == fold_of[2:4].tolist()


@MANY
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2, max_size=40), st.text(max_size=3))
def test_of_groups_over_several_classes_every_class_keeps_one(pairs, salt):
    table = pd.DataFrame(pairs, columns=["labels", "group"]).astype(str)
    held = hold_out(table, salt=salt, share=0.3)
    assert len(held) == len(set(held))
    rest = table[~table["group"].isin(held)]
    assert set(rest["labels"]) == set(table["labels"])


def test_a_players_only_viola_is_not_held_out_for_the_violins():
    rows = [("violin", player) for player in ("anna", "ben", "cleo") for _ in range(4)] + [("viola", "anna")] * 4
    for salt in "abcdefgh":
        assert "anna" not in hold_out(pd.DataFrame(rows, columns=["labels", "group"]), salt=salt)


def test_classes_with_one_group_cannot_be_divided_and_are_named():
    table = pd.DataFrame([("a", "x"), ("b", "x"), ("b", "y"), ("c", "y"), ("c", "z")], columns=["labels", "group"])
    twice = pd.concat([table] * 2)
    with pytest.raises(FusionError, match="a cannot be both trained on and tested, with one group"):
        divided(twice, 2, 1, True, "dataset.classes")
