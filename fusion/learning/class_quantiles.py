"""How features of training clips are spread in each class: quantiles of the values that tell classes apart best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.extraction.part import Part
from fusion.learning.references import pool

FILE = "classes.npz"
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)

_WINDOWS = 5_000  # evenly spaced
_MOST, _OF_A_FEATURE = 8, 3  # values that are kept

Floats = NDArray[np.float32]


def write(train: Part, names: Mapping[str, Sequence[str]], path: Path) -> None:
    """Write quantiles of the values that tell classes apart best, by the F of an analysis of variance.

    Parameters
    ----------
    train : Part
        At most 5,000 of its windows are read.
    names : dict of str to sequence of str
        By feature, what `fusion.learning.references.pool` gives of it; ``<column>, <statistic>``. Of a column one
        statistic is kept, of a feature three columns, of all eight. Without names nothing is written.
    path : Path
        Of an ``.npz`` file: ``names`` ``(values,)``, ``quantiles`` ``(values, classes, 5)`` float32 at `SHARES`, NaN
        for classes without clips, ``f`` ``(values,)``, the best first.
    """
    windows = np.unique(np.linspace(0, len(train) - 1, min(_WINDOWS, len(train))).astype(np.int64))
    values, targets = pool(train, windows), train.targets[windows]
    labels = [(feature, name) for feature in train.rows for name in names.get(feature, ())]
    if len(labels) != values.shape[1]:
        return
    f = _f(values, targets.argmax(axis=1))
    chosen: list[int] = []
    for number in np.argsort(-f, kind="stable").tolist():
        feature, name = labels[number]
        columns = {_column(labels[kept]) for kept in chosen}
        of_feature = sum(labels[kept][0] == feature for kept in chosen)
        if f[number] > 0 and _column((feature, name)) not in columns and of_feature < _OF_A_FEATURE:
            chosen.append(number)
    chosen = chosen[:_MOST]
    if chosen:
        kept = np.array([labels[number][1] for number in chosen])
        np.savez_compressed(path, names=kept, quantiles=_quantiles(values[:, chosen], targets), f=f[chosen])


def _column(label: tuple[str, str]) -> tuple[str, str]:
    return label[0], label[1].rpartition(", ")[0]


def _f(values: Floats, labels: NDArray[np.int64]) -> Floats:
    """Return the F of each column, ``(dims,)``; 0 where it says nothing."""
    from sklearn.feature_selection import f_classif

    f = np.zeros(values.shape[1], dtype=np.float32)
    telling = np.isfinite(values).all(axis=0) & (np.ptp(values, axis=0) > 0)
    if telling.any() and 1 < len(np.unique(labels)) < len(labels):
        with np.errstate(divide="ignore", invalid="ignore"):  # a column may be the same within each class
            found = np.asarray(f_classif(values[:, telling].astype(np.float64), labels)[0])
        f[telling] = np.nan_to_num(found, nan=0.0, posinf=1e30)
    return f


def _quantiles(values: Floats, targets: NDArray[np.bool_]) -> Floats:
    """Return ``(dims, classes, shares)``, NaN for classes without windows."""
    quantiles = np.full((values.shape[1], targets.shape[1], len(SHARES)), np.nan, dtype=np.float32)
    for label in np.flatnonzero(targets.any(axis=0)):
        quantiles[:, label] = np.quantile(values[targets[:, label]], SHARES, axis=0).T
    return quantiles
