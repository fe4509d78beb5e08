"""The envelope of a sound: how it begins, goes on and ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fusion.feature.contract import Feature
from fusion.sound.clip import Clip

Floats = NDArray[np.float64]

_THRESHOLDS = np.arange(1, 10) / 10  # of the maximum
_EFFORT = 3.0  # times the median: what takes longer from one threshold to the next is not the attack
_EFFECTIVE = 0.4  # of the maximum
_DECAY = 1e-2  # of the maximum: the decay is followed for 40 dB
_STEEPEST = 1000.0  # dB/s


class Envelope(Feature):
    """Log attack time, temporal centroid, decay slope and effective duration, from the root mean square over time.

    The root mean square is of frames of `frame` seconds, one every `hop` seconds, the first centred on the clip's first
    sample; at the edges a frame is what lies inside the clip. The five values, named by `columns`, are:

    - log10 of the attack time in s, at least `hop`, between the first and the last of nine thresholds (0.1 to 0.9 of
      the maximum) that are crossed with little effort: from one to the next within three times the median, or a hop;
    - the temporal centroid in s after the first threshold, weighted by the envelope;
    - the same as a share of the time from there to where the envelope last falls below that threshold, 0 to 1;
    - the decay slope in dB/s, -1000 to 1000: a line fitted to the level from the end of the attack to where it has
      last been within 40 dB of the maximum, weighted by the envelope, so that the end of a held note counts little;
    - the effective duration in s: how long the envelope is above 0.4 of its maximum.

    Silence has the shortest attack and 0 elsewhere.

    References
    ----------
    G. Peeters, B. Giordano, P. Susini, N. Misdariis and S. McAdams: "The Timbre Toolbox: extracting audio descriptors
    from musical signals", J. Acoust. Soc. Am. 130(5), 2011, 2902-2916, https://doi.org/10.1121/1.3642604
    """

    frame: float = Field(default=0.03, gt=0, le=1, description="window of the root mean square, s")
    hop: float = Field(default=0.005, gt=0, le=1, description="step between frames, s")

    def columns(self) -> tuple[str, ...]:
        """Return what each value is, with its unit."""
        return (
            "attack time (log10 s)",
            "temporal centroid (s)",
            "temporal centroid (share)",
            "decay slope (dB/s)",
            "effective duration (s)",
        )

    def shape(self, samples: int, sr: int) -> tuple[int, ...]:
        """Return ``(5,)``."""
        if self.hop * sr < 1 or self.frame * sr < 2:
            raise ValueError(f"frame={self.frame:g} s, hop={self.hop:g} s: less than two samples, or one, at {sr} Hz")
        return (5,)

    def extract(self, clip: Clip) -> NDArray[np.float32]:
        """Return the five values."""
        envelope = self._envelope(clip)
        if envelope.max() == 0:
            return np.array([np.log10(self.hop), 0, 0, 0, 0], dtype=np.float32)
        envelope = envelope / envelope.max()
        start, end = self._attack(envelope)
        audible = np.flatnonzero(envelope >= _THRESHOLDS[0])
        first, last = audible[0], audible[-1]
        centroid = np.average(np.arange(last - first + 1), weights=envelope[first : last + 1])
        values = [
            np.log10(max((end - start) * self.hop, self.hop)),
            centroid * self.hop,
            centroid / max(last - first, 1),
            self._decay(envelope, int(np.ceil(end))),
            np.count_nonzero(envelope >= _EFFECTIVE) * self.hop,
        ]
        return np.array(values, dtype=np.float32)

    def _envelope(self, clip: Clip) -> Floats:
        """Return the root mean square of each frame."""
        size = clip.y.size
        centres = np.arange(1 + int((size - 1) / (self.hop * clip.sr))) * (self.hop * clip.sr)
        half = self.frame * clip.sr / 2
        edges = np.clip(np.rint([centres - half, centres + half]), 0, size).astype(np.intp)
        low, high = edges[0], np.maximum(edges[1], edges[0] + 1)
        return np.sqrt(np.maximum(clip.energy(low, high), 0) / (high - low))

    def _attack(self, envelope: Floats) -> tuple[float, float]:
        """Return where the attack begins and ends, in frames, by the weakest effort."""
        after = (envelope >= _THRESHOLDS[:, np.newaxis]).argmax(axis=1)
        before = np.maximum(after - 1, 0)
        rise = envelope[after] - envelope[before]
        crossed = after - np.where(rise > 0, (envelope[after] - _THRESHOLDS) / np.where(rise > 0, rise, 1), 0)
        efforts = np.diff(crossed)
        easy = np.flatnonzero(efforts <= max(_EFFORT * np.median(efforts), 1))
        return float(crossed[easy[0]]), float(crossed[easy[-1] + 1])

    def _decay(self, envelope: Floats, start: int) -> float:
        """Return the slope of the level in dB/s; 0 where fewer than two frames decay."""
        level = envelope[start : 1 + int(np.flatnonzero(envelope >= _DECAY)[-1])]
        heard = np.flatnonzero(level > 0)
        if heard.size < 2:
            return 0.0
        weight = level[heard] / level[heard].sum()
        away = heard - weight @ heard
        slope = (weight * away) @ (20 * np.log10(level[heard])) / ((weight * away) @ away) / self.hop
        return float(np.clip(slope, -_STEEPEST, _STEEPEST))
