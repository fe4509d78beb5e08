"""Figures of merit: pure functions on class numbers and confusion matrices.

Conventions: class numbers are ints from 0; a confusion matrix is ``(..., classes, classes)`` with true classes
in rows. Every figure is a function of confusion matrices, so intervals resample groups by adding theirs up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.intervals import bootstrap_interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def confusions(true: Ints, predicted: Ints, groups: Ints, classes: int) -> Ints:
    """Return one confusion matrix a group.

    Parameters
    ----------
    true, predicted : (clips,) int
    groups : (clips,) int
        Group numbers from 0.
    classes : int

    Returns
    -------
    (groups, classes, classes) int
        True classes in rows.
    """
    count = int(groups.max()) + 1
    cells = (groups * classes + true) * classes + predicted
    return np.bincount(cells, minlength=count * classes**2).reshape(count, classes, classes).astype(np.int64)


def accuracy(confusion: NDArray[Any]) -> Floats:
    """Return the share of clips on the diagonal, ``(...)``; equal to micro-averaged F1 for one label a clip."""
    hits = np.trace(confusion, axis1=-2, axis2=-1)
    return np.asarray(hits / np.maximum(confusion.sum(axis=(-2, -1)), 1), dtype=np.float64)


def class_scores(confusion: NDArray[Any]) -> dict[str, Floats]:
    """Return precision, recall, F1 and support of each class, ``(..., classes)``; 0 where undefined."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(np.float64)
    support = confusion.sum(axis=-1).astype(np.float64)
    chosen = confusion.sum(axis=-2).astype(np.float64)
    return {
        "precision": hits / np.where(chosen > 0, chosen, 1),
        "recall": hits / np.where(support > 0, support, 1),
        "f1": 2 * hits / np.where(support + chosen > 0, support + chosen, 1),
        "support": support,
    }


def macro_f1(confusion: NDArray[Any]) -> Floats:
    """Return the mean F1 of the classes that occur among the true ones, ``(...)``."""
    scores = class_scores(confusion)
    occurs = scores["support"] > 0
    return np.asarray((scores["f1"] * occurs).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))


FIGURES: dict[str, Callable[[NDArray[Any]], Floats]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "micro_f1": accuracy,
}


def summarise(
    counts: NDArray[Any], strata: NDArray[Any] | None, figures: dict[str, Callable[[NDArray[Any]], Floats]] = FIGURES
) -> dict[str, dict[str, Any]]:
    """Return every figure over seeds, with an interval over groups.

    Parameters
    ----------
    counts : (groups, seeds, ...)
        Confusion matrices, or what else the figures are functions of.
    strata : (groups,) or None
        The class of each group; groups are resampled within class. None: groups have clips of several classes.
    figures : dict of str to callable

    Returns
    -------
    dict
        Figure to ``{mean, std, low, high, per_seed}``: mean and standard deviation (ddof 1; 0 for one seed)
        over seeds, a 95 % BCa interval of the seed mean over groups (None with one group).
    """
    summaries = {}
    for name, figure in figures.items():
        per_seed = figure(counts.sum(axis=0))

        def seed_mean(sums: Floats, figure: Callable[[NDArray[Any]], Floats] = figure) -> Floats:
            return figure(sums).mean(axis=-1)

        summaries[name] = _summary(per_seed, bootstrap_interval(counts, seed_mean, strata))
    return summaries


def _summary(per_seed: Floats, interval: tuple[float, float] | None) -> dict[str, Any]:
    low, high = interval or (None, None)
    std = float(per_seed.std(ddof=1)) if len(per_seed) > 1 else 0.0
    return {"mean": float(per_seed.mean()), "std": std, "low": low, "high": high, "per_seed": per_seed.tolist()}


def per_class(
    counts: NDArray[Any],
    strata: NDArray[Any] | None,
    classes: Sequence[str],
    enough: int,
    scores_of: Callable[[NDArray[Any]], dict[str, Floats]] = class_scores,
) -> dict[str, Any]:
    """Return each class' scores, means over seeds; with `enough` groups also an interval of its F1.

    Parameters
    ----------
    counts : (groups, seeds, ...)
        As for `summarise`.
    strata : (groups,) int or None
        The class of each group.
    classes : sequence of str
    enough : int
        Groups that a class needs for an interval of its own.
    scores_of : callable
        From summed counts to precision, recall, F1 and support, ``(..., classes)`` each.

    Returns
    -------
    dict
        Class to ``{precision, recall, f1, support, groups, low, high}``.
    """
    scores = {name: values.mean(axis=0) for name, values in scores_of(counts.sum(axis=0)).items()}
    support = scores_of(counts[:, 0])["support"]
    table = {}
    for number, label in enumerate(classes):
        groups = int(np.count_nonzero(support[:, number]))

        def f1(sums: Floats, number: int = number) -> Floats:
            return scores_of(sums)["f1"][..., number].mean(axis=-1)

        interval = bootstrap_interval(counts, f1, strata) if groups >= enough else None
        low, high = interval or (None, None)
        row = {name: float(values[number]) for name, values in scores.items()}
        table[label] = {**row, "support": round(row["support"]), "groups": groups, "low": low, "high": high}
    return table
