"""Which distortions a stress test has, and at which levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fusion.errors import FusionError, did_you_mean
from fusion.settings.training import TrainingSettings
from fusion.sound.grade import Grade
from fusion.sound.graded import GRADED, IMPULSE

Kinds = Mapping[str, Sequence[float] | None]


def choose_grades(kinds: Kinds | None, count: int | None, impulse: Path | None) -> list[Grade]:
    """Return the grades of a stress test, each distortion's from mild to severe.

    Parameters
    ----------
    kinds : dict of str to sequence of float, or None
        Levels of each distortion, None: those of `GRADED`. None in place of the dict: all distortions.
    count : int or None
        So many of the levels that `GRADED` has, from the mildest to the most severe; None: all.
    impulse : Path or None
        A recorded impulse response, which adds a distortion.

    Raises
    ------
    FusionError
        For unknown distortions and levels that cannot be.
    """
    wanted = dict.fromkeys(kind for kind in GRADED if kind != IMPULSE) if kinds is None else dict(kinds)
    if impulse is not None:
        wanted.setdefault(IMPULSE, None)
    for kind in wanted:
        if kind not in GRADED:
            raise FusionError(
                f"--with {kind}: no such distortion{did_you_mean(kind, GRADED)} (known: {', '.join(GRADED)})"
            )
    if IMPULSE in wanted and impulse is None:
        raise FusionError(f"--with {IMPULSE}: needs a recorded impulse response; name it with --impulse FILE")
    if not wanted:
        raise FusionError(f"--with: name distortions (known: {', '.join(GRADED)})")
    file = {kind: impulse if kind == IMPULSE else None for kind in wanted}
    return [
        Grade(kind, level, file[kind])
        for kind in GRADED
        if kind in wanted
        for level in _levels(kind, wanted[kind], count)
    ]


def trained_with(training: TrainingSettings, kind: str) -> bool:
    """Say whether copies of training clips may have had a distortion."""
    return bool(training.copies) and kind in training.distortions


def _levels(kind: str, own: Sequence[float] | None, count: int | None) -> list[float]:
    return _spread(kind, count) if own is None else _checked(kind, own)


def _spread(kind: str, count: int | None) -> list[float]:
    levels = GRADED[kind].levels
    most = max(len(graded.levels) for graded in GRADED.values())
    if count is not None and not 1 <= count <= most:
        raise FusionError(f"--levels {count}: from 1 to {most}; levels of your own are written --with {kind}=1:2:3")
    number = min(count or len(levels), len(levels))
    places = np.linspace(0, len(levels) - 1, number) if number > 1 else [len(levels) // 2]
    return [levels[round(float(place))] for place in places]


def _checked(kind: str, levels: Sequence[float]) -> list[float]:
    graded = GRADED[kind]
    rising = graded.levels[-1] > graded.levels[0]
    for level in levels:
        if not isinstance(level, (int, float)):
            raise FusionError(f"--with {kind}={level}: levels are numbers, in {graded.unit} ({graded.label})")
        if not (math.isfinite(level) and graded.least <= level <= graded.most):
            raise FusionError(
                f"--with {kind}={level:g}: levels go from {graded.least:g} to {graded.most:g} {graded.unit} "
                f"({graded.label})"
            )
    if not levels:
        raise FusionError(f"--with {kind}: no level; write {kind} for those of fusion, or {kind}=1:2:3")
    ordered = sorted({float(level) for level in levels}, reverse=not rising)
    return sorted(ordered, key=abs) if graded.around_0 else ordered
