"""Clips of two splits, or folds, that are one sound though their bytes differ: likely ones first, then compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fusion.audit.similarity import ALIKE, VERSION, WindowPair
from fusion.audit.spectral_fingerprint import OVERLAPPING, WHOLE, candidates
from fusion.datasets.corpus import Corpus
from fusion.extraction.store import Store
from fusion.extraction.windows import Windows
from fusion.runtime.memory import remembered
from fusion.runtime.workplace import Workplace
from fusion.settings.dataset import DatasetSettings

_DELAY = 0.07  # s that encoders may add; notes of one pitch with few overtones are alike when they are shifted further


@dataclass(frozen=True)
class ClipPair:
    """Two clips that are one sound: rows of the table, how alike (0 to 1), by how much the second is later (s)."""

    first: int
    second: int
    similarity: float
    offset: float


def find_near_identical(
    dataset: Corpus,
    windows: Windows,
    fingerprints: Store,
    level_copies: NDArray[np.int64],
    settings: DatasetSettings,
    workplace: Workplace,
) -> list[ClipPair]:
    """Return pairs of clips of two splits, or folds, that are one sound but neither the same bytes nor, in one group,
    level copies.

    Parameters
    ----------
    dataset : Corpus
    windows : Windows
        Of its sound clips.
    fingerprints : Store
        Holds the `SpectralFingerprint` of each window.
    level_copies : (pairs, 2) int
        Rows of clips that are one sound at two levels.
    settings : DatasetSettings
    workplace : Workplace

    Raises
    ------
    FusionError
        If a sound that could be read before cannot be read now.
    """
    values = fingerprints.rows(windows.keys).take()
    places = np.unique(dataset.places, return_inverse=True)[1]
    cosine, reach = (WHOLE, _DELAY) if settings.single_notes else (OVERLAPPING, settings.samples / settings.sr)
    content, group = dataset.table["content"].to_numpy(), dataset.table["group"].to_numpy()
    known = {(int(first), int(second)) for first, second in level_copies if group[first] == group[second]}
    tasks: dict[str, WindowPair] = {}
    clips_of: dict[str, set[tuple[int, int]]] = {}  # byte-identical clips have windows in common
    for one, other in candidates(values, places[windows.clips], cosine):
        clips = int(windows.clips[one]), int(windows.clips[other])
        if content[clips[0]] != content[clips[1]] and clips not in known:
            task = WindowPair(windows.windows[one], windows.windows[other], reach)
            tasks[task.key] = task
            clips_of.setdefault(task.key, set()).add(clips)
    table, function = workplace.cache / "similarity.sqlite", "fusion.audit.similarity:compare_windows"
    with workplace.progress.task("comparing likely copies", len(tasks)) as advance:
        compared = remembered(table, VERSION, tasks, function, workers=workplace.workers, advance=advance)
    best: dict[tuple[int, int], ClipPair] = {}
    for key, (similarity, lag) in compared.items():
        offset = tasks[key].second.start + lag - tasks[key].first.start
        for clips in clips_of[key] if similarity >= ALIKE else ():
            if clips not in best or best[clips].similarity < similarity:
                best[clips] = ClipPair(*clips, similarity, offset)
    return [best[clips] for clips in sorted(best)]
