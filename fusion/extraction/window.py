"""A window: what a network hears at once, what is extracted and stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.sound import distortion, mixing
from fusion.sound.grade import Grade
from fusion.sound.reading import read_audio


@dataclass(frozen=True)
class Window:
    """A part of a sound file, which may be distorted, by chance or to a grade, or mixed with others.

    Attributes
    ----------
    id : str
        For messages: the clip's, with the start where the clip has several windows.
    key : str
        The store's: a hash of everything that the sound depends on.
    path : Path
    start, duration : float, seconds
    distortions : tuple of str
        Keys of `fusion.sound.distortion.DISTORTIONS`.
    partners : tuple of (Window, float)
        What it is mixed with, and the gain of each in dB.
    clip : str
        Id of the clip that it is a part of.
    grade : Grade or None
        A distortion of a set strength.
    seed : int
        Of its chance, the same for all levels of one distortion.
    """

    id: str
    key: str
    path: Path
    start: float
    duration: float
    distortions: tuple[str, ...] = ()
    partners: tuple[tuple[Window, float], ...] = ()
    clip: str = ""
    grade: Grade | None = None
    seed: int = 0

    @property
    def clip_key(self) -> str:
        """The store's key where values depend on which clip it is, too."""
        return _hash(f"{self.key}@{self.clip!a}@{str(self.path)!a}")

    def mixed(self, partners: Sequence[tuple[Window, float]]) -> Window:
        """Return a mixture of this window with others; this one where there are none."""
        if not partners:
            return self
        with_gains = ",".join(f"{partner.key}:{gain!r}" for partner, gain in partners)
        key = _hash(f"{self.key}+{with_gains}:{mixing.VERSION}")
        return replace(self, id=f"{self.id} with {len(partners)} more", key=key, partners=tuple(partners))

    def copy(self, number: int, distortions: tuple[str, ...]) -> Window:
        """Return a distorted copy of this window; its number, too, is part of its key."""
        key = _hash(f"{self.key}:{distortion.version(distortions)}:{','.join(distortions)}:{number}")
        return replace(self, id=f"{self.id} copy {number}", key=key, distortions=distortions)

    def graded(self, grade: Grade) -> Window:
        """Return this window distorted to a grade: the same sound for every result, whatever network hears it."""
        key = _hash(f"{self.key}={grade.identity}")
        seed = int(_hash(f"{self.key}={grade.kind}"), 16)
        return replace(self, id=f"{self.id}, {grade}", key=key, grade=grade, seed=seed)

    def read(self, sr: int) -> NDArray[np.float32]:
        """Return the sound; a copy's or mixture's is always the same.

        Raises
        ------
        DamagedError
            If a file cannot be used, or nothing is left of it.
        """
        if self.partners:
            sounds = [replace(self, partners=()).read(sr), *(partner.read(sr) for partner, _ in self.partners)]
            return mixing.mix(sounds, [0.0, *(gain for _, gain in self.partners)])
        y = read_audio(self.path, sr, self.start, self.duration)
        if self.grade:
            return self.grade.distort(y, sr, self.seed)
        return distortion.distort(y, sr, self.distortions, int(self.key, 16)) if self.distortions else y


def window_key(content: str, start: float, duration: float) -> str:
    """Return the key of a part of a sound with this content hash; times in seconds."""
    return _hash(f"{content}:{start!r}:{duration!r}")


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
