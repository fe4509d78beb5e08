"""The one method for intervals and tests: by hand, by its properties, and against closed forms."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fusion.evaluation import multi_label, single_label
from fusion.evaluation.estimate import (
    NO_VARIATION,
    ONE_GROUP,
    ONE_SEED,
    aligned,
    constant,
    linearise,
    of_arm,
    strata_of,
    weighted_sum,
)


def rates(sums):
    """Counts are (groups, seeds, 2): the share of hits, one a seed."""
    return sums[..., 0] / sums[..., 1]


def arm(counts, strata=None, metric=rates, seeded=True):
    strata = np.zeros(len(counts), dtype=np.int64) if strata is None else strata
    return of_arm(*linearise(metric, counts), strata, seeded)


@st.composite
def experiments(draw):
    """Counts of two arms on the same groups of three classes, and the groups' strata."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    groups, seeds = draw(st.integers(6, 25)), draw(st.integers(2, 4))
    sizes = random.integers(2, 40, (groups, 1))
    ease = random.uniform(0.2, 0.9, (groups, 1))
    arms = []
    for lift in (0.0, draw(st.floats(-0.3, 0.3))):
        hits = random.binomial(sizes, np.clip(ease + lift, 0, 1), (groups, seeds))
        arms.append(np.stack([hits, np.broadcast_to(sizes, hits.shape)], axis=-1))
    return (*arms, strata_of(groups, np.arange(groups) % 3))


# What each group contributes


def test_a_ratio_by_hand():
    counts = np.array([[[3, 4]], [[2, 6]]])
    values, by_group = linearise(rates, counts)
    assert values == pytest.approx([0.5])
    assert by_group[:, 0] == pytest.approx([(3 - 0.5 * 4) / 10, (2 - 0.5 * 6) / 10])


@pytest.mark.parametrize("metric", [single_label.accuracy, single_label.macro_f1])
def test_contributions_are_the_change_when_a_group_counts_a_little_more(metric):
    counts = np.random.default_rng(0).integers(0, 9, (8, 2, 4, 4)).astype(float)
    values, by_group = linearise(metric, counts)
    assert by_group.sum(axis=0) == pytest.approx([0, 0], abs=1e-9)
    more = counts.copy()
    more[3] *= 1.001
    assert (metric(more.sum(axis=0)) - values) / 0.001 == pytest.approx(by_group[3], rel=0.01)


@pytest.mark.parametrize("metric", [multi_label.micro("f1"), multi_label.macro("f1"), multi_label.lrap])
def test_metrics_of_several_labels_are_linearised_too(metric):
    random = np.random.default_rng(1)
    targets, decisions = (random.random((90, 4)) < 0.5 for _ in range(2))
    targets[:, 0] = True
    counts = multi_label.count(targets, random.random((90, 4)), decisions, np.repeat(np.arange(9), 10))[:, np.newaxis]
    values, by_group = linearise(metric, counts)
    left_out = np.array([metric(counts.sum(axis=0) - 0.001 * counts[group])[0] for group in range(9)])
    assert (values[0] - left_out) / 0.001 == pytest.approx(by_group[:, 0], rel=0.02, abs=1e-6)


# Closed forms


def test_groups_alone_are_students_t():
    """Groups of one size, no variance of seeds: the t interval of the groups' means."""
    hits = np.random.default_rng(2).integers(5, 18, 12)
    counts = np.stack([hits, np.full(12, 20)], axis=-1)[:, np.newaxis]
    spread = arm(counts, seeded=False).spread()
    low, high = stats.t.interval(0.95, 11, hits.mean() / 20, stats.sem(hits / 20))
    assert (spread["low"], spread["high"]) == pytest.approx((low, high))
    assert (spread["df"], spread["se_seeds"]) == pytest.approx((11, 0))


def test_a_paired_difference_is_the_paired_t_test():
    random = np.random.default_rng(3)
    first, second = random.integers(5, 20, 15), random.integers(5, 20, 15)
    difference = weighted_sum(
        [
            (sign, arm(np.stack([hits, np.full(15, 20)], axis=-1)[:, np.newaxis], seeded=False))
            for sign, hits in ((1, first), (-1, second))
        ]
    )
    theirs = stats.ttest_rel(first / 20, second / 20)
    assert difference.spread()["p"] == pytest.approx(theirs.pvalue)


def test_strata_are_apart_in_variance_and_degrees_of_freedom():
    hits = np.array([2, 4, 16, 19, 17])
    counts = np.stack([hits, np.full(5, 20)], axis=-1)[:, np.newaxis]
    spread = arm(counts, np.array([0, 0, 1, 1, 1]), seeded=False).spread()
    variance = (2 * stats.tvar(hits[:2]) + 3 * stats.tvar(hits[2:])) / 100**2
    assert spread["se_groups"] == pytest.approx(np.sqrt(variance))
    assert spread["df"] == pytest.approx(3)


def test_seeds_are_a_component_of_their_own():
    """Every group is right alike, seeds are apart: the t interval of the seeds' values."""
    counts = np.stack([np.tile([12, 14, 15], (10, 1)), np.full((10, 3), 20)], axis=-1)
    spread = arm(counts).spread()
    low, high = stats.t.interval(0.95, 2, 41 / 60, stats.sem([0.6, 0.7, 0.75]))
    assert (spread["low"], spread["high"], spread["se_groups"]) == pytest.approx((low, high, 0))


def test_what_groups_explain_of_the_seeds_is_not_counted_twice():
    """Seeds are right about other groups, none is better than another beyond that."""
    hits = np.random.default_rng(4).binomial(1, 0.5, (400, 6))
    counts = np.stack([hits, np.ones_like(hits)], axis=-1)
    spread = arm(counts).spread()
    assert spread["se_seeds"] < spread["se_groups"]
    means = arm(counts, seeded=False).spread()
    assert spread["se_groups"] == pytest.approx(means["se_groups"])


# Properties


@given(experiments())
def test_p_is_below_five_percent_exactly_where_zero_is_outside(experiment):
    first, second, strata = experiment
    spread = (arm(first, strata) - arm(second, strata)).spread()
    if spread["p"] is not None:
        assert (spread["p"] < 0.05) == (not spread["low"] <= 0 <= spread["high"])


@given(experiments())
def test_differences_are_antisymmetric(experiment):
    first, second, strata = experiment
    one, other = arm(first, strata), arm(second, strata)
    there, back = one - other, other - one
    assert there.value == -back.value
    if there.spread()["p"] is not None:
        assert there.spread()["p"] == pytest.approx(back.spread()["p"])
        assert there.spread()["low"] == pytest.approx(-back.spread()["high"])


@given(experiments())
def test_clips_of_a_group_are_no_independent_witnesses(experiment):
    first, second, strata = experiment
    once = (arm(first, strata) - arm(second, strata)).spread()
    twice = (arm(2 * first, strata) - arm(2 * second, strata)).spread()
    assert once == pytest.approx(twice, rel=1e-4)


@given(experiments())
def test_an_arm_less_itself_is_nothing(experiment):
    first, _, strata = experiment
    estimate = arm(first, strata)
    difference = estimate - estimate
    assert difference.value == 0
    assert difference.spread()["why"] == NO_VARIATION


@given(st.lists(st.integers(1, 30), min_size=3, max_size=12))
def test_rounding_is_no_variation(sizes):
    """Every group is right in the same share, of unequal numbers of clips."""
    sizes = 3 * np.array(sizes)[:, np.newaxis]
    better, worse = (np.stack([share * sizes // 3, sizes], axis=-1) for share in (2, 1))
    difference = arm(better, seeded=False) - arm(worse, seeded=False)
    assert difference.value == pytest.approx(1 / 3)
    assert difference.spread()["why"] == NO_VARIATION


# Where nothing can be known


def test_one_group_or_one_seed_gives_no_number_and_a_sentence_why():
    counts = np.random.default_rng(5).integers(1, 9, (6, 3, 2)) + np.array([0, 9])
    for cut, why in ((counts[:1], ONE_GROUP), (counts[:, :1], ONE_SEED)):
        spread = arm(cut).spread()
        assert spread.pop("why") == why
        assert set(spread) == {"low", "high", "p", "se_groups", "se_seeds", "df"}
        assert set(spread.values()) == {None}


def test_arms_on_other_groups_cannot_be_subtracted():
    with pytest.raises(ValueError, match="other groups"):
        constant(0.5, np.zeros(3, dtype=np.int64)) - constant(0.5, np.zeros(4, dtype=np.int64))


# Strata


@pytest.mark.parametrize(
    ("labels", "together"),
    [
        ([0, 0, 1, 1], [[0, 1], [2, 3]]),
        ([0, 1, 2, 2], [[0, 1], [2, 3]]),  # two single groups make one stratum
        ([0, 1, 1, 1, 2, 2], [[0], [1, 2, 3], [4, 5]]),  # a lone one stays alone
        (None, [[0, 1, 2]]),
    ],
)
def test_single_groups_are_pooled(labels, together):
    count = 3 if labels is None else len(labels)
    strata = strata_of(count, None if labels is None else np.array(labels))
    assert sorted(np.flatnonzero(strata == each).tolist() for each in np.unique(strata)) == together


def test_a_group_alone_in_its_stratum_varies_as_others_do():
    by_group = np.array([[0.3], [0.1], [5.0]])
    spread = of_arm(np.array([0.5]), by_group, np.array([0, 0, 2]), seeded=False).spread()
    assert (spread["se_groups"], spread["df"]) == pytest.approx((np.sqrt(2 * 0.02 + 0.02), 1))


@given(st.permutations([0, 1, 2, 3]))
def test_an_interval_does_not_depend_on_what_classes_are_called(names):
    by_group = np.array([[0.9], [0.8], [0.4], [0.3], [0.85], [0.1], [0.5]])
    labels = np.array([0, 0, 1, 1, 2, 3, 3])  # one class has one group, the others as many as one another
    spreads = [
        of_arm(np.array([0.5]), by_group, strata_of(7, classes), seeded=False).spread()
        for classes in (labels, np.array(names)[labels])
    ]
    assert spreads[0]["low"] == pytest.approx(spreads[1]["low"])


# Two sets of groups


def test_groups_that_both_sets_have_are_paired():
    first, second = np.array([[1.0], [-1.0]]), np.array([[2.0], [-2.0]])
    strata = np.zeros(2, dtype=np.int64)
    one, other, joint = aligned(first, second, (np.array(["a", "b"]), np.array(["b", "c"])), (strata, strata))
    assert one[:, 0].tolist() == [1, -1, 0]
    assert other[:, 0].tolist() == [0, 2, -2]
    assert len(joint) == 3


def test_sets_without_a_common_group_add_their_variances():
    random = np.random.default_rng(6)
    (values, by_group), (others, by_other) = (
        linearise(rates, random.integers(1, 9, (groups, 3, 2)) + np.array([0, 9])) for groups in (8, 5)
    )
    strata = tuple(np.zeros(groups, dtype=np.int64) for groups in (8, 5))
    names = np.array([f"a{n}" for n in range(8)]), np.array([f"b{n}" for n in range(5)])
    one, other, joint = aligned(by_group, by_other, names, strata)
    gap = of_arm(values, one, joint) - of_arm(others, other, joint)
    parts = [of_arm(*pair).spread() for pair in ((values, by_group, strata[0]), (others, by_other, strata[1]))]
    assert gap.spread()["se_groups"] ** 2 == pytest.approx(sum(part["se_groups"] ** 2 for part in parts))


def test_an_interval_does_not_import_all_of_scipys_statistics():
    code = (
        "import sys, numpy; from fusion.evaluation.estimate import of_arm; strata = numpy.zeros(4, int); "
        "values = numpy.arange(8.0).reshape(4, 2); found = of_arm(values.mean(axis=0), values, strata).spread(); "
        "print(found['low'] is not None, 'scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"
