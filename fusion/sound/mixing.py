"""Several sounds at once: mixtures of clips with their labels united, as music has them.

Sound is mixed before anything is extracted: features are no sums. An MFCC is a logarithm of a spectrum, so what mixing
features would give (as `training.mixup` does) is a clip that no orchestra can play; and features of a mixture are
stored once, so that an epoch costs the same with mixtures as without.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

VERSION = 1  # raise when a mixture's sound or its choice of clips changes

SOFTEST = -6.0
"""Level of the softest partner, in dB below the clip that it is mixed with; the loudest is as loud."""

MOST = 2
"""Partners of a clip, at most."""

_SILENT = 1e-6  # root mean square below which a sound cannot be brought to a level

Ints = NDArray[np.int64]


def mix(sounds: Sequence[NDArray[np.float32]], gains: Sequence[float]) -> NDArray[np.float32]:
    """Return the sum of sounds, at the level of the first.

    Parameters
    ----------
    sounds : sequence of (samples,) float32
    gains : sequence of float, dB
        Root mean square of each sound against the first's; the first gain is 0.

    Returns
    -------
    (samples,) float32
        With the root mean square that the first sound would have if sounds did not correlate.
    """
    level = _level(sounds[0])
    whole = sum(10 ** (gain / 20) * level / max(_level(y), _SILENT) * y for y, gain in zip(sounds, gains, strict=True))
    power = sum(10 ** (gain / 10) for gain in gains)
    return np.asarray(whole / np.sqrt(power), dtype=np.float32)


def _level(y: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))


def choose_partners(
    targets: NDArray[np.bool_], groups: Ints, pools: Ints, counts: Ints, random: np.random.Generator
) -> list[tuple[list[int], list[float]]]:
    """Choose clips and gains to mix each clip with.

    Parameters
    ----------
    targets : (clips, classes) bool
        Labels of each clip.
    groups : (clips,) int
        A clip's partners come from other groups.
    pools : (clips,) int
        And from its own pool: folds must not mix, or training would hear what is held out.
    counts : (clips,) int
        Partners wanted; fewer where there are not enough classes.
    random : Generator

    Returns
    -------
    list of (list of int, list of float)
        Of each clip: numbers of its partners, no two with a label in common, and their gains in dB.
    """
    chosen: list[tuple[list[int], list[float]]] = []
    members = {pool: np.flatnonzero(pools == pool) for pool in np.unique(pools)}
    for clip, count in enumerate(counts):
        heard, partners = targets[clip].copy(), []
        for _ in range(int(count)):
            others = members[pools[clip]]
            others = others[(groups[others] != groups[clip]) & ~(targets[others] & heard).any(axis=1)]
            if not len(others):
                break
            partner = int(random.choice(others))
            heard |= targets[partner]
            partners.append(partner)
        chosen.append((partners, [float(random.uniform(SOFTEST, 0.0)) for _ in partners]))
    return chosen


def how_many(clips: int, random: np.random.Generator, alone: bool) -> Ints:
    """Return how many partners each clip gets.

    Parameters
    ----------
    clips : int
    random : Generator
    alone : bool
        Whether some get none: three in six, then one in two of six and two in one of six, so that instruments are heard
        in falling numbers as in music. Otherwise one or two, two to one.
    """
    counts = ([0, 1, 2], [3 / 6, 2 / 6, 1 / 6]) if alone else ([1, 2], [2 / 3, 1 / 3])
    return random.choice(counts[0], size=clips, p=counts[1]).astype(np.int64)
