"""One feature's values of many clips, each held to the feature's contract."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.feature.contract import Feature, SeriesFeature
from fusion.plugins.importing import line_in
from fusion.sound.clip import Clip

_TOGETHER = 64  # series summarised by one call, because a call costs more than its work for one
_MOST_BYTES = 2**24  # of series that wait for it


class Column:
    """One feature's values of clips, in the order in which these are added.

    Parameters
    ----------
    name : str
        The feature's.
    feature : Feature
    shape : tuple of int
        Of one clip's values, as declared.
    clips : int
        So many at most.
    """

    def __init__(self, name: str, feature: Feature, shape: tuple[int, ...], clips: int) -> None:
        self._name, self._feature, self._shape = name, feature, shape
        self._values = np.empty((clips, *shape), dtype=np.float32)
        self._done = 0
        self._series: list[NDArray[np.float32]] = []  # of the last clips, not yet summarised
        self._ids: list[str] = []

    def add(self, clip: Clip, clip_id: str) -> None:
        """Extract the next clip.

        Raises
        ------
        FusionError
            If the feature breaks its contract; where statistics are made, maybe not before `values`.
        """
        if isinstance(self._feature, SeriesFeature) and self._feature.summarises_whole_series:
            series = self._feature.held_series
            self._series.append(_call(lambda clip: np.array(series(clip)), self._name, self._feature, clip, clip_id))
            self._ids.append(clip_id)
            if len(self._series) == _TOGETHER or len(self._series) * self._series[-1].nbytes >= _MOST_BYTES:
                self._summarise()
        else:
            self._values[self._done] = compute(self._name, self._feature, clip, self._shape, clip_id)
            self._done += 1

    def values(self) -> NDArray[np.float32]:
        """Return the values of all clips that were added, ``(clips, *shape)``.

        Raises
        ------
        FusionError
            If the feature broke its contract.
        """
        self._summarise()
        return self._values[: self._done]

    def _summarise(self) -> None:
        if not self._series:
            return
        assert isinstance(self._feature, SeriesFeature)
        alike = len({(series.shape, series.dtype) for series in self._series}) == 1
        for chosen in [slice(None)] if alike else [slice(n, n + 1) for n in range(len(self._series))]:
            together, first = np.stack(self._series[chosen]), self._ids[chosen][0]
            values = _call(self._feature.summarise, self._name, self._feature, together, first)
            for value, clip_id in zip(values, self._ids[chosen], strict=True):
                _check(self._name, value, self._shape, clip_id)
                self._values[self._done] = value
                self._done += 1
        self._series, self._ids = [], []


def compute(name: str, feature: Feature, clip: Clip, shape: tuple[int, ...], clip_id: str) -> NDArray[np.float32]:
    """Return a feature of a clip, held to its contract.

    Raises
    ------
    FusionError
        If the feature raises, or gives another shape or type than declared, or NaN or infinity.
    """
    value: NDArray[np.float32] = _call(feature.extract, name, feature, clip, clip_id)
    _check(name, value, shape, clip_id)
    return value


def _call(
    method: Callable[[Any], NDArray[np.float32]], name: str, feature: Feature, argument: Any, clip_id: str
) -> NDArray[np.float32]:
    try:
        return method(argument)
    except FusionError as error:
        raise FusionError(f"feature {name} on clip {clip_id}: {error}") from None
    except (Exception, SystemExit) as error:  # a stranger's code
        file = inspect.getfile(type(feature))
        where = f"{Path(file).name}{line_in(file, error)}"
        raise FusionError(
            f"feature {name} failed on clip {clip_id} ({where}): {type(error).__name__}: {error}"
        ) from error


def _check(name: str, value: Any, shape: tuple[int, ...], clip_id: str) -> None:
    """Raise a FusionError for a value of another shape or type than declared, or with NaN or infinity."""
    if not isinstance(value, np.ndarray) or value.dtype != np.float32 or value.shape != shape:
        given = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
        raise FusionError(f"feature {name} on clip {clip_id}: declared float32 {shape}, gave {given}; mend its plug-in")
    if not np.isfinite(value).all():
        bad = np.count_nonzero(~np.isfinite(value))
        raise FusionError(
            f"feature {name} on clip {clip_id}: {bad} of {value.size} values are NaN or infinite; mend the feature "
            "(nothing is filled in)"
        )
