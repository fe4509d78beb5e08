"""A short fingerprint of a wave that forgets its level: equal fingerprints are one sound, louder or softer.

Extracted and stored like any feature, beside those of the experiment, but never fed to a network.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

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
_REACH = float(np.sqrt(2 * (1 - _SAME)))  # distance of their fingerprints
_FIRST = 8  # numbers of a fingerprint by which likely copies are found
_BLOCK = 2**16  # pairs that are compared at once

Ints = NDArray[np.int64]
Values = NDArray[np.float32]


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


def level_copies(fingerprints: Values, groups: Ints) -> Ints:
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
    tree, heard = _near(fingerprints, groups, np.arange(len(groups)))
    return _confirmed(fingerprints, heard[tree.query_pairs(_REACH, output_type="ndarray")])


def copies_across(fingerprints: Values, groups: Ints, tested: NDArray[np.bool_]) -> Ints:
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
    (tests, first), (others, second) = (
        _near(fingerprints, np.zeros(len(groups)), np.flatnonzero(part)) for part in (tested, ~tested)
    )
    near = tests.sparse_distance_matrix(others, _REACH, output_type="ndarray")
    pairs = _confirmed(fingerprints, np.column_stack([first[near["i"]], second[near["j"]]]))
    return pairs[groups[pairs[:, 0]] != groups[pairs[:, 1]]]


def _near(fingerprints: Values, groups: NDArray[Any], clips: Ints) -> tuple[Any, Ints]:
    """Return a tree of clips that are heard, in which copies of one group lie near each other; and their numbers.

    It knows the first of a fingerprint's numbers only: those of few other sounds are as near, which makes the search
    fast. Groups lie a unit apart.
    """
    from scipy.spatial import KDTree  # slow to import, and workers need none

    heard = clips[fingerprints[clips].any(axis=1)]
    return KDTree(np.column_stack([groups[heard], fingerprints[heard, :_FIRST]])), heard


def _confirmed(fingerprints: Values, pairs: Ints) -> Ints:
    """Return those of some pairs that are one sound, in order."""
    blocks = np.split(pairs, range(_BLOCK, len(pairs), _BLOCK))
    distances = [
        np.square(fingerprints[block[:, 0]].astype(np.float64) - fingerprints[block[:, 1]]).sum(axis=1)
        for block in blocks
    ]
    same = pairs[np.concatenate(distances) <= _REACH**2]
    return same[np.lexsort((same[:, 1], same[:, 0]))].astype(np.int64)
