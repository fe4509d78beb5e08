"""More to train on than there is: distorted copies and mixtures of training windows, and mixtures for a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus
from fusion.extraction.window import Window
from fusion.extraction.windows import Windows
from fusion.settings.experiment import Experiment
from fusion.sound.mixing import MOST, choose_partners, how_many

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MIXED = 4  # mixtures of each validation recording from which a threshold is chosen


@dataclass(frozen=True)
class Variants:
    """Windows beside the data set's own.

    Attributes
    ----------
    windows : list of Window
    targets : (windows, classes) bool
    rows : (variants, own windows) int
        Row of each variant of a window, counted from the first of the data set's own windows; -1: it has none.
    partners : (variants, own windows, most) int
        Clips that each variant of a window is mixed with, as rows of the table; -1 fills up.
    mixed : two (mixed windows,) int, or None
        Row and clip of each mixed validation window.
    """

    windows: list[Window]
    targets: Bools
    rows: Ints
    partners: Ints
    mixed: tuple[Ints, Ints] | None


def plan_variants(experiment: Experiment, dataset: Corpus, own: Windows, pools: Ints | None) -> Variants:
    """Plan copies and mixtures of training clips as the experiment wants them, of validation clips for a threshold.

    Parameters
    ----------
    experiment : Experiment
    dataset : Corpus
    own : Windows
        Of all its clips.
    pools : (training clips,) int or None
        Training clips are mixed within their pool alone; None: its folds, or all together.
    """
    training = experiment.training
    targets, groups = dataset.targets, dataset.groups
    training_clips = (dataset.table["split"] == "train").to_numpy()
    apart = np.zeros(len(training_clips), dtype=np.int64) if dataset.folds is None else dataset.folds[0].copy()
    if pools is not None:
        apart[training_clips] = pools
    chosen = np.flatnonzero(training_clips[own.clips])
    clips = own.clips[chosen]
    rows = np.full((training.copies + training.mixes, len(own.clips)), -1, dtype=np.int64)
    partners = np.full((*rows.shape, MOST), -1, dtype=np.int64)
    windows: list[Window] = []
    labels: list[Bools] = [np.zeros((0, targets.shape[1]), dtype=bool)]
    for number in range(len(rows)):
        rows[number, chosen] = len(own.clips) + len(windows) + np.arange(len(chosen))
        if number < training.copies:
            windows += [own.windows[window].copy(number + 1, training.distortions) for window in chosen]
            labels.append(targets[clips])
            continue
        random = np.random.default_rng([1, number - training.copies])
        wanted = how_many(len(chosen), random, alone=False)
        choices = choose_partners(targets[clips], groups[clips], apart[clips], wanted, random)
        for window, (others, gains) in zip(chosen, choices, strict=True):
            sounds = [own.windows[chosen[other]] for other in others]
            windows.append(own.windows[window].mixed(list(zip(sounds, gains, strict=True))))
            partners[number, window, : len(others)] = clips[others]
            labels.append(np.asarray(targets[[own.clips[window], *clips[others]]].any(axis=0))[np.newaxis])
    mixed = None
    if dataset.several:
        first = len(own.clips) + len(windows)
        more, truth, numbers = _mixed_recordings(dataset, own, targets[own.clips], groups[own.clips])
        windows += more
        labels.append(truth)
        mixed = (first + np.arange(len(more)), numbers)
    return Variants(windows, np.concatenate(labels), rows, partners, mixed)


def _mixed_recordings(dataset: Corpus, own: Windows, targets: Bools, groups: Ints) -> tuple[list[Window], Bools, Ints]:
    """Mix whole validation recordings, window by window, so that a threshold is chosen on clips of several windows.

    A recording is what one group plays with the same labels.

    Parameters
    ----------
    dataset : Corpus
    own : Windows
        Of all its clips.
    targets : (own windows, classes) bool
    groups : (own windows,) int

    Returns
    -------
    list of Window
    (windows, classes) bool
    (windows,) int
        The mixture that each window is of.
    """
    chosen = np.flatnonzero((dataset.table["split"] == "validation").to_numpy()[own.clips])
    played, which = np.unique(np.column_stack([groups[chosen], targets[chosen]]), axis=0, return_inverse=True)
    recordings = [chosen[which.ravel() == number] for number in range(len(played))]
    labels = played[:, 1:].astype(bool)
    mixtures: list[Window] = []
    truth: list[Bools] = []
    clips: list[int] = []
    random = np.random.default_rng(2)
    players, together = played[:, 0], np.zeros(len(recordings), dtype=np.int64)
    clip = 0
    for _ in range(_MIXED):
        wanted = how_many(len(recordings), random, alone=True)
        choices = choose_partners(labels, players, together, wanted, random)
        for main, (others, gains) in enumerate(choices):
            for step, window in enumerate(recordings[main]):
                sounds = [own.windows[recordings[other][step % len(recordings[other])]] for other in others]
                mixtures.append(own.windows[window].mixed(list(zip(sounds, gains, strict=True))))
                truth.append(np.asarray(labels[[main, *others]].any(axis=0)))
                clips.append(clip)
            clip += 1
    return mixtures, np.array(truth, dtype=bool).reshape(-1, targets.shape[1]), np.array(clips, dtype=np.int64)
