"""More to train on than there is: distorted copies and mixtures of training windows, and mixtures for a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.table import Dataset
from fusion.extraction.extract import Stretch
from fusion.extraction.windows import Windows
from fusion.settings.experiment import Experiment
from fusion.sound.mixing import MOST, choose_partners, how_many

Ints = NDArray[np.int64]

_MIXED = 4  # mixtures of each validation recording from which a threshold is chosen


@dataclass(frozen=True)
class Variants:
    """Windows beside the data set's own.

    Attributes
    ----------
    stretches : list of Stretch
    targets : (stretches, classes) bool
    variants : (variants, windows) int
        Row of each variant of a window, counted from the first of the data set's own windows; -1: it has none.
    partners : (variants, windows, most) int
        Clips that each variant of a window is mixed with, as rows of the table; -1 fills up.
    mixed : two (mixed windows,) int, or None
        Row and clip of each mixed validation window.
    """

    stretches: list[Stretch]
    targets: NDArray[np.bool_]
    variants: Ints
    partners: Ints
    mixed: tuple[Ints, Ints] | None


def vary(experiment: Experiment, dataset: Dataset, windows: Windows, pools: Ints | None) -> Variants:
    """Plan copies and mixtures of training clips as the experiment wants them, of validation clips for a threshold.

    Parameters
    ----------
    experiment : Experiment
    dataset : Dataset
    windows : Windows
        Of all its clips.
    pools : (training clips,) int or None
        Training clips are mixed within their pool alone; None: its folds, or all together.
    """
    training = experiment.training
    targets, groups = dataset.targets, dataset.groups
    split = dataset.table["split"].to_numpy()
    stretches: list[Stretch] = []
    labels: list[NDArray[np.bool_]] = []
    chosen = np.flatnonzero(split[windows.rows] == "train")
    rows = windows.rows[chosen]
    count = training.copies + training.mixes
    places = np.full((count, len(windows.rows)), -1, dtype=np.int64)
    with_clips = np.full((*places.shape, MOST), -1, dtype=np.int64)
    for number in range(training.copies):
        places[number, chosen] = len(windows.rows) + len(stretches) + np.arange(len(chosen))
        stretches += [windows.stretches[w].copy(number + 1, training.distortions) for w in chosen]
        labels.append(targets[rows])
    apart = np.zeros(len(split), dtype=np.int64) if dataset.folds is None else dataset.folds
    if pools is not None:
        apart = apart.copy()
        apart[split == "train"] = pools
    for number in range(training.copies, count):
        places[number, chosen] = len(windows.rows) + len(stretches) + np.arange(len(chosen))
        random = np.random.default_rng([1, number - training.copies])
        wanted = how_many(len(chosen), random, alone=False)
        for window, (partners, gains) in zip(
            chosen, choose_partners(targets[rows], groups[rows], apart[rows], wanted, random), strict=True
        ):
            others = [(windows.stretches[chosen[partner]], gain) for partner, gain in zip(partners, gains, strict=True)]
            stretches.append(windows.stretches[window].mixed(others))
            with_clips[number, window, : len(partners)] = rows[partners]
            every = [windows.rows[window], *rows[partners]]
            labels.append(np.asarray(targets[every].any(axis=0))[np.newaxis])
    mixed = None
    if dataset.several:
        first = len(windows.rows) + len(stretches)
        more, truth, clips = _mixed_recordings(targets, groups, windows, split)
        stretches += more
        labels.append(truth)
        mixed = (first + np.arange(len(more)), clips)
    empty = np.zeros((0, targets.shape[1]), dtype=bool)
    return Variants(stretches, np.concatenate([empty, *labels]), places, with_clips, mixed)


def _mixed_recordings(
    targets: NDArray[np.bool_], groups: Ints, windows: Windows, split: NDArray[np.object_]
) -> tuple[list[Stretch], NDArray[np.bool_], Ints]:
    """Mix whole validation recordings, window by window, so that a threshold is chosen on clips of several windows."""
    chosen = np.flatnonzero(split[windows.rows] == "validation")
    of = {group: chosen[groups[windows.rows[chosen]] == group] for group in np.unique(groups[windows.rows[chosen]])}
    mains = [mine for mine in of.values() if len(np.unique(targets[windows.rows[mine]], axis=0)) == 1]
    labels = np.array([targets[windows.rows[mine[0]]] for mine in mains])
    stretches: list[Stretch] = []
    truth: list[NDArray[np.bool_]] = []
    clips: list[int] = []
    random = np.random.default_rng(2)
    numbers, together = np.arange(len(mains)), np.zeros(len(mains), dtype=np.int64)
    clip = 0
    for _ in range(_MIXED):
        wanted = how_many(len(mains), random, alone=True)
        for main, (partners, gains) in enumerate(choose_partners(labels, numbers, together, wanted, random)):
            for step, window in enumerate(mains[main]):
                others = [
                    (windows.stretches[mains[partner][step % len(mains[partner])]], gain)
                    for partner, gain in zip(partners, gains, strict=True)
                ]
                stretches.append(windows.stretches[window].mixed(others))
                truth.append(np.asarray(labels[[main, *partners]].any(axis=0)))
                clips.append(clip)
            clip += 1
    return stretches, np.array(truth, dtype=bool).reshape(-1, targets.shape[1]), np.array(clips, dtype=np.int64)
