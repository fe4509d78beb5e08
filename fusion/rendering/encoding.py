"""How rendered audio is written."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

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
        encoded = BytesIO()  # libsndfile does not say why a file cannot be written
        sf.write(encoded, y, rate, **self.options)
        with replacing(path) as temporary:
            temporary.write_bytes(encoded.getvalue())
