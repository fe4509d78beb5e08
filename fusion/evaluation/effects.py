"""What a feature, or any other change, brings: differences of arms, shares of credit, and p-values of many tests.

Conventions: an *arm* is one way of doing it, tested on the same clips as the others; its ``counts`` are
``(groups, seeds, ...)``, additive over groups (confusion matrices, say). A ``metric`` maps summed counts to one number
a seed, ``(..., seeds)``, as those in `fusion.evaluation.metric` do. Groups are resampled, seeds are not: intervals and
p-values are about other clips for these trained networks; `variance_parts` says how much the seeds vary beside that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.intervals import (
    RESAMPLES,
    bootstrap_interval,
    bootstrap_intervals,
    expanded_level,
    resample,
    sign_flip_test,
)
from fusion.evaluation.metric import MetricFunction

Floats = NDArray[np.float64]
Subset = frozenset[str]


ENOUGH_GROUPS = 42
"""From so many groups on, intervals cover the truth in 93 to 97 % of simulations."""


def coverage_warnings(groups: int) -> list[str]:
    """Return a warning for fewer groups than intervals need, with how often those of a difference cover the truth."""
    if groups >= ENOUGH_GROUPS:
        return []
    return [
        f"few-groups: {groups} test groups; in simulations 95 % intervals over 19, 10 and 5 groups cover the truth in "
        "93, 90 and 86 %"
    ]


def paired_difference(
    first: NDArray[Any],
    second: NDArray[Any],
    metric: MetricFunction,
    strata: NDArray[Any] | None = None,
    differences: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, float | None]:
    """Return how far a metric of the second arm is above the first arm's, on the same groups.

    Parameters
    ----------
    first, second : (groups, seeds, ...)
        Counts of the two arms; the numbers of seeds may differ.
    metric : callable
    strata : (groups,), optional
        As for `bootstrap_interval`.
    differences : (groups,), optional
        The sum over each group's clips of what the second arm has above the first, means over seeds: clips right,
        say. For a sign-flip test, which is about these sums and not about the metric.
    resamples : int
    seed : int

    Returns
    -------
    dict
        ``first``, ``second`` (means over seeds), ``difference``, ``low``, ``high``: a 95 % BCa interval over groups,
        both arms on the same resampled groups, None where `bootstrap_interval` has none. Also ``p`` if `differences`
        are given.
    """
    seeds = first.shape[1]

    def difference(sums: Floats) -> Floats:
        per_seed = metric(sums)
        return np.asarray(per_seed[..., seeds:].mean(axis=-1) - per_seed[..., :seeds].mean(axis=-1))

    both = np.concatenate([first, second], axis=1)
    values = [float(metric(arm.sum(axis=0)).mean()) for arm in (first, second)]
    low, high = bootstrap_interval(both, difference, strata, resamples=resamples, seed=seed) or (None, None)
    row = {"first": values[0], "second": values[1], "difference": values[1] - values[0], "low": low, "high": high}
    return row if differences is None else {**row, "p": sign_flip_test(differences, seed=seed)}


def holm(p: NDArray[Any]) -> Floats:
    """Return p-values adjusted for their number by Holm's step-down method, in the order given.

    Parameters
    ----------
    p : (tests,)

    Returns
    -------
    (tests,)
        Rejecting where it is below a level errs once or more among all true hypotheses at most that often.

    References
    ----------
    S. Holm: "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979,
    65-70, https://www.jstor.org/stable/4615733
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    adjusted = np.empty_like(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def shapley(values: Mapping[Subset, Any], players: Sequence[str]) -> dict[str, Floats]:
    """Return each player's share of the whole: the mean of what it adds, over all orders in which they may come.

    Parameters
    ----------
    values : mapping of frozenset of str to (...)
        What each subset of the players reaches, the empty one included (chance); resampled values, ``(resamples,)``,
        are shared out one by one.
    players : sequence of str

    Returns
    -------
    dict of str to (...)
        The shares; they add up to the value of all players less that of none.

    Raises
    ------
    ValueError
        If a subset is missing.

    References
    ----------
    L. Shapley: "A value for n-person games", Contributions to the Theory of Games 2, 1953, 307-317,
    https://doi.org/10.1515/9781400881970-018
    I. Covert, S. Lundberg and S. Lee: "Explaining by removing: a unified framework for model explanation",
    J. Mach. Learn. Res. 22(209), 2021, 1-90, https://jmlr.org/papers/v22/20-1316.html
    """
    count = len(players)
    missing = [sorted(subset) for subset in _subsets(players) if subset not in values]
    if missing:
        raise ValueError(f"Shapley values need every subset; {len(missing)} are missing, the first is {missing[0]}")
    shares = {}
    for player in players:
        share = np.zeros(np.shape(values[frozenset()]))
        for subset in _subsets([other for other in players if other != player]):
            orders = factorial(len(subset)) * factorial(count - len(subset) - 1) / factorial(count)
            share = share + orders * (np.asarray(values[subset | {player}]) - np.asarray(values[subset]))
        shares[player] = share
    return shares


def _subsets(players: Sequence[str]) -> list[Subset]:
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def shapley_intervals(
    counts: Mapping[Subset, NDArray[Any]],
    players: Sequence[str],
    metric: MetricFunction,
    strata: NDArray[Any] | None = None,
    *,
    chance: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, dict[str, float | None]]:
    """Return the Shapley value of each player, with a 95 % BCa interval over groups.

    Parameters
    ----------
    counts : mapping of frozenset of str to (groups, seeds, ...)
        For each subset of the players, on the same groups.
    players : sequence of str
    metric : callable
    strata : (groups,), optional
        As for `bootstrap_interval`.
    chance : float, optional
        The metric without any player, where `counts` has none for the empty subset (those of a reference that
        hears nothing, say); it then does not vary.
    resamples : int
    seed : int

    Returns
    -------
    dict
        Player to ``{value, low, high}``; the groups are the same for all subsets in each resample.

    Raises
    ------
    ValueError
        If a subset is missing.

    Notes
    -----
    Tails are Student's: with a normal's, intervals covered 92.6 to 93.1 % with 42 groups in simulations.
    """
    empty: Subset = frozenset()
    arms = [subset for subset in _subsets(players) if subset in counts]
    ends = np.cumsum([counts[subset].shape[1] for subset in arms])

    def shares(sums: Floats) -> Floats:
        by_arm = np.split(metric(sums), ends[:-1], axis=-1)
        values = {subset: seeds.mean(axis=-1) for subset, seeds in zip(arms, by_arm, strict=True)}
        if empty not in values and chance is not None:
            values[empty] = np.full(len(sums), chance)
        return np.stack(list(shapley(values, players).values()), axis=-1)

    stacked = np.concatenate([counts[subset] for subset in arms], axis=1)
    observed = shares(stacked.sum(axis=0, keepdims=True))[0]
    level = expanded_level(0.95, len(stacked), strata)
    intervals = bootstrap_intervals(stacked, shares, strata, level=level, resamples=resamples, seed=seed)
    table: dict[str, dict[str, float | None]] = {}
    for player, value, interval in zip(players, observed, intervals, strict=True):
        low, high = interval or (None, None)
        table[player] = {"value": float(value), "low": low, "high": high}
    return table


def variance_parts(
    counts: NDArray[Any], metric: MetricFunction, strata: NDArray[Any] | None = None, *, seed: int = 0
) -> dict[str, float | None]:
    """Return how much a metric varies with the seed and how much with the groups, one apart from the other.

    Parameters
    ----------
    counts : (groups, seeds, ...)
    metric : callable
    strata : (groups,), optional
        As for `bootstrap_interval`.
    seed : int

    Returns
    -------
    dict
        ``seeds``: standard deviation of one training's metric over seeds, all on these groups (None with one seed).
        ``groups``: standard error of the seed mean over groups, these networks on other groups: the deviation of
        its bootstrap resamples (None with one group).
    """
    per_seed = metric(counts.sum(axis=0))
    resampled = resample(counts, lambda sums: metric(sums).mean(axis=-1), strata, seed=seed)
    return {
        "seeds": float(per_seed.std(ddof=1)) if len(per_seed) > 1 else None,
        "groups": None if resampled is None else float(resampled.std(ddof=1)),
    }
