"""Windows distorted to grades, with their features stored, and how far each feature shifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.extraction.checksums import remove_damaged
from fusion.extraction.extract import extract
from fusion.extraction.store import Rows, open_stores
from fusion.extraction.windows import Windows
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment
from fusion.sound.grade import Grade

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GradedWindows:
    """Windows at one grade, of those of a list of windows that leave anything to hear.

    Attributes
    ----------
    grade : Grade or None
        None: as they are.
    kept : (kept windows,) int
        Their numbers in that list; the others are silent.
    rows : dict of str to Rows
        By feature, of the kept windows.
    """

    grade: Grade | None
    kept: Ints
    rows: dict[str, Rows]


def extract_graded(
    experiment: Experiment, windows: Windows, grades: Sequence[Grade], workplace: Workplace
) -> list[GradedWindows]:
    """Store the features of windows as they are and at every grade, as far as they are not stored yet.

    Parameters
    ----------
    experiment : Experiment
    windows : Windows
        None of them damaged.
    grades : sequence of Grade
    workplace : Workplace

    Returns
    -------
    list of GradedWindows
        As they are, then at each grade.

    Raises
    ------
    FusionError
        For features whose values do not come from the sound alone, and for damaged windows.
    """
    if elsewhere := [name for name, feature in experiment.features.items() if feature.by_clip]:
        raise FusionError(
            f"feature {elsewhere[0]} has values for whole clips from elsewhere, so no distortion of the sound reaches "
            "it; take a result without it"
        )
    stores = open_stores(workplace.cache, experiment.dataset, experiment.features, experiment.sources)
    by_grade = [windows.windows, *([window.graded(grade) for window in windows.windows] for grade in grades)]
    every = [window for own in by_grade for window in own]
    remove_damaged([store.folder for store in stores], workplace)
    with workplace.progress.task("extracting distorted clips", len(every)) as advance:
        lost = extract(every, stores, workplace.workers, advance).damaged
    if damaged := [f"{window.path}: {lost[window.id]}" for window in windows.windows if window.id in lost]:
        raise FusionError(f"{damaged[0]}; this clip was sound when the networks were tested on it: bring it back")
    kept = [np.array([window.id not in lost for window in own], dtype=bool) for own in by_grade]
    keys = [window.key for own, mask in zip(by_grade, kept, strict=True) for window in compress(own, mask)]
    ends = np.cumsum([0, *(mask.sum() for mask in kept)])
    rows = {store.name: store.rows(keys) for store in stores}
    return [
        GradedWindows(
            grade,
            np.flatnonzero(mask).astype(np.int64),
            {name: values.part(np.arange(ends[number], ends[number + 1])) for name, values in rows.items()},
        )
        for number, (grade, mask) in enumerate(zip([None, *grades], kept, strict=True))
    ]
