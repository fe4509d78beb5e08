"""What the networks of a result say of one file, and what speaks against believing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.aggregate import Aggregate, aggregate
from fusion.sound.reading import OVER


@dataclass(frozen=True)
class Prediction:
    """What the networks say of one file.

    Attributes
    ----------
    path : Path
    classes : tuple of str
    starts : tuple of float
        Beginning of each window, seconds.
    windows : (windows, classes) float32
        Probabilities.
    how : str
        How windows become one prediction.
    peak : float
        Of all windows, 1 is full scale.
    distance : float or None
        From the training clips, as the networks hear them, in the distance that 95 % of validation clips do not
        exceed; None: the networks do not know it.
    threshold : float or None
        Probability from which a class counts as heard; None where clips have one label.
    """

    path: Path
    classes: tuple[str, ...]
    starts: tuple[float, ...]
    windows: NDArray[np.float32]
    how: Aggregate = "mean"
    peak: float = 1.0
    distance: float | None = None
    threshold: float | None = None

    @property
    def cautions(self) -> list[str]:
        """What speaks against believing it."""
        cautions = []
        if self.peak > OVER:
            cautions.append(
                f"{self.path}: goes {20 * np.log10(self.peak):.0f} dB over full scale, as integers that were written "
                "as float; a network knows no such level, so scale it to -1..1 before you believe what is said of it"
            )
        if self.distance is not None and self.distance > 1:
            cautions.append(
                f"{self.path}: unlike the clips that the networks were trained on, {self.distance:.1f} times as far "
                "from them as 95 % of validation clips: they name the nearest class that they know, which it may not be"
            )
        return cautions

    @property
    def heard(self) -> list[str]:
        """The classes that count as heard, the most probable first; empty where clips have one label."""
        if self.threshold is None:
            return []
        likely = sorted(zip(self.classes, self.probabilities, strict=True), key=lambda pair: -pair[1])
        return [label for label, value in likely if value >= self.threshold]

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Of the whole file, ``(classes,)``."""
        together = np.zeros(len(self.windows), dtype=np.int64)
        return np.asarray(aggregate(self.windows, together, self.how)[0], dtype=np.float32)

    def content(self, timeline: bool) -> dict[str, Any]:
        """Return it as ``fusion predict --json`` prints it, with `timeline` each window as well."""

        def named(values: NDArray[np.float32]) -> dict[str, float]:
            return {label: float(value) for label, value in zip(self.classes, values, strict=True)}

        entry: dict[str, Any] = {"file": str(self.path), "probabilities": named(self.probabilities)}
        if self.threshold is not None:
            entry |= {"threshold": self.threshold, "heard": self.heard}
        if self.distance is not None:
            entry["distance"] = self.distance
        if timeline:
            entry["timeline"] = [{**start, "probabilities": named(values)} for start, values in self.rows(True)]
        return entry

    def rows(self, timeline: bool) -> list[tuple[dict[str, float], NDArray[np.float32]]]:
        """Return probabilities of the whole file, or with `timeline` of each window and where it starts."""
        if not timeline:
            return [({}, self.probabilities)]
        return [({"start": start}, values) for start, values in zip(self.starts, self.windows, strict=True)]
