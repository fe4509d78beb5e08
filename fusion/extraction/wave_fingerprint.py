"""A short fingerprint of a wave that forgets its level: equal fingerprints are one sound, louder or softer.

Extracted and stored like any feature, beside those of the experiment, but never fed to a network.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fusion.feature.contract import Feature
from fusion.plugins.registry import FEATURES, Source
from fusion.sound.clip import Clip

NAME = "_wave_fingerprint"  # no plug-in can have this name
_STORED_AS = "fusion.extraction.wave_fingerprint"  # stays as it is wherever this module is, or stored ones are lost
SOURCE = Source(FEATURES, NAME, module=__name__, package="fusion", stored_as=_STORED_AS)

_SIZE = 128
_SAME = 0.999  # cosine of two waveforms from which they count as one sound at two levels
_BLOCK = 2048  # clips that are compared with all test clips at once


class WaveFingerprint(Feature):
    """The waveform at unit energy, hashed to 128 numbers: random signs, then a sum over each 128th sample.

    Squared distances of fingerprints are unbiased estimates of those of the waveforms, with a relative standard error
    of about an eighth. A silent clip gives zeros.

    References
    ----------
    K. Weinberger, A. Dasgupta, J. Langford, A. Smola and J. Attenberg: "Feature hashing for large scale multitask
    learning", ICML 2009, 1113-1120, https://doi.org/10.1145/1553374.1553516
    """

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(128,)``."""
        return (_SIZE,)

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the fingerprint."""
        padded = np.zeros(-(-clip.y.size // _SIZE) * _SIZE, dtype=np.float32)
        padded[: clip.y.size] = clip.y
        energy = float(np.sqrt(padded @ padded))
        if energy == 0:
            return np.zeros(_SIZE, dtype=np.float32)
        folded = (padded * _signs(padded.size)).reshape(-1, _SIZE).sum(axis=0)
        return np.asarray(folded / energy, dtype=np.float32)


@lru_cache(maxsize=4)
def _signs(size: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.float32), size)


def level_copies(fingerprints: NDArray[np.float32], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the pairs of clips of one group that are the same sound at two levels.

    Parameters
    ----------
    fingerprints : (clips, 128) float32
    groups : (clips,) int

    Returns
    -------
    (pairs, 2) int64
        Clip numbers, the smaller first.
    """
    pairs = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        mine = fingerprints[members].astype(np.float64)
        first, second = np.nonzero(np.triu(_same(mine, mine), k=1))
        pairs.append(np.column_stack([members[first], members[second]]))
    return np.concatenate(pairs).astype(np.int64) if pairs else np.empty((0, 2), dtype=np.int64)


def copies_across(
    fingerprints: NDArray[np.float32], groups: NDArray[np.int64], tested: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the pairs of a test clip and a clip of another split and group that are the same sound at two levels.

    Parameters
    ----------
    fingerprints : (clips, 128) float32
    groups : (clips,) int
    tested : (clips,) bool

    Returns
    -------
    (pairs, 2) int64
        Clip numbers, that of the test clip first.
    """
    test, rest = np.flatnonzero(tested), np.flatnonzero(~tested)
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(rest), _BLOCK):
        others = rest[start : start + _BLOCK]
        first, second = np.nonzero(_same(fingerprints[test], fingerprints[others]))
        found = np.column_stack([test[first], others[second]])
        pairs.append(found[groups[found[:, 0]] != groups[found[:, 1]]])
    return np.concatenate(pairs)


def _same(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Say which clips are the same sound, ``(clips of the first, clips of the second)``; silent ones never are."""
    squares, others = (np.square(values).sum(axis=1) for values in (first, second))
    distances = first @ second.T
    distances *= -2
    distances += np.where(squares > 0, squares, np.inf)[:, np.newaxis]
    distances += others
    return np.asarray(distances <= 2 * (1 - _SAME))
