from itertools import chain, combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fusion.evaluation.effects import (
    ENOUGH_GROUPS,
    coverage_warnings,
    holm,
    paired_difference,
    shapley,
    shapley_intervals,
    variance_parts,
)
from fusion.evaluation.intervals import bootstrap_interval, expanded_level
from fusion.evaluation.single_label import accuracy, macro_f1

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)
PLAYERS = ("a", "b", "c", "d")


def rates(sums):
    """Counts are (groups, seeds, 2): the share of hits, one a seed."""
    return sums[..., 0] / sums[..., 1]


def drawn(random, groups, seeds=3, rate=0.7, size=20):
    hits = random.binomial(size, np.clip(random.normal(rate, 0.1, (groups, 1)), 0, 1), (groups, seeds))
    return np.stack([hits, np.full_like(hits, size)], axis=-1)


# Holm


def test_holm_by_hand():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.01, 0.6, 0.7])), [0.03, 1, 1])
    assert holm(np.array([0.03])).tolist() == [0.03]
    assert holm(np.array([])).tolist() == []


@given(P_VALUES)
def test_holm_is_the_largest_of_the_steps_so_far(p):
    """Written out: of the hypotheses at or before it in order, the largest (m - rank) p, at most 1."""
    order = sorted(range(len(p)), key=lambda test: p[test])
    for place, test in enumerate(order):
        largest = max((len(p) - rank) * p[order[rank]] for rank in range(place + 1))
        assert holm(p)[test] == pytest.approx(min(1, largest))


@given(P_VALUES)
def test_holm_never_lowers_a_p_and_lies_below_bonferroni(p):
    adjusted = holm(p)
    assert np.all(adjusted >= p)
    assert np.all(adjusted <= np.minimum(1, len(p) * p + 1e-12))
    assert np.all(np.diff(adjusted[np.argsort(p)]) >= 0)


@given(P_VALUES, st.randoms())
def test_holm_follows_the_order_given(p, random):
    order = random.sample(range(len(p)), len(p))
    np.testing.assert_array_equal(holm(p[order]), holm(p)[order])


@given(P_VALUES, st.floats(0.001, 0.2))
def test_holm_rejects_what_stepping_down_rejects(p, level):
    rejected = np.zeros(len(p), dtype=bool)
    for rank, test in enumerate(np.argsort(p, kind="stable")):
        if p[test] * (len(p) - rank) > level:
            break
        rejected[test] = True
    np.testing.assert_array_equal(holm(p) <= level, rejected)


# Paired differences


def test_equal_arms_do_not_differ():
    arm = drawn(np.random.default_rng(0), 12)
    found = paired_difference(arm, arm, rates, differences=np.zeros(12))
    assert (found["difference"], found["low"], found["high"], found["p"]) == (0, None, None, 1)


def test_swapped_arms_have_the_opposite_difference_and_the_same_p():
    random = np.random.default_rng(1)
    first, second = drawn(random, 15), drawn(random, 15, seeds=2, rate=0.8)
    more = second[..., 0].mean(axis=1) - first[..., 0].mean(axis=1)
    there = paired_difference(first, second, rates, differences=more)
    back = paired_difference(second, first, rates, differences=-more)
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] == pytest.approx(-back["high"], abs=0.005)
    assert there["high"] == pytest.approx(-back["low"], abs=0.005)
    assert there["p"] == back["p"]
    assert (there["first"], there["second"]) == (back["second"], back["first"])


def test_groups_that_are_hard_for_both_arms_do_not_widen_the_interval():
    random = np.random.default_rng(2)
    hard = random.integers(0, 15, (40, 1))
    first = np.stack([hard, np.full_like(hard, 20)], axis=-1)
    second = first + np.array([2, 0]) + np.stack([random.integers(-1, 2, (40, 1)), np.zeros((40, 1), int)], axis=-1)
    found = paired_difference(first, second, rates)
    assert "p" not in found
    assert 0.07 < found["low"] < found["difference"] < found["high"] < 0.13


def test_difference_equals_scipys_paired_bootstrap():
    random = np.random.default_rng(3)
    first, second = drawn(random, 42), drawn(random, 42, rate=0.75)
    found = paired_difference(first, second, rates, resamples=20000)
    one, other = (arm[..., 0].mean(axis=1) / 20 for arm in (first, second))  # groups of one size
    theirs = stats.bootstrap(
        (one, other),
        lambda x, y, axis: np.mean(y - x, axis=axis),
        paired=True,
        method="BCa",
        n_resamples=20000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (found["low"], found["high"]) == pytest.approx((theirs.low, theirs.high), abs=0.003)


def test_p_equals_scipys_permutations_within_groups():
    """Three seeds an arm; arms are exchanged within groups, which flips the sign of a group's difference."""
    random = np.random.default_rng(4)
    first, second = drawn(random, 10), drawn(random, 10, rate=0.8)
    one, other = (arm[..., 0].mean(axis=1) for arm in (first, second))
    found = paired_difference(first, second, rates, differences=other - one)
    theirs = stats.permutation_test(
        (one, other), lambda x, y: abs(np.sum(y - x)), permutation_type="samples", alternative="greater"
    )
    assert found["p"] == pytest.approx(theirs.pvalue)
    signs = 1 - 2 * ((np.arange(2**10)[:, np.newaxis] >> np.arange(10)) & 1)
    assert found["p"] == np.mean(np.abs(signs @ (other - one)) >= abs((other - one).sum()) - 1e-9)


# Shapley values


def subsets(players):
    return [frozenset(s) for s in chain.from_iterable(combinations(players, n) for n in range(len(players) + 1))]


def games(count, shape=()):
    players = PLAYERS[:count]
    numbers = arrays(np.float64, (2**count, *shape), elements=st.floats(-100, 100))
    return numbers.map(lambda values: dict(zip(subsets(players), values, strict=True)))


def by_orders(values, players):
    """The definition: what each player adds on arrival, mean over all orders."""
    shares = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            shares[player] += (values[before | {player}] - values[before]) / len(orders)
    return shares


def test_a_game_of_two_by_hand():
    values = {frozenset(): 0.1, frozenset("a"): 0.5, frozenset("b"): 0.4, frozenset("ab"): 0.9}
    assert shapley(values, ["a", "b"]) == pytest.approx({"a": 0.45, "b": 0.35})


def test_the_glove_game():
    """One left glove, two right ones; a pair is worth 1: two thirds to the rare side."""
    values = {subset: float("a" in subset and len(subset) > 1) for subset in subsets("abc")}
    assert shapley(values, "abc") == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@settings(max_examples=30)
@given(st.data())
def test_equals_the_mean_over_orders(count, data):
    values = data.draw(games(count))
    ours, theirs = shapley(values, PLAYERS[:count]), by_orders(values, PLAYERS[:count])
    assert {player: float(share) for player, share in ours.items()} == pytest.approx(theirs, abs=1e-9)


@given(games(4, (3,)))
def test_shares_add_up_to_the_whole_less_chance(values):
    shares = shapley(values, PLAYERS)
    whole = values[frozenset(PLAYERS)] - values[frozenset()]
    np.testing.assert_allclose(sum(shares.values()), whole, atol=1e-9)


@given(games(3))
def test_players_who_add_the_same_have_the_same_share(values):
    alike = dict(values)
    for rest in subsets("c"):
        alike[rest | {"b"}] = alike[rest | {"a"}]
    shares = shapley(alike, "abc")
    assert shares["a"] == pytest.approx(shares["b"], abs=1e-9)


@given(games(3), st.floats(-10, 10))
def test_who_adds_the_same_everywhere_gets_just_that(values, amount):
    more = {**values, **{subset | {"d"}: value + amount for subset, value in values.items()}}
    shares, without = shapley(more, "abcd"), shapley(values, "abc")
    assert shares["d"] == pytest.approx(amount, abs=1e-9)
    assert all(shares[player] == pytest.approx(without[player], abs=1e-9) for player in "abc")


@given(games(3), games(3))
def test_shares_of_a_sum_of_games_are_sums_of_shares(one, other):
    both = shapley({subset: one[subset] + other[subset] for subset in one}, "abc")
    for player in "abc":
        assert both[player] == pytest.approx(shapley(one, "abc")[player] + shapley(other, "abc")[player], abs=1e-9)


def test_a_missing_subset_is_named():
    values = dict.fromkeys(subsets("abc"), 1.0)
    del values[frozenset("ac")]
    with pytest.raises(ValueError, match=r"1 are missing, the first is \['a', 'c'\]"):
        shapley(values, "abc")
    with pytest.raises(ValueError, match=r"the first is \[\]"):
        shapley_intervals({frozenset("a"): drawn(np.random.default_rng(0), 5)}, "a", rates)


def game(random, groups):
    """Counts of every subset of two features; `a` is worth 20 points, `b` nothing, alone or together."""
    luck = random.random((groups, 1, 20))
    ease = random.uniform(-0.1, 0.1, (groups, 1, 1))
    counts = {}
    for subset in subsets("ab"):
        seeds = 1 if not subset else 3
        fresh = np.where(random.random((groups, seeds, 20)) < 0.5, luck, random.random((groups, seeds, 20)))
        hits = (fresh < 0.5 + ease + 0.2 * ("a" in subset)).sum(axis=-1)
        counts[subset] = np.stack([hits, np.full_like(hits, 20)], axis=-1)
    return counts


def test_intervals_of_shares_lie_around_the_shares_of_the_means():
    counts = game(np.random.default_rng(5), 60)
    found = shapley_intervals(counts, ["a", "b"], rates)
    values = {subset: rates(of.sum(axis=0)).mean() for subset, of in counts.items()}
    assert {name: row["value"] for name, row in found.items()} == pytest.approx(by_orders(values, "ab"))
    assert found["a"]["low"] < 0.2 < found["a"]["high"]
    assert found["b"]["low"] < 0 < found["b"]["high"]
    for row in found.values():
        assert row["low"] < row["value"] < row["high"] < row["low"] + 0.1


def test_chance_stands_for_the_empty_subset_and_does_not_vary():
    counts = game(np.random.default_rng(5), 60)
    counts[frozenset()] = np.tile([10, 20], (60, 1, 1))
    found = shapley_intervals(counts, ["a", "b"], rates)
    del counts[frozenset()]
    assert shapley_intervals(counts, ["a", "b"], rates, chance=0.5) == found


def test_a_share_of_one_player_has_the_interval_of_the_difference_with_students_tails():
    counts = game(np.random.default_rng(6), 30)
    strata = np.arange(30) % 3
    alone = {subset: counts[subset] for subset in subsets("a")}
    found = shapley_intervals(alone, ["a"], rates, strata)["a"]
    pair = paired_difference(alone[frozenset()], alone[frozenset("a")], rates, strata)
    assert found["value"] == pytest.approx(pair["difference"])
    assert found["low"] < pair["low"] < pair["high"] < found["high"]
    both = np.concatenate(list(alone.values()), axis=1)  # nothing has one seed, the feature three

    def difference(sums):
        of = rates(sums)
        return of[..., 1:].mean(axis=-1) - of[..., 0]

    level = expanded_level(0.95, 30, strata)
    assert (found["low"], found["high"]) == pytest.approx(bootstrap_interval(both, difference, strata, level=level))


def test_a_feature_that_changes_nothing_has_no_interval():
    counts = game(np.random.default_rng(7), 20)
    counts[frozenset("b")], counts[frozenset("ab")] = counts[frozenset()], counts[frozenset("a")]
    found = shapley_intervals(counts, ["a", "b"], rates)
    assert found["b"] == {"value": pytest.approx(0), "low": None, "high": None}
    assert found["a"]["low"] is not None


@pytest.mark.parametrize("metric", [accuracy, macro_f1])
def test_shares_from_confusion_matrices(metric):
    random = np.random.default_rng(8)
    counts = {subset: random.integers(0, 9, (15, 2, 3, 3)) for subset in subsets("abc") if subset}
    found = shapley_intervals(counts, "abc", metric, np.repeat([0, 1, 2], 5), chance=1 / 3, resamples=200)
    whole = metric(counts[frozenset("abc")].sum(axis=0)).mean() - 1 / 3
    assert sum(row["value"] for row in found.values()) == pytest.approx(whole)


@pytest.mark.slow
@pytest.mark.parametrize("groups", [42, 208])
def test_intervals_of_shares_cover_the_truth(groups):
    """1,000 games of two features."""
    random = np.random.default_rng(groups)
    hits = np.zeros(2)
    for run in range(1000):
        found = shapley_intervals(game(random, groups), ["a", "b"], rates, resamples=1000, seed=run)
        hits += [found[name]["low"] <= truth <= found[name]["high"] for name, truth in (("a", 0.2), ("b", 0.0))]
    print(f"{groups} groups: {hits / 1000} of 1,000 intervals cover the truth")
    assert np.all(hits >= 930)
    assert np.all(hits <= 970)


# Few groups


def test_few_groups_are_told_with_what_that_means():
    assert coverage_warnings(ENOUGH_GROUPS) == coverage_warnings(208) == []
    (text,) = coverage_warnings(19)
    assert text.startswith("few-groups: 19 test groups")
    assert "86 %" in text


# Seeds and data


def test_seeds_and_groups_vary_apart():
    shares = np.array([[8, 10], [12, 14], [4, 6], [16, 18]])  # seeds two clips apart in every group
    counts = np.stack([shares, np.full((4, 2), 20)], axis=-1)
    parts = variance_parts(counts, rates)
    assert parts["seeds"] == pytest.approx(0.1 / np.sqrt(2))
    spread = (shares.mean(axis=1) / 20).std(ddof=1)
    assert parts["groups"] == pytest.approx(spread / np.sqrt(4), rel=0.05)


def test_what_cannot_be_told_is_none():
    counts = drawn(np.random.default_rng(0), 5)
    assert variance_parts(counts[:, :1], rates)["seeds"] is None
    assert variance_parts(counts[:1], rates)["groups"] is None


def test_groups_that_agree_in_their_stratum_do_not_vary():
    counts = np.repeat(drawn(np.random.default_rng(0), 2), 5, axis=0)
    parts = variance_parts(counts, rates, np.repeat([0, 1], 5))
    assert parts["groups"] == pytest.approx(0, abs=1e-12)
    assert variance_parts(counts, rates)["groups"] > 0.001
