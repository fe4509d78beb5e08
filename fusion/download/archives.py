"""The official archives of the data sets: addresses, sizes, checksums, licences, and what they unpack to.

Sizes and checksums of NSynth are those that its server announces (length, and MD5 as entity tag; the same in
HEAR's task of NSynth's pitches); IRMAS's MD5s are those of its Zenodo record, as mirdata verifies them; its sizes are
about right.
NSynth's server is also https://storage.googleapis.com/download.magenta.tensorflow.org/datasets/nsynth.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from fusion.errors import FusionError, did_you_mean
from fusion.sound.reading import SUFFIXES

MIRROR = "FUSION_MIRROR"


@dataclass(frozen=True)
class Archive:
    """One file to fetch, and the folder that it becomes.

    Attributes
    ----------
    split : str
        What a person calls it; several archives may make one split.
    file : str
        Its name on the server.
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
        return self.audio == sum(name.lower().endswith(SUFFIXES) for _, _, names in os.walk(content) for name in names)


@dataclass(frozen=True)
class OfficialDataset:
    """A data set's official place, and the terms under which it may be used."""

    name: str
    title: str
    licence: str
    terms: str
    homepage: str
    base: str
    archives: tuple[Archive, ...] = field(repr=False)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in order."""
        return tuple(dict.fromkeys(archive.split for archive in self.archives))


_CLASSES = ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")


def _nsynth(split: str, size: int, md5: str, unpacked: int, audio: int) -> Archive:
    file, folder = f"nsynth-{split}.jsonwav.tar.gz", f"nsynth-{split}"
    return Archive(split, file, size, md5, unpacked, audio, folder, holds=("examples.json", "audio"))


def _irmas(name: str, size: float, md5: str, unpacked: float, audio: int, inner: str = "") -> Archive:
    """Describe an archive whose sizes are known in GB."""
    folder, split, holds = f"IRMAS-{name}", "test" if inner else "train", () if inner else _CLASSES
    packed, whole = round(10**9 * size), round(10**9 * unpacked)
    return Archive(split, f"{folder}.zip", packed, md5, whole, audio, folder, inner, holds, tolerance=0.2)


OFFICIAL = {
    "nsynth": OfficialDataset(
        "nsynth",
        "NSynth (J. Engel et al., 2017)",
        "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
        "free to use and share if the authors are named",
        "https://magenta.tensorflow.org/datasets/nsynth",
        "http://download.magenta.tensorflow.org/datasets/nsynth",
        (
            _nsynth("train", 23_815_298_079, "fde6665a93865503ba598b9fac388660", 37_300_000_000, 289_205),
            _nsynth("valid", 1_068_767_009, "87e94a00a19b6dbc99cf6d4c0c0cae87", 1_640_000_000, 12_678),
            _nsynth("test", 349_501_546, "5e6f8719bf7e16ad0a00d518b78af77d", 530_000_000, 4_096),
        ),
    ),
    "irmas": OfficialDataset(
        "irmas",
        "IRMAS (J. J. Bosch, F. Fuhrmann, P. Herrera, 2014)",
        "CC BY-NC-SA 3.0, https://creativecommons.org/licenses/by-nc-sa/3.0/",
        "free for non-commercial use only; its authors ask not to redistribute it",
        "https://doi.org/10.5281/zenodo.1290750",
        "https://zenodo.org/records/1290750/files",
        (
            _irmas("TrainingData", 3.2, "4fd9f5ed5a18d8e2687e6360b5f60afe", 3.55, 6_705),
            _irmas("TestingData-Part1", 2.1, "5a2e65520dcedada565dff2050bb2a56", 2.4, 807, "Part1"),
            _irmas("TestingData-Part2", 3.4, "afb0c8ea92f34ee653693106be95c895", 3.9, 1_301, "IRTestingData-Part2"),
            _irmas("TestingData-Part3", 2.0, "9b3fb2d0c89cdc98037121c25bd5b556", 2.3, 766, "Part3"),
        ),
    ),
}


def choose(name: str, splits: Sequence[str]) -> tuple[OfficialDataset, list[Archive]]:
    """Return a data set and the archives of some of its splits (none named: all).

    Raises
    ------
    FusionError
        If the data set or a split has no official archive.
    """
    if name not in OFFICIAL:
        known = ", ".join(OFFICIAL)
        raise FusionError(f"{name}: no data set that can be fetched{did_you_mean(name, OFFICIAL)} (known: {known})")
    dataset = OFFICIAL[name]
    for split in splits:
        if split not in dataset.splits:
            known = ", ".join(dataset.splits)
            raise FusionError(f"{name}: no split {split!r}{did_you_mean(split, dataset.splits)} (known: {known})")
    return dataset, [archive for archive in dataset.archives if not splits or archive.split in splits]


def base_url(dataset: OfficialDataset, url: str | None) -> str:
    """Return the address of the folder that holds the archives: `url`, ``$FUSION_MIRROR``, or the official one.

    Raises
    ------
    FusionError
        If it is not an address for http or https.
    """
    base = (url or os.environ.get(MIRROR) or dataset.base).strip()
    try:
        parts = urlsplit(base)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or (parts.port or 1) < 1
    except ValueError:
        wrong = True
    if wrong:
        raise FusionError(
            f"{shown(base)}: a mirror (--url or ${MIRROR}) should be the http:// or https:// address of a folder that "
            "holds the archives; archives on this machine can be put into the data set's folder instead"
        )
    return base.rstrip("/")


def shown(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "the address"
