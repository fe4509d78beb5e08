"""What a feature is: typed parameters, a shape declared beforehand, and an extraction.

Rank decides the branch of the network that a feature feeds: ``(frames, dims)`` a convolutional branch,
``(dims,)`` the dense one. Time comes first. A plug-in is one file with one subclass of `Feature` or
`SeriesFeature`; the file's stem is the feature's name everywhere.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticSerializationError

from fusion.errors import FusionError
from fusion.feature.parameter_file import ParameterFile
from fusion.feature.summary import check_names, summarise_series
from fusion.sound.clip import Clip, repeated


class Feature(BaseModel, ABC):
    """Base of all features: the fields are the parameters, checked strictly.

    Attributes
    ----------
    version : int
        Raise it whenever the numbers change; stored values of other versions are then left alone.
    by_clip : bool
        Whether values depend on which clip it is (`Clip.id`, `Clip.path`) and not on its sound alone. They are then
        stored for each clip, and there are none of distorted copies and mixtures.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, validate_default=True)

    version: ClassVar[int] = 1
    by_clip: ClassVar[bool] = False

    @abstractmethod
    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return the shape that `extract` gives for a clip, before anything is computed.

        Parameters
        ----------
        samples : int
            Length of the clip.
        sr : int, Hz
            Sampling rate.

        Returns
        -------
        tuple of int
            ``(frames, dims)`` or ``(dims,)``.

        Raises
        ------
        ValueError
            If the parameters make no sense for such a clip.
        """

    @abstractmethod
    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the values for one clip, float32 of exactly the declared shape."""

    def columns(self) -> tuple[str, ...]:
        """Return what each dimension is, with its unit, of a series before statistics; empty without names."""
        return ()

    def check_clips(self, ids: Sequence[str], paths: Sequence[Path]) -> None:
        """Raise FusionError unless all these clips have values; called before any clip of a data set is extracted.

        Parameters
        ----------
        ids : sequence of str
        paths : sequence of Path
            The clips' files.
        """
        return None

    def in_librosa(self) -> str:
        """Return a Python expression that gives the same by librosa, before statistics; empty: there is none.

        It may use ``y``, ``sr``, ``np`` and ``librosa``, and gives what `extract` gives, or `series` of a series.
        `fusion export` writes it into the example of a network that is used without fusion.
        """
        return ""

    def arguments(self, *names: str) -> str:
        """Return parameters as a call has them: ``n_fft=1024, hop_length=512``."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)

    def contents(self) -> dict[str, str]:
        """Return the hash of each file that is a parameter."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value.content for name, value in values.items() if isinstance(value, ParameterFile)}

    def identity(self) -> dict[str, Any]:
        """Return the parameters that values depend on as plain data; of a file, its content and not its place.

        Raises
        ------
        FusionError
            If a parameter is nothing that an experiment file can hold.
        """
        try:
            plain = self.model_dump(mode="json")
        except PydanticSerializationError as error:
            raise FusionError(
                f"{type(self).__name__}: a parameter is no text, number, truth value, list or mapping of these, so no "
                f"experiment file could hold it ({error})"
            ) from None
        sets = [name for name, value in self if isinstance(value, (set, frozenset))]
        return {**plain, **{name: sorted(plain[name], key=json.dumps) for name in sets}, **self.contents()}


class SeriesFeature(Feature):
    """A series of frames, summarised by named statistics into a vector or kept as it is.

    A subclass defines `series_shape` and `series`; its `shape` and `extract` follow from them.
    """

    statistics: tuple[str, ...] | None = Field(
        default=("mean", "std", "p10", "median", "p90", "slope", "attack", "change"),
        description="summaries over time, giving a vector; null keeps the series",
    )

    active_db: float | None = Field(
        default=None,
        gt=0,
        description="only frames within so many dB of the clip's loudest, so that silence says nothing; null: all",
    )

    @field_validator("statistics")
    @classmethod
    def _known(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None:
            check_names(names)
        return names

    @abstractmethod
    def series_shape(self, samples: int, sr: int) -> tuple[int, int]:
        """Return ``(frames, dims)`` of the series before it is summarised."""

    @abstractmethod
    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the series of one clip, ``(frames, dims)`` float32."""

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(frames, dims)`` without statistics, else ``(len(statistics) * dims,)``."""
        frames, dims = self.series_shape(samples, sr)
        return (frames, dims) if self.statistics is None else (len(self.statistics) * dims,)

    def held_series(self, clip: Clip) -> NDArray[np.float32]:
        """Return the series of one clip; raise ValueError where it has another shape than `series_shape` says.

        Statistics of it would have the declared shape all the same, and nobody would notice.
        """
        series = self.series(clip)
        declared = self.series_shape(clip.y.size, clip.sr)
        if np.shape(series) != declared:
            raise ValueError(f"series_shape says {declared}, and series gave {np.shape(series)}")
        return series

    @property
    def summarises_whole_series(self) -> bool:
        """Whether `extract` is nothing but `summarise` of `series`, so that many clips can share the call."""
        plain = type(self).extract is SeriesFeature.extract
        return plain and self.statistics is not None and self.active_db is None

    def summarise(self, series: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the statistics of clips, ``(clips, len(statistics) * dims)``, from ``(clips, frames, dims)``."""
        assert self.statistics is not None
        return summarise_series(series, self.statistics)

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the summaries, or the series itself.

        Where `active_db` is given, quieter frames are left out: the statistics are of the active frames alone, and in
        a series these are repeated until it has its declared length again.
        """
        series = self.held_series(clip)
        if self.active_db is not None:
            active = clip.active(len(series), self.active_db)
            series = repeated(series, active) if self.statistics is None else series[active]
        return series if self.statistics is None else self.summarise(series[np.newaxis])[0]


def declared_shape(feature: Feature, samples: int, sr: int) -> tuple[tuple[int, ...], str]:
    """Return the shape that a feature declares for such clips, and what is wrong with it, or an empty string."""
    try:
        shape = feature.shape(samples, sr)
    except (Exception, SystemExit) as error:  # a stranger's code
        known = "" if isinstance(error, (ValueError, FusionError)) else f"{type(error).__name__}: "
        return (), f"does not fit the clips: {known}{error}"
    sizes = shape if isinstance(shape, tuple) else ()
    if len(sizes) not in (1, 2) or not all(isinstance(size, int) and size > 0 for size in sizes):
        return (), f"declares the shape {shape}; (frames, dims) or (dims,) is needed"
    return shape, ""
