"""How rendered audio is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.runtime.files import replacing


@dataclass(frozen=True)
class Encoding:
    """A file's suffix, with its dot, and what ``soundfile.write`` needs to know besides: format, subtype and so on."""

    suffix: str
    options: dict[str, Any]

    def write(self, path: Path, y: NDArray[np.float32], rate: int) -> None:
        """Write a sound, whole or not at all.

        Parameters
        ----------
        path : Path
        y : ndarray of float32, shape (samples,) or (samples, channels)
        rate : int
            Sampling rate, Hz.

        Raises
        ------
        FusionError
            The file cannot be written.
        """
        with replacing(path) as temporary:
            try:
                sf.write(temporary, y, rate, **self.options)
            except sf.LibsndfileError as error:
                raise FusionError(f"{path}: cannot be written: {error}; is the disk full?") from error
