"""Clips of a data set that are one sound at two levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus
from fusion.extraction.store import Store
from fusion.extraction.wave_fingerprint import copies_across, level_copies
from fusion.extraction.windows import Windows

Ints = NDArray[np.int64]


def find_level_copies(dataset: Corpus, windows: Windows, fingerprints: Store) -> Ints:
    """Return the pairs of clips that are one sound at two levels, ``(pairs, 2)`` rows of the table.

    Those of one group, and those of two of which one is in test and the other one in another split.

    Parameters
    ----------
    dataset : Corpus
        Of single notes: a clip has one window.
    windows : Windows
        Of its clips; some may have none.
    fingerprints : Store
        Holds the `WaveFingerprint` of each window.
    """
    values = fingerprints.rows(windows.keys).take()
    groups, tested = dataset.groups[windows.clips], (dataset.table["split"] == "test").to_numpy()[windows.clips]
    pairs = np.concatenate([level_copies(values, groups), copies_across(values, groups, tested)])
    return np.asarray(windows.clips[pairs])
