"""One method for every interval and every test: a t over groups within their class and over seeds.

The question is always the same: classes fixed, groups (instruments, songs) random within their class, seeds random,
one training set. `of_arm` makes an estimate of what one arm reaches, `weighted_sum` one of several arms, and
each says its own interval and p-value, from one and the same t. So p is below 0.05 exactly where 0 is outside the
95 % interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.95

ONE_GROUP = "one group: how much groups vary cannot be known; test on more of them"
ONE_SEED = "one seed: how much seeds vary cannot be known; train three or more (--seeds 3)"
NO_VARIATION = "no group differs from another, so there is no variation to judge by"


@dataclass(frozen=True)
class SeedVariance:
    """What an arm's seeds add to the variance of its mean over them.

    Attributes
    ----------
    variance : float
        Of the mean over seeds, without the part that is noise of groups.
    df : int
        Seeds less one; 0 for a single seed, whose variance is not known.
    """

    variance: float
    df: int


@dataclass(frozen=True)
class Estimate:
    """A number with what is needed to say how sure it is: one arm's metric, or a weighted sum of several arms'.

    Attributes
    ----------
    value : float
        Mean over seeds.
    by_group : (groups,)
        What each group contributes to the deviation from other draws of groups; linear, so differences subtract it.
    strata : (groups,) int
        Groups are drawn within a stratum, which is their class. All estimates of one sum have the same groups.
    seeds : mapping of object to tuple of float and SeedVariance
        By arm: its weight in the sum and its variance. An arm whose weights cancel adds nothing.
    """

    value: float
    by_group: Floats
    strata: Ints
    seeds: Mapping[object, tuple[float, SeedVariance]]

    def __sub__(self, other: Estimate) -> Estimate:
        """Return the difference, paired group by group."""
        return weighted_sum([(1.0, self), (-1.0, other)])

    def spread(self, level: float = LEVEL) -> dict[str, Any]:
        """Return how sure the number is.

        Parameters
        ----------
        level : float
            Coverage of the interval.

        Returns
        -------
        dict
            ``low`` and ``high`` (ends of the interval), ``p`` (two-sided, of the value being 0), ``se_groups`` and
            ``se_seeds`` (standard errors over groups and over seeds), ``df`` (degrees of freedom of the t, by Welch
            and Satterthwaite). Where that cannot be known, all are None, and ``why`` says why.

        References
        ----------
        F. Satterthwaite: "An approximate distribution of estimates of variance components", Biometrics Bulletin 2(6),
        1946, 110-114, https://doi.org/10.2307/3002019
        W. Cochran: "Sampling techniques", 3rd ed., Wiley, 1977, chapters 5 and 6 (stratified samples, ratios)
        """
        from scipy.special import stdtr, stdtrit  # Student's t; scipy.stats calls them, and takes a second to import

        seeds = [(weight**2 * part.variance, part.df) for weight, part in self.seeds.values() if weight]
        groups, df_groups = _variance(self.by_group, self.strata)
        total = groups + sum(variance for variance, _ in seeds)
        for unknown, why in (
            (not df_groups, ONE_GROUP),
            (any(not own for _, own in seeds), ONE_SEED),
            (not total > 1e-18, NO_VARIATION),  # less is rounding; not a number, too
        ):
            if unknown:
                return {**dict.fromkeys(("low", "high", "p", "se_groups", "se_seeds", "df")), "why": why}
        df = total**2 / (groups**2 / df_groups + sum(variance**2 / own for variance, own in seeds))
        error = float(np.sqrt(total))
        reach = float(stdtrit(df, (1 + level) / 2)) * error
        return {
            "low": self.value - reach,
            "high": self.value + reach,
            "p": float(2 * stdtr(df, -abs(self.value) / error)),
            "se_groups": float(np.sqrt(groups)),
            "se_seeds": float(np.sqrt(total - groups)),
            "df": float(df),
        }


def constant(value: float, strata: Ints) -> Estimate:
    """Return a number that varies with nothing."""
    return Estimate(value, np.zeros(len(strata)), strata, {})


def weighted_sum(terms: Sequence[tuple[float, Estimate]]) -> Estimate:
    """Return a weighted sum of estimates, paired group by group.

    Raises
    ------
    ValueError
        If their groups differ.
    """
    strata = terms[0][1].strata
    seeds: dict[object, tuple[float, SeedVariance]] = {}
    for weight, estimate in terms:
        if not np.array_equal(strata, estimate.strata):
            raise ValueError("estimates over other groups cannot be added")
        for arm, (own, variance) in estimate.seeds.items():
            seeds[arm] = seeds.get(arm, (0.0,))[0] + weight * own, variance
    value = sum(weight * estimate.value for weight, estimate in terms)
    return Estimate(value, np.sum([weight * estimate.by_group for weight, estimate in terms], axis=0), strata, seeds)


def of_arm(values: Floats, by_group: Floats, strata: Ints, seeded: bool = True) -> Estimate:
    """Return the estimate of one arm's mean over its seeds.

    Parameters
    ----------
    values : (seeds,)
        The metric of each seed.
    by_group : (groups, seeds)
        What each group contributes to it, as `linearise` gives it.
    strata : (groups,) int
    seeded : bool
        Whether it varies with the seed; what does not has one value, which is exact.

    Notes
    -----
    The variance of values over seeds has a part that comes from the groups: seeds that are right about other groups.
    It is in the variance over groups already, and is taken off.
    """
    count = len(values)
    part = SeedVariance(0.0, count - 1)
    if count > 1:
        deviations = by_group - by_group.mean(axis=1, keepdims=True)
        noise = sum(_variance(deviation, strata)[0] for deviation in deviations.T) / (count - 1)
        part = SeedVariance(max(0.0, float(values.var(ddof=1) - noise) / count), count - 1)
    return Estimate(float(values.mean()), by_group.mean(axis=1), strata, {object(): (1.0, part)} if seeded else {})


def linearise(metric: Any, counts: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return a metric of each seed, and what each group contributes to it.

    Parameters
    ----------
    metric : callable
        From summed counts ``(seeds, ...)`` to ``(seeds, ...)``; the same for counts that are all multiplied.
    counts : (groups, seeds, ...)
        Additive over groups.

    Returns
    -------
    values : (seeds, ...)
    by_group : (groups, seeds, ...)
        The derivative of the metric in the direction of each group's counts; of a ratio a / b it is (a_g - value b_g)
        / b. They add up to 0 over groups.
    """
    sums = np.asarray(counts, dtype=np.float64).sum(axis=0)
    step = 1e-5 * counts  # a central difference of it is exact to ten digits
    return metric(sums), (metric(sums + step) - metric(sums - step)) / 2e-5


def strata_of(groups: int, labels: NDArray[Any] | None) -> Ints:
    """Return the stratum of each group, those of single groups together: alone they could not vary.

    Parameters
    ----------
    groups : int
    labels : (groups,) or None
        Their classes; None: all are in one stratum.
    """
    if labels is None:
        return np.zeros(groups, dtype=np.int64)
    strata, sizes = np.unique(labels, return_inverse=True, return_counts=True)[1:]
    alone = np.flatnonzero(sizes == 1)
    return np.where(np.isin(strata, alone), alone[0] if len(alone) else 0, strata).astype(np.int64)


def aligned(
    first: Floats, second: Floats, names: tuple[NDArray[Any], NDArray[Any]], strata: tuple[Ints, Ints]
) -> tuple[Floats, Floats, Ints]:
    """Return what two sets of groups contribute over the groups of both, so that one may be taken from the other.

    Parameters
    ----------
    first, second : (groups, seeds)
        As `linearise` gives them.
    names : two of (groups,) of str
        A group that both sets have is paired with itself; the others are drawn apart.
    strata : two of (groups,) int

    Returns
    -------
    first, second : (all groups, seeds)
        0 for groups of the other set.
    strata : (all groups,)
    """
    every = np.unique(np.concatenate(names))
    labels = np.zeros((len(every), 2), dtype=np.int64)
    both = []
    for side, by_group in enumerate((first, second)):
        rows = np.searchsorted(every, names[side])
        labels[rows, side] = strata[side] + 1
        both.append(np.zeros((len(every), by_group.shape[1])))
        both[side][rows] = by_group
    return both[0], both[1], strata_of(len(every), np.unique(labels, axis=0, return_inverse=True)[1].ravel())


def _variance(by_group: Floats, strata: Ints) -> tuple[float, int]:
    """Return the variance of the sum of groups drawn within strata, and its degrees of freedom.

    A group that is alone in its stratum is taken to vary as one of the other strata does on average.
    """
    sizes = np.bincount(strata)
    means = np.bincount(strata, by_group) / np.maximum(sizes, 1)
    squares = np.bincount(strata, (by_group - means[strata]) ** 2)
    several = sizes > 1
    df = int((sizes[several] - 1).sum())
    variance = (squares[several] * sizes[several] / (sizes[several] - 1)).sum()
    alone = (sizes == 1).sum() * squares.sum() / max(df, 1)
    return float(variance + alone), df
