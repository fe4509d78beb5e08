"""Two results on the same clips: how far apart they are, and whether chance would do that."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion import evaluate
from fusion.effects import paired_difference
from fusion.errors import FusionError, listing
from fusion.result import Result

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """What the networks of a result said of its test clips.

    Attributes
    ----------
    name : str
        Experiment and digest.
    clips : dict of str to tuple of str
        Group and true label by clip, sorted.
    predicted : (seeds, clips) of str
    """

    name: str
    clips: dict[str, tuple[str, str]]
    predicted: NDArray[np.str_]


def read_predictions(folder: Path) -> Predictions:
    """Read predictions.csv of a result.

    Raises
    ------
    FusionError
        If the folder is no finished result, or the file is damaged.
    """
    metrics = Result(folder).metrics()
    path = folder / "predictions.csv"
    if metrics is None or not path.is_file():
        raise FusionError(f"{folder}: no result folder; name one that `fusion run` or `fusion evaluate` printed")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        clips = dict(sorted((row["clip"], (row["group"], row["true"])) for row in rows))
        seeds = sorted({int(row["seed"]) for row in rows})
        said = {(int(row["seed"]), row["clip"]): row["predicted"] for row in rows}
        predicted = np.array([[said[seed, clip] for clip in clips] for seed in seeds])
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise FusionError(f"{path}: damaged ({type(error).__name__}: {error}); run the experiment again") from None
    return Predictions(f"{metrics['experiment']} {metrics['digest']}", clips, predicted)


def compare(first: Predictions, second: Predictions) -> dict[str, Any]:
    """Return how the second result differs from the first.

    Parameters
    ----------
    first, second : Predictions
        Of the same clips.

    Returns
    -------
    dict
        ``first`` and ``second`` (names), ``clips``, ``groups``, ``accuracy`` and ``macro_f1`` (each ``first, second,
        difference, low, high``; accuracy with ``p``), and ``changed``: the clips that one is right about more often
        over its seeds, with the share of seeds that are right. Intervals are 95 % bootstrap intervals over groups,
        within class; p is from a sign-flip test over groups.

    Raises
    ------
    FusionError
        If the test clips differ; the message says how.
    """
    _refuse_other_clips(first, second)
    ids = list(first.clips)
    classes = sorted({*np.unique(first.predicted), *np.unique(second.predicted), *(t for _, t in first.clips.values())})
    true = np.array([classes.index(label) for _, label in first.clips.values()])
    names, numbers = np.unique([group for group, _ in first.clips.values()], return_inverse=True)
    groups = numbers.astype(np.int64)
    strata = np.array([true[groups == number][0] for number in range(len(names))])
    before, after = (_confusions(result, classes, true, groups) for result in (first, second))
    right = [(result.predicted == np.array(classes)[true]).mean(axis=0) for result in (first, second)]
    more = np.bincount(groups, right[1] - right[0])
    figures = {
        "accuracy": paired_difference(before, after, evaluate.accuracy, strata, more),
        "macro_f1": paired_difference(before, after, evaluate.macro_f1, strata),
    }
    changed = [
        {"clip": clip, "group": group, "true": label, "first": float(one), "second": float(other)}
        for (clip, (group, label)), one, other in zip(first.clips.items(), *right, strict=True)
        if one != other
    ]
    names_of = {"first": first.name, "second": second.name}
    return {**names_of, "clips": len(ids), "groups": len(names), **figures, "changed": changed}


def sentence(comparison: dict[str, Any], level: float = 0.05) -> str:
    """Return in words what a comparison shows, and what it does not."""
    found = comparison["accuracy"]
    interval = "" if found["low"] is None else f", 95 % interval {100 * found['low']:.1f} to {100 * found['high']:.1f}"
    shown = (
        "more than chance"
        if found["p"] < level
        else f"not shown to differ, with {comparison['groups']} groups to tell by"
    )
    return (
        f"{comparison['second']} minus {comparison['first']}: {100 * found['difference']:+.1f} points of accuracy"
        + (f"{interval} (sign-flip test over groups, p = {found['p']:.3f}): {shown}")
    )


def _confusions(result: Predictions, classes: list[str], true: Ints, groups: Ints) -> Ints:
    """Return ``(groups, seeds, classes, classes)``."""
    numbers = np.searchsorted(classes, result.predicted)
    return np.stack([evaluate.confusions(true, row, groups, len(classes)) for row in numbers], axis=1)


def _refuse_other_clips(first: Predictions, second: Predictions) -> None:
    if first.clips == second.clips:
        return
    only = [sorted(set(one.clips) - set(other.clips)) for one, other in ((first, second), (second, first))]
    said = [
        f"{len(names)} clips only in {of.name}:\n{listing(names, 3)}"
        for names, of in zip(only, (first, second), strict=True)
        if names
    ]
    other = sum(first.clips[clip] != second.clips[clip] for clip in set(first.clips) & set(second.clips))
    if other:
        said.append(f"{other} clips with another group or label")
    raise FusionError("the two results are not on the same test clips: " + "; ".join(said))
