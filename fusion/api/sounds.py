"""Features of sound: the registry, and any of its features computed from an array."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from fusion.api.options import FilePath
from fusion.errors import FusionError
from fusion.extraction.extract import compute
from fusion.feature import listing
from fusion.feature.registry import build, discover, find
from fusion.sound.clip import Clip


def extract(name: str, y: ArrayLike, sr: int, *, plugins: Sequence[FilePath] = (), **parameters: Any) -> NDArray[Any]:
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
        Of the feature; the others have their defaults.

    Returns
    -------
    (frames, dims) or (dims,) float32
        What a network gets, before it is scaled.

    Raises
    ------
    FusionError
        For an unknown feature, parameters that it does not take, or sound that is no mono signal.

    Examples
    --------
    >>> import fusion
    >>> import numpy as np
    >>> y = np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    >>> fusion.extract("spectral_centroid", y, 16000, statistics=None).shape
    (32, 1)
    """
    source = find(name, discover(Path(folder) for folder in plugins))
    try:
        feature = build(source, json.dumps(parameters))
        clip = Clip(np.ascontiguousarray(y, dtype=np.float32), sr)
        shape = feature.shape(clip.y.size, sr)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors(include_url=False)
        )
        raise FusionError(f"feature {name}: {wrong} (see fusion.features())") from None
    except (TypeError, ValueError) as error:
        raise FusionError(f"feature {name}: {error}") from None
    return compute(name, feature, clip, shape, "this sound")


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
        return pd.DataFrame(listing.feature(name, folders)["parameters"])
    return pd.DataFrame(listing.features(folders))
