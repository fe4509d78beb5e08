"""A distortion at one of its levels, as a window of a clip has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.runtime.files import content_hash
from fusion.sound.graded import GRADED, IMPULSE, VERSION
from fusion.sound.reading import DamagedError
from fusion.sound.room import in_room

Array = NDArray[np.floating]

_SILENT = 2.0**-16  # a peak below half a step of 16 bit


@dataclass(frozen=True)
class Grade:
    """A distortion at one of its levels, picklable.

    Attributes
    ----------
    kind : str
        A key of `GRADED`.
    level : float
    impulse : Path or None
        The recorded impulse response, of the kind that needs one.
    """

    kind: str
    level: float
    impulse: Path | None = None

    @cached_property
    def identity(self) -> str:
        """Everything that the sound depends on beside the clip and the chance.

        Raises
        ------
        FusionError
            If the impulse response is not there.
        """
        if self.impulse is not None and not self.impulse.is_file():
            raise FusionError(f"--impulse {self.impulse}: missing; name a recorded impulse response")
        impulse = "" if self.impulse is None else content_hash(self.impulse)
        return f"{VERSION}:{self.kind}:{self.level!r}:{impulse}"

    def __str__(self) -> str:
        return f"{self.kind} {self.level:g} {GRADED[self.kind].unit}"

    def distort(self, y: NDArray[np.float32], sr: int, seed: int) -> NDArray[np.float32]:
        """Return the distorted sound.

        Parameters
        ----------
        y : (samples,) float32
        sr : int, Hz
        seed : int

        Returns
        -------
        (samples,) float32

        Raises
        ------
        DamagedError
            If nothing is left of it.
        FusionError
            If the impulse response cannot be used.
        """
        if not y.any():
            return y
        sound: Array = y.astype(np.float64)
        if self.kind == IMPULSE:
            if self.impulse is None:
                raise FusionError(f"{IMPULSE}: needs a recorded impulse response; name it with --impulse FILE")
            sound = in_room(sound, sr, self.level, self.impulse)
        else:
            sound = GRADED[self.kind].apply(sound, sr, self.level, np.random.default_rng(seed))
        left = np.asarray(sound, dtype=np.float32)
        if np.abs(left).max() < _SILENT <= np.abs(y).max():
            raise DamagedError("silent when distorted")
        return left
