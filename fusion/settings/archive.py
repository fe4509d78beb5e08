"""What an official archive of a data set is: a file to fetch, and the folder that it becomes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fusion.sound.reading import SUFFIXES


@dataclass(frozen=True)
class Archive:
    """One file to fetch, and the folder that it becomes.

    Attributes
    ----------
    split : str
        What a person calls it; several archives may make one split.
    file : str
        Its name on the server: a ``.zip``, a ``.tar.gz``, or a ``.csv`` that is put into the folder as it is.
    size, unpacked : int
        Bytes; when unpacked, about.
    md5 : str
    audio : int
        Sound files in it.
    folder : str
        What it becomes below the data set's root.
    inner : str
        Folder inside that one which holds the content, or empty.
    holds : tuple of str
        Entries by which the content is recognised; empty where the sound files lie in one folder.
    tolerance : float
        Share by which `size` may be wrong; the MD5 decides.
    """

    split: str
    file: str
    size: int
    md5: str
    unpacked: int
    audio: int
    folder: str
    inner: str = ""
    holds: tuple[str, ...] = ()
    tolerance: float = 0.0

    def is_whole(self, folder: Path) -> bool:
        """Say whether a folder holds what is in the archive, all its sound files."""
        content = folder / self.inner
        if not all((content / name).exists() for name in (".", *self.holds)):
            return False
        names = (name for _, _, names in os.walk(content) for name in names if not name.startswith("."))
        return self.audio == sum(name.lower().endswith(SUFFIXES) for name in names)
