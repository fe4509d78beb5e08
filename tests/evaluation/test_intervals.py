import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fusion.evaluation.effects import paired_difference
from fusion.evaluation.intervals import (
    BLOCK,
    bootstrap_interval,
    bootstrap_intervals,
    expanded_level,
    resample,
    sign_flip_test,
)


def share(sums):
    """Hits over clips; counts are (groups, 2)."""
    return sums[:, 0] / sums[:, 1]


def groups(random, count, accuracy=0.7, spread=0.15, size=20):
    rates = np.clip(random.normal(accuracy, spread, count), 0, 1)
    return np.column_stack([random.binomial(size, rates), np.full(count, size)])


def test_equals_scipys_bca_for_one_stratum():
    counts = groups(np.random.default_rng(3), 42)
    ours = bootstrap_interval(counts, share, resamples=20000)  # one group fewer is drawn: 1.2 % wider
    rates = counts[:, 0] / counts[:, 1]  # equal sizes: the share is the mean of the groups' rates
    theirs = stats.bootstrap(
        (rates,), np.mean, method="BCa", n_resamples=20000, vectorized=True, rng=np.random.default_rng(1)
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.005)


def test_skewed_counts_give_a_skewed_interval():
    counts = np.column_stack([[20] * 38 + [0, 2, 4, 6], [20] * 42])
    low, high = bootstrap_interval(counts, share)
    mean = counts[:, 0].sum() / counts[:, 1].sum()
    assert mean - low > 1.3 * (high - mean)


def test_stratified_interval_ignores_differences_between_strata():
    counts = np.array([[20, 20]] * 10 + [[10, 20]] * 10)
    strata = np.repeat([0, 1], 10)
    assert bootstrap_interval(counts, share, strata) is None  # nothing varies within them
    low, high = bootstrap_interval(counts, share)
    assert high - low > 0.1
    counts[[0, 10], 0] -= 2
    inner_low, inner_high = bootstrap_interval(counts, share, strata)
    assert 0 < inner_high - inner_low < (high - low) / 3


def test_strata_of_a_single_group_are_put_together():
    counts = np.array([[20, 20], [15, 20], [10, 20], [5, 20]])
    low, high = bootstrap_interval(counts, share, np.arange(4))
    assert low < 0.55
    assert high > 0.7


def test_a_lone_single_group_is_put_with_the_smallest_other_stratum():
    counts = np.array([[20, 20]] * 10 + [[20, 20]] * 2 + [[0, 20]])
    low, high = bootstrap_interval(counts, share, np.array([0] * 10 + [1] * 2 + [2]))
    assert low < 12 / 13 < high  # the last group counts, though it is alone in its class


def test_fewer_than_two_groups_have_no_interval():
    assert bootstrap_interval(np.array([[3, 4]]), share) is None


def test_repeats_with_the_same_seed_and_differs_with_another():
    counts = groups(np.random.default_rng(0), 30)
    assert bootstrap_interval(counts, share, seed=5) == bootstrap_interval(counts, share, seed=5)
    assert bootstrap_interval(counts, share, seed=5) != bootstrap_interval(counts, share, seed=6)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 40), st.integers(0, 2**20))
def test_interval_is_ordered_and_within_reach_of_the_groups(count, seed):
    counts = groups(np.random.default_rng(seed), count)
    interval = bootstrap_interval(counts, share, resamples=300)
    rates = counts[:, 0] / counts[:, 1]
    if interval is None:
        assert np.ptp(rates) == 0
    else:
        assert rates.min() <= interval[0] <= interval[1] <= rates.max()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**20))
def test_narrower_level_lies_inside(seed):
    counts = groups(np.random.default_rng(seed), 25)
    low, high = bootstrap_interval(counts, share, level=0.95)
    inner_low, inner_high = bootstrap_interval(counts, share, level=0.5)
    assert low <= inner_low <= inner_high <= high


@pytest.mark.slow
@pytest.mark.parametrize(("size", "least"), [(2, 0.86), (5, 0.92), (10, 0.93)])
def test_intervals_cover_the_truth_as_often_as_they_say(size, least):
    """Nine classes with instruments of their own effects; 1,000 intervals, rough with two instruments a class."""
    random = np.random.default_rng(11)
    means = np.linspace(0.3, 0.95, 9)
    strata = np.repeat(np.arange(9), size)
    hits = 0
    for run in range(1000):
        rates = random.beta(4 * means[strata], 4 * (1 - means[strata]))
        counts = np.column_stack([random.binomial(30, rates), np.full(9 * size, 30)])
        low, high = bootstrap_interval(counts, share, strata, resamples=1000, seed=run)
        hits += low <= means.mean() <= high
    assert least <= hits / 1000 <= 0.97


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=12))
def test_sign_flips_equal_scipys_permutations(values):
    ours = sign_flip_test(np.array(values))
    if not any(values):
        assert ours == 1
        return
    theirs = stats.permutation_test(
        (np.array(values),), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    both = np.mean(np.abs(theirs.null_distribution) >= abs(sum(values)) - 1e-9)  # scipy doubles the smaller tail
    assert ours == pytest.approx(both)


def test_drawn_sign_flips_agree_with_all_of_them():
    values = np.random.default_rng(4).normal(0.6, 1.5, 13)
    assert sign_flip_test(values, draws=5000) == pytest.approx(sign_flip_test(values), abs=0.02)


def test_no_difference_has_p_one_and_a_steady_one_the_least():
    assert sign_flip_test(np.zeros(8)) == 1
    assert sign_flip_test(np.full(8, 0.5)) == 2 / 2**8
    assert sign_flip_test(np.full(8, 0.5), draws=2**8) == 2 / 2**8  # as many as there are: all are counted
    assert sign_flip_test(np.full(60, 0.5)) == 1 / 20001


def test_several_statistics_have_the_intervals_of_each_alone():
    counts = groups(np.random.default_rng(7), 20)
    together = bootstrap_intervals(counts, lambda sums: np.stack([share(sums), -share(sums), 0 * share(sums)], axis=1))
    assert together[0] == bootstrap_interval(counts, share)
    assert together[1] == bootstrap_interval(counts, lambda sums: -share(sums))
    assert together[2] is None


def test_blocks_change_nothing(monkeypatch):
    counts = groups(np.random.default_rng(7), 20)
    whole = resample(counts, share, resamples=1001)
    monkeypatch.setattr("fusion.evaluation.intervals.BLOCK", 100)
    np.testing.assert_allclose(resample(counts, share, resamples=1001), whole, rtol=1e-12)


def test_no_block_is_larger_than_it_may_be():
    sizes = []

    def size(sums):
        sizes.append(sums.size)
        return sums[:, 0, 0]

    assert len(resample(np.ones((5, 300, 40)), size, resamples=2000)) == 2000
    assert max(sizes) <= BLOCK
    assert len(sizes) > 1


def rates(sums):
    """Counts are (groups, seeds, 2): the share of hits, one a seed."""
    return sums[..., 0] / sums[..., 1]


def arms(random, groups, effect=0.0, seeds=3):
    """Draw two arms' counts, (groups, seeds, 2), whose expected shares of hits differ by exactly `effect`.

    A group's clips are easy or hard for both arms, easier for one than for the other, and each training has its own
    way with them; half of a clip's luck is common to all trainings. Groups are of different sizes.
    """
    sizes = random.integers(10, 40, groups)
    counts = np.zeros((2, groups, seeds, 2))
    both, own = random.uniform(-0.15, 0.15, groups), random.uniform(-0.1, 0.1, (2, groups))
    training = random.uniform(-0.04, 0.04, (2, groups, seeds))
    for group, size in enumerate(sizes):
        chance = 0.65 + both[group] + own[:, group, np.newaxis] + training[:, group]
        chance[1] += effect
        common, luck = random.random(size), random.random((2, seeds, size))
        luck = np.where(random.random(luck.shape) < 0.5, common, luck)
        counts[:, group, :, 0] = (luck < chance[..., np.newaxis]).sum(axis=-1)
        counts[:, group, :, 1] = size
    return counts[0], counts[1]


def more(first, second):
    """Return each group's sum of what the second arm has above the first, mean over seeds."""
    return (second - first)[..., 0].mean(axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [42, 208])
def test_no_effect_fires_as_often_as_the_level_says(groups):
    """Each group has effects of its own on both methods, of three seeds each, that agree on none in the mean."""
    random = np.random.default_rng(groups)
    fired = np.mean([sign_flip_test(more(*arms(random, groups)), draws=2000) < 0.05 for _ in range(1000)])
    print(f"{groups} groups: fires in {fired:.1%} of 1,000 without an effect")
    assert 0.03 <= fired <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize(
    ("groups", "classes", "least", "most"),
    [
        (42, 1, 0.93, 0.97),
        (42, 6, 0.93, 0.97),
        (208, 11, 0.93, 0.97),
        (19, 1, 0.88, 0.98),
        (10, 1, 0.85, 0.98),
        (5, 1, 0.75, 0.98),
    ],
)
def test_intervals_of_a_difference_cover_the_truth(groups, classes, least, most):
    """1,000 intervals of a difference of three points; few groups cannot say how far their differences spread."""
    random = np.random.default_rng(groups)
    strata = np.arange(groups) % classes
    hits = 0
    for run in range(1000):
        found = paired_difference(*arms(random, groups, 0.03), rates, strata, resamples=1000, seed=run)
        hits += found["low"] <= 0.03 <= found["high"]
    print(f"{groups} groups in {classes} classes: {hits / 1000:.1%} of 1,000 intervals cover the truth")
    assert least <= hits / 1000 <= most


def test_an_expanded_level_has_students_tails():
    for groups, strata, freedom in ((10, None, 9), (20, np.repeat(range(4), 5), 16)):
        level = expanded_level(0.95, groups, strata)
        assert stats.norm.ppf((1 + level) / 2) == pytest.approx(stats.t.ppf(0.975, freedom))
    assert expanded_level(0.95, 10**6) == pytest.approx(0.95, abs=1e-5)
    assert expanded_level(0.95, 2, np.array([0, 1])) < 1  # two lone groups are one stratum
