"""Features of sound: the registry, and any of its features computed from an array."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from fusion.api.options import FilePath
from fusion.errors import FusionError
from fusion.extraction.column import compute
from fusion.feature import listing
from fusion.feature.contract import Feature, SeriesFeature, declared_shape
from fusion.feature.registry import build
from fusion.plugins.registry import FEATURES, discover, find
from fusion.sound.clip import Clip
from fusion.sound.reading import DamagedError, audio_size, read_audio

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def extract(
    name: str, y: ArrayLike, sr: int, /, *, plugins: Sequence[FilePath] = (), **parameters: Any
) -> NDArray[Any]:
    """Return a feature of a sound.

    Parameters
    ----------
    name : str
        As `features` lists it.
    y : (samples,) array_like
        Mono, -1 to 1.
    sr : int, Hz
        Sampling rate.
    plugins : sequence of path
        Folders with features of your own; their code is run.
    **parameters
        Of the feature, which may have an `sr` of its own; the others have their defaults. Paths of files are relative
        to where Python runs.

    Returns
    -------
    (frames, dims) or (dims,) float32
        What a network gets, before it is scaled.

    Raises
    ------
    FusionError
        For an unknown feature, parameters that it does not take, or sound that is no mono signal of real numbers.

    Examples
    --------
    >>> import fusion
    >>> import numpy as np
    >>> y = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> fusion.extract("spectral_centroid", y, 16000, statistics=None).shape
    (32, 1)
    """
    feature = _build(name, plugins, parameters)
    sound = np.asarray(y)
    if not np.issubdtype(sound.dtype, np.floating) and sound.size:
        raise FusionError(
            f"feature {name}: sound is real numbers from -1 to 1, found {sound.dtype}; divide 16-bit samples by 32768"
        )
    try:
        clip = Clip(np.ascontiguousarray(sound, dtype=np.float32), sr)
    except (TypeError, ValueError) as error:
        raise FusionError(f"feature {name}: {error}") from None
    return _compute(name, feature, clip, "this sound")


def plot_feature(name: str, audio: FilePath, /, *, plugins: Sequence[FilePath] = (), **parameters: Any) -> Figure:
    """Draw a feature of a sound file under its waveform: a series before its statistics.

    Parameters
    ----------
    name : str
        As `features` lists it.
    audio : path
        A sound file; it is taken at its own sampling rate.
    plugins : sequence of path
        Folders with features of your own; their code is run.
    **parameters
        Of the feature; the others have their defaults.

    Returns
    -------
    matplotlib Figure
        ``.savefig(file)`` saves it; a notebook shows it.

    Raises
    ------
    FusionError
        For an unknown feature, parameters that it does not take, or a file that is no sound.
    """
    from fusion.report.feature_plot import plot_series, plot_vector

    feature, path = _build(name, plugins, parameters), Path(audio)
    try:
        samples, sr = audio_size(path)
        clip = Clip(read_audio(path, sr, 0.0, samples / sr), sr, path=path)
    except DamagedError as error:
        raise FusionError(f"{path}: {error}") from None
    title = f"{name} of {path.name}, {sr} Hz"
    active_db = getattr(feature, "active_db", None)
    if isinstance(feature, SeriesFeature):
        feature = feature.model_copy(update={"statistics": None, "active_db": None})
    values = _compute(name, feature, clip, path.name)
    if values.ndim == 1:
        return plot_vector(clip, values, feature.columns(), title)
    hop = getattr(feature, "hop_length", clip.y.size / max(len(values) - 1, 1))
    active = None
    if active_db is not None and isinstance(feature, SeriesFeature):
        active = clip.active(len(values), active_db)
    return plot_series(clip, values, hop / sr, feature.columns(), title, active)


def _build(name: str, plugins: Sequence[FilePath], parameters: dict[str, Any]) -> Feature:
    try:
        sources = discover(FEATURES, [Path(folder) for folder in plugins])
        return build(find(FEATURES, name, sources), json.dumps(parameters, default=_plain))
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors(include_url=False)
        )
        raise FusionError(f"feature {name}: {wrong} (see fusion.features())") from None
    except (TypeError, ValueError) as error:
        raise FusionError(f"feature {name}: {error}") from None


def _plain(value: Any) -> Any:
    """Return a path or a number of NumPy as JSON has it."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is no text, number, list or mapping")


def _compute(name: str, feature: Feature, clip: Clip, clip_id: str) -> NDArray[Any]:
    shape, wrong = declared_shape(feature, clip.y.size, clip.sr)
    if wrong:
        raise FusionError(f"feature {name}: {wrong}")
    return compute(name, feature, clip, shape, clip_id)


def features(name: str | None = None, *, plugins: Sequence[FilePath] = ()) -> pd.DataFrame:
    """Return the registry of features, or the parameters of one of them.

    Parameters
    ----------
    name : str, optional
        Of one feature.
    plugins : sequence of path
        Folders with features of your own; their code is run.

    Returns
    -------
    DataFrame
        One row a feature: name, origin, version, summary and shape for 4 s at 16 kHz. With `name`, one row a
        parameter: name, default and description.

    Raises
    ------
    FusionError
        If there is no such feature, or its plug-in is broken.

    Examples
    --------
    >>> import fusion
    >>> "mfcc" in set(fusion.features()["name"])
    True
    """
    folders = [Path(folder) for folder in plugins]
    if name is not None:
        return pd.DataFrame(listing.feature(name, folders)["parameters"], dtype=object)  # 20 stays 20, and None None
    return pd.DataFrame(listing.features(folders))
