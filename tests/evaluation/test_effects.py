from itertools import chain, combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fusion.evaluation.effects import adjusted, holm, p_text, paired_difference, shapley
from fusion.evaluation.estimate import ONE_SEED, constant, linearise, of_arm

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)
PLAYERS = ("a", "b", "c", "d")
STRATA = np.zeros(2, dtype=np.int64)


def rates(sums):
    """Counts are (groups, seeds, 2): the share of hits, one a seed."""
    return sums[..., 0] / sums[..., 1]


def arm(hits, size=20, strata=None):
    """Return the estimate of an arm from its hits, ``(groups, seeds)``, of so many clips a group."""
    counts = np.stack([hits, np.full_like(hits, size)], axis=-1)
    return of_arm(*linearise(rates, counts), np.zeros(len(hits), dtype=np.int64) if strata is None else strata)


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


# Tests that are shown together


def test_tests_without_p_are_not_counted():
    tests = adjusted([{"p": 0.02}, {"p": None}, {"p": 0.6}])
    assert [test["p_holm"] for test in tests] == [0.04, None, 0.6]
    assert adjusted([]) == []


# Paired differences


def test_a_difference_has_its_arms_beside_it():
    random = np.random.default_rng(0)
    first, second = arm(random.binomial(20, 0.8, (15, 3))), arm(random.binomial(20, 0.7, (15, 2)))
    row = paired_difference(first, second)
    assert (row["first"], row["second"]) == (first.value, second.value)
    assert row["difference"] == pytest.approx(first.value - second.value)
    assert row["low"] < row["difference"] < row["high"]
    back = paired_difference(second, first)
    assert (back["difference"], back["p"]) == pytest.approx((-row["difference"], row["p"]))


def test_groups_that_are_hard_for_both_arms_do_not_widen_the_interval():
    random = np.random.default_rng(2)
    hard = random.integers(0, 15, (40, 1))
    second = hard + 2 + random.integers(-1, 2, (40, 2))
    row = paired_difference(arm(second), arm(np.repeat(hard, 2, axis=1)))
    assert 0.07 < row["low"] < row["difference"] < row["high"] < 0.13


def test_one_seed_has_no_p_and_says_why():
    random = np.random.default_rng(3)
    row = paired_difference(arm(random.binomial(20, 0.8, (15, 1))), arm(random.binomial(20, 0.7, (15, 2))))
    assert (row["low"], row["p"], row["why"]) == (None, None, ONE_SEED)


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


def shares_of(values, players):
    """Return the Shapley values of a game of plain numbers."""
    estimates = {subset: constant(value, STRATA) for subset, value in values.items()}
    return {player: share.value for player, share in shapley(estimates, players).items()}


def test_a_game_of_two_by_hand():
    values = {frozenset(): 0.1, frozenset("a"): 0.5, frozenset("b"): 0.4, frozenset("ab"): 0.9}
    assert shares_of(values, ["a", "b"]) == pytest.approx({"a": 0.45, "b": 0.35})


def test_the_glove_game():
    """One left glove, two right ones; a pair is worth 1: two thirds to the rare side."""
    values = {subset: float("a" in subset and len(subset) > 1) for subset in subsets("abc")}
    assert shares_of(values, "abc") == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@settings(max_examples=30)
@given(st.data())
def test_equals_the_mean_over_orders(count, data):
    values = data.draw(games(count))
    ours, theirs = shares_of(values, PLAYERS[:count]), by_orders(values, PLAYERS[:count])
    assert ours == pytest.approx(theirs, abs=1e-9)


@given(games(4))
def test_shares_add_up_to_the_whole_less_chance(values):
    shares = shares_of(values, PLAYERS)
    whole = values[frozenset(PLAYERS)] - values[frozenset()]
    assert sum(shares.values()) == pytest.approx(whole, abs=1e-9)


@given(games(3))
def test_players_who_add_the_same_have_the_same_share(values):
    alike = dict(values)
    for rest in subsets("c"):
        alike[rest | {"b"}] = alike[rest | {"a"}]
    shares = shares_of(alike, "abc")
    assert shares["a"] == pytest.approx(shares["b"], abs=1e-9)


@given(games(3), st.floats(-10, 10))
def test_who_adds_the_same_everywhere_gets_just_that(values, amount):
    more = {**values, **{subset | {"d"}: value + amount for subset, value in values.items()}}
    shares, without = shares_of(more, "abcd"), shares_of(values, "abc")
    assert shares["d"] == pytest.approx(amount, abs=1e-9)
    assert all(shares[player] == pytest.approx(without[player], abs=1e-9) for player in "abc")


@given(games(3), games(3))
def test_shares_of_a_sum_of_games_are_sums_of_shares(one, other):
    both = shares_of({subset: one[subset] + other[subset] for subset in one}, "abc")
    for player in "abc":
        assert both[player] == pytest.approx(shares_of(one, "abc")[player] + shares_of(other, "abc")[player], abs=1e-9)


def test_a_missing_subset_is_named():
    values = dict.fromkeys(subsets("abc"), 1.0)
    del values[frozenset("ac")]
    with pytest.raises(ValueError, match=r"1 are missing, the first is \['a', 'c'\]"):
        shares_of(values, "abc")


def test_a_share_of_one_player_has_the_interval_of_the_difference():
    random = np.random.default_rng(6)
    nothing, something = arm(random.binomial(20, 0.5, (30, 2))), arm(random.binomial(20, 0.7, (30, 3)))
    share = shapley({frozenset(): nothing, frozenset("a"): something}, "a")["a"]
    assert share.spread() == pytest.approx((something - nothing).spread())


def test_an_arm_counts_once_however_many_terms_have_it():
    """A feature that changes nothing: its share is 0 and sure, though every subset has seeds that vary."""
    random = np.random.default_rng(7)
    nothing, something = (arm(random.binomial(20, rate, (30, 3))) for rate in (0.5, 0.7))
    values = {frozenset(): nothing, frozenset("a"): something, frozenset("b"): nothing, frozenset("ab"): something}
    shares = shapley(values, "ab")
    assert shares["b"].value == pytest.approx(0)
    assert shares["b"].spread()["low"] is None
    assert shares["a"].spread() == pytest.approx((something - nothing).spread())


# As text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(None, "no p"), (0.0, "p < .001"), (0.00099, "p < .001"), (0.001, "p = .001"), (0.0494, "p = .049")],
        *[(0.0496, "p < .05"), (0.05, "p = .050"), (0.0504, "p = .050"), (0.0994, "p = .099"), (0.1, "p = .10")],
        *[(0.114, "p = .11"), (0.99, "p = .99"), (0.9901, "p > .99"), (0.9999, "p > .99"), (1.0, "p = 1")],
    ],
)
def test_a_p_is_never_rounded_to_the_other_side_of_a_limit(value, text):
    assert p_text(value) == text
