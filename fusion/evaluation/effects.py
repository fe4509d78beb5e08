"""What a feature, or any other change, brings: differences of arms, shares of credit, p-values of many tests.

Everything here is a weighted sum of the arms' estimates (`fusion.evaluation.estimate`), so one method gives every
interval and every test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.estimate import Estimate, weighted_sum

LEVEL = 0.05
"""Of all tests, after Holm."""

Floats = NDArray[np.float64]
Subset = frozenset[str]


def paired_difference(first: Estimate, second: Estimate) -> dict[str, Any]:
    """Return how far the first arm is above the second, on the same groups.

    Returns
    -------
    dict
        ``first``, ``second``, ``difference`` (first less second) and what `Estimate.spread` gives of the difference:
        ``low``, ``high``, ``p``, ``se_groups``, ``se_seeds``, ``df``, and ``why`` where these are not known.
    """
    difference = first - second
    return {"first": first.value, "second": second.value, "difference": difference.value, **difference.spread()}


def adjusted(tests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tests that are shown together, each with ``p_holm``, its p adjusted for their number; None has none."""
    values = [test["p"] for test in tests if test["p"] is not None]
    adjusted_values = iter(holm(np.array(values)).tolist() if values else [])
    return [{**test, "p_holm": None if test["p"] is None else next(adjusted_values)} for test in tests]


def p_text(value: float | None) -> str:
    """Return ``p = .11``, never rounded to the other side of .05; ``no p`` where there is none."""
    if value is None:
        return "no p"
    if value < 0.001:
        return "p < .001"
    if value > 0.99:
        return "p = 1" if value == 1 else "p > .99"
    text = f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
    return "p < .05" if value < LEVEL and float(text) >= LEVEL else f"p = {text[1:]}"


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
    stepped = np.empty_like(values)
    steps = values[order] * np.arange(len(values), 0, -1)
    stepped[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return stepped


def shapley(values: Mapping[Subset, Estimate], players: Sequence[str]) -> dict[str, Estimate]:
    """Return each player's share of the whole: the mean of what it adds, over all orders in which they may come.

    Parameters
    ----------
    values : mapping of frozenset of str to Estimate
        What each subset of the players reaches, the empty one included (chance).
    players : sequence of str

    Returns
    -------
    dict of str to Estimate
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
    subsets = [frozenset(chosen) for size in range(count + 1) for chosen in combinations(players, size)]
    missing = [sorted(subset) for subset in subsets if subset not in values]
    if missing:
        raise ValueError(f"Shapley values need every subset; {len(missing)} are missing, the first is {missing[0]}")
    shares = {}
    for player in players:
        terms = []
        for subset in subsets:
            others = len(subset - {player})
            weight = factorial(others) * factorial(count - others - 1) / factorial(count)
            terms.append((weight if player in subset else -weight, values[subset]))
        shares[player] = weighted_sum(terms)
    return shares
