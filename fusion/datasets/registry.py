"""The data sets by name: their readers, and where their folders are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from fusion.datasets import folder, irmas, manifest, nsynth
from fusion.datasets.irmas_testing import TESTING
from fusion.datasets.irmas_training import TRAINING
from fusion.datasets.table import Dataset, Hasher
from fusion.errors import FusionError
from fusion.settings.datasets import DATASETS, DatasetSettings


@dataclass(frozen=True)
class Reader:
    """How a data set is read.

    Attributes
    ----------
    read, read_split : callable
        Take settings and folder, `read_split` also a split; then, `by_content`, what gives files' content hashes.
    uses : tuple of (dict, tuple of str)
        Settings and the folders that they need; those that use most come first.
    by_content : bool
        Whether groups depend on the files' content.
    """

    read: Callable[..., Dataset]
    read_split: Callable[..., Dataset]
    uses: tuple[tuple[dict[str, Any], tuple[str, ...]], ...]
    by_content: bool = False


READERS = {
    "nsynth": Reader(
        nsynth.read,
        nsynth.read_split,
        (
            ({"protocol": "official", "validation": "official"}, ("nsynth-train", "nsynth-valid", "nsynth-test")),
            ({"protocol": "official"}, ("nsynth-train", "nsynth-test")),
            ({"protocol": "course"}, ("nsynth-valid", "nsynth-test")),
        ),
    ),
    "irmas": Reader(
        irmas.read,
        irmas.read_split,
        (
            *(({"protocol": "official"}, (TRAINING, part)) for part in TESTING),
            ({"protocol": "cv"}, (TRAINING,)),
        ),
        by_content=True,
    ),
    "folder": Reader(folder.read, folder.read_split, ()),
    "table": Reader(manifest.read, manifest.read_split, ()),
}


def read_dataset(settings: DatasetSettings, root: Path, hasher: Hasher) -> Dataset:
    """Read a data set's metadata; see the reader's module for its layout. Of training clips, those that are wanted.

    Parameters
    ----------
    settings : DatasetSettings
    root : Path
    hasher : callable
        Gives files' content hashes, for readers whose groups depend on them.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    reader = READERS[settings.name]
    return reader.read(settings, root, *([hasher] if reader.by_content else []))


def read_split(settings: DatasetSettings, root: Path, split: str, hasher: Hasher) -> Dataset:
    """Read one split of a data set, all of it as test clips.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    reader = READERS[settings.name]
    return reader.read_split(settings, root, split, *([hasher] if reader.by_content else []))


def sample_root(name: str) -> Path:
    """Return the folder of a data set's embedded sample.

    Raises
    ------
    FusionError
        If it has none.
    """
    root = Path(str(files("fusion") / "sample" / name))
    if not root.is_dir():
        raise FusionError(f"--sample: no sample of {name} is embedded; name a folder of your own with --data DIR")
    return root


def data_root(name: str) -> Path:
    """Return where a data set is looked for when no folder is named: ``$FUSION_DATA/<name>`` or ``data/<name>``."""
    return Path(os.environ.get("FUSION_DATA", "data")) / name


def settings_of(name: str, root: Path) -> DatasetSettings | None:
    """Return the settings that use most of what is in a data set's folder; None if nothing can be trained on it."""
    for fields, folders in READERS[name].uses:
        if all((root / folder).is_dir() for folder in folders):
            return DATASETS[name](**fields)
    return None
