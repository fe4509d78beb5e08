"""Share of power above a cutoff."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion import Clip, SpectralFeature


class MyFeature(SpectralFeature):
    """Share of each frame's power from a cutoff on, 0 to 1; 0 for a silent frame.

    The fields are the parameters, checked strictly; a `SpectralFeature` has `n_fft`, `hop_length` and `statistics`.

    References
    ----------
    O. Lartillot and P. Toiviainen: "A Matlab toolbox for musical feature extraction from audio", DAFx 2007, 237-244
    (there called brightness)
    """

    cutoff: float = Field(default=1500.0, gt=0, description="power from this frequency on counts as high, Hz")

    def series(self, clip: Clip) -> NDArray[np.float32]:
        """Return ``(frames, 1)`` float32; `clip.y` is mono from -1 to 1, `clip.sr` its sampling rate in Hz."""
        power = self.power(clip)  # (frames, bins)
        total = power.sum(axis=1, keepdims=True)
        high = power[:, self.frequencies(clip) >= self.cutoff].sum(axis=1, keepdims=True)
        return np.divide(high, total, out=np.zeros_like(total), where=total > 0)
