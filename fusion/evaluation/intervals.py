"""Intervals that respect groups: pure functions on counts, no files, no clips.

Conventions: ``counts`` is ``(groups, ...)``, one additive summary for each group (say its confusion matrix), so
that a resample of groups is a weighted sum. A ``statistic`` maps ``(resamples, ...)`` to ``(resamples,)`` or, where
several are asked for at once, to ``(resamples, statistics)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]

Interval = tuple[float, float]

RESAMPLES = 2000
BLOCK = 2**22  # numbers of resampled counts held at once: 32 MiB


def bootstrap_interval(
    counts: NDArray[Any],
    statistic: Statistic,
    strata: NDArray[Any] | None = None,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Return a bias-corrected and accelerated (BCa) bootstrap interval over groups.

    Parameters
    ----------
    counts : (groups, ...)
        Additive summary of each group.
    statistic : callable
        From summed counts ``(resamples, ...)`` to ``(resamples,)``.
    strata : (groups,), optional
        Groups are resampled within a stratum (a class, say). Strata of a single group are put together, a
        lone one with the smallest other: alone they could not vary, and the interval would be too narrow.
    level : float
        Coverage aimed at.
    resamples : int
    seed : int

    Returns
    -------
    tuple of float or None
        Low and high; None with fewer than two groups, or where no resample differs from another.

    Notes
    -----
    One group fewer than there are is drawn from each stratum, and scaled up: drawing all of n underestimates the
    variance by a factor of (n - 1) / n, which is half for the two instruments that a family may have.

    References
    ----------
    T. DiCiccio and B. Efron: "Bootstrap confidence intervals", Statistical Science 11(3), 1996, 189-228,
    https://doi.org/10.1214/ss/1032280214
    J. Rao and C. Wu: "Resampling inference with complex survey data", J. Am. Stat. Assoc. 83(401), 1988, 231-241,
    https://doi.org/10.1080/01621459.1988.10478591
    """

    def column(sums: Floats) -> Floats:
        return statistic(sums)[:, np.newaxis]

    return bootstrap_intervals(counts, column, strata, level=level, resamples=resamples, seed=seed)[0]


def bootstrap_intervals(
    counts: NDArray[Any],
    statistics: Statistic,
    strata: NDArray[Any] | None = None,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Interval | None]:
    """Return `bootstrap_interval` of several statistics, all from the same resamples of groups.

    Parameters
    ----------
    counts : (groups, ...)
    statistics : callable
        From summed counts ``(resamples, ...)`` to ``(resamples, statistics)``.
    strata, level, resamples, seed
        As for `bootstrap_interval`.

    Returns
    -------
    list of (tuple of float or None)
        An interval for each statistic.
    """
    from scipy.stats import norm

    groups = len(counts)
    observed = _evaluate(counts, statistics, np.ones((1, groups)))[0]
    resampled = resample(counts, statistics, strata, resamples=resamples, seed=seed)
    if resampled is None:
        return [None] * len(observed)
    left_out = _evaluate(counts, statistics, 1 - np.eye(groups))
    members = _strata(groups, strata)
    tails = norm.ppf([(1 - level) / 2, (1 + level) / 2])
    intervals: list[Interval | None] = []
    for value, values, without in zip(observed, resampled.T, left_out.T, strict=True):
        if np.ptp(values) < 1e-12:
            intervals.append(None)
            continue
        below = (np.sum(values < value) + np.sum(values <= value)) / (2 * resamples)
        bias = norm.ppf(np.clip(below, 1 / (resamples + 1), resamples / (resamples + 1)))
        shift = 1 - _acceleration(without, members) * (bias + tails)
        beyond = shift < 1e-6  # the last resample
        ranks = np.where(beyond, bias + tails > 0, norm.cdf(bias + (bias + tails) / np.where(beyond, 1, shift)))
        low, high = np.quantile(values, ranks)
        intervals.append((float(low), float(high)))
    return intervals


def expanded_level(level: float, groups: int, strata: NDArray[Any] | None = None) -> float:
    """Return the level at which an interval with a normal's tails has those of Student's t, as few groups need.

    Parameters
    ----------
    level : float
        Coverage aimed at.
    groups : int
    strata : (groups,), optional
        As for `bootstrap_interval`; t has (groups - strata) degrees of freedom.

    References
    ----------
    T. Hesterberg: "What teachers should know about the bootstrap: resampling in the undergraduate statistics
    curriculum", The American Statistician 69(4), 2015, 371-386, https://doi.org/10.1080/00031305.2015.1089789
    """
    from scipy.stats import norm, t

    freedom = max(1, groups - len(_strata(groups, strata)))
    return min(float(2 * norm.cdf(t.ppf((1 + level) / 2, freedom)) - 1), 1 - 1e-9)


def resample(
    counts: NDArray[Any],
    statistic: Statistic,
    strata: NDArray[Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Floats | None:
    """Return a statistic of resampled groups, ``(resamples, ...)``, drawn as `bootstrap_interval` says.

    None with fewer than two groups. The same number of groups, strata and seed draw the same groups.
    """
    groups = len(counts)
    if groups < 2:
        return None
    random = np.random.default_rng(seed)
    weights = np.zeros((resamples, groups))
    for stratum in _strata(groups, strata):
        size = len(stratum)
        draws = random.multinomial(size - 1, np.full(size, 1 / size), size=resamples)
        weights[:, stratum] = draws * (size / (size - 1))
    return _evaluate(counts, statistic, weights)


def _evaluate(counts: NDArray[Any], statistic: Statistic, weights: Floats) -> Floats:
    """Return the statistic of weighted sums of groups, in blocks: all sums at once may be gigabytes."""
    flat = np.asarray(counts, dtype=np.float64).reshape(len(counts), -1)
    count = -(-len(weights) * flat.shape[1] // BLOCK)
    blocks = np.array_split(weights, np.clip(count, 1, len(weights)))
    return np.concatenate([statistic((block @ flat).reshape(len(block), *np.shape(counts)[1:])) for block in blocks])


def _strata(groups: int, strata: NDArray[Any] | None) -> list[NDArray[np.intp]]:
    """Return the groups of each stratum, those of single groups together."""
    labels = np.zeros(groups, dtype=int) if strata is None else np.asarray(strata)
    members = sorted((np.flatnonzero(labels == label) for label in np.unique(labels)), key=len)
    alone = [stratum for stratum in members if len(stratum) == 1]
    if len(alone) == 1:
        alone = members[:2]
    rest = members[len(alone) :]
    return [np.concatenate(alone), *rest] if alone else rest


def _acceleration(left_out: Floats, members: list[NDArray[np.intp]]) -> float:
    """Return BCa's acceleration from the values with each group left out, for several samples."""
    cubes = squares = 0.0
    for stratum in members:
        size = len(stratum)
        if size > 1:
            influence = (size - 1) * (left_out[stratum].mean() - left_out[stratum])
            cubes += float((influence**3).sum()) / size**3
            squares += float((influence**2).sum()) / size**2
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def sign_flip_test(differences: NDArray[Any], *, draws: int = 20_000, seed: int = 0) -> float:
    """Return the two-sided p-value of a sign-flip test that paired differences are symmetric about zero.

    Parameters
    ----------
    differences : (groups,)
        The sum over each group's clips of what one method has above the other.
    draws : int
        Random assignments of signs where there are more than this many; all of them are counted otherwise.
    seed : int

    Returns
    -------
    float
        Share of assignments whose sum is at least as far from zero as the observed one; that one counts, so p is
        never 0. 1 where no group differs.

    References
    ----------
    R. Fisher: "The design of experiments", Oliver and Boyd, 1935, section 21
    B. Phipson and G. Smyth: "Permutation p-values should never be zero", Stat. Appl. Genet. Mol. Biol. 9(1), 2010,
    https://doi.org/10.2202/1544-6115.1585
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]  # a sign changes nothing there
    if not len(values):
        return 1.0
    observed = abs(values.sum()) - 1e-9 * np.abs(values).sum()  # rounding must not part equals
    if 2 ** len(values) <= draws:
        signs = 1 - 2 * ((np.arange(2 ** len(values))[:, np.newaxis] >> np.arange(len(values))) & 1)
        return float(np.mean(np.abs(signs @ values) >= observed))
    random = np.random.default_rng(seed)
    signs = 1 - 2 * random.integers(0, 2, size=(draws, len(values)), dtype=np.int8)
    return float((1 + np.sum(np.abs(signs @ values) >= observed)) / (1 + draws))
