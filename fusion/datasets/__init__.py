"""Data sets: each module reads one official layout into the table that everything else works on."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path

from fusion.datasets import nsynth
from fusion.datasets.table import Dataset
from fusion.spec.settings import DatasetSettings

READERS = {"nsynth": nsynth.read}
SPLIT_READERS = {"nsynth": nsynth.read_split}


def read_dataset(settings: DatasetSettings, root: Path) -> Dataset:
    """Read a data set's metadata; see the reader's module for its layout.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    return READERS[settings.name](settings, root)


def read_split(settings: DatasetSettings, root: Path, split: str) -> Dataset:
    """Read one split of a data set, all of it as test clips.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    return SPLIT_READERS[settings.name](settings, root, split)


def sample_root(name: str) -> Path:
    """Return the folder of a data set's embedded sample."""
    return Path(str(files("fusion") / "sample" / name))


def data_root(name: str) -> Path:
    """Return where a data set is looked for when no folder is named: ``$FUSION_DATA/<name>`` or ``data/<name>``."""
    return Path(os.environ.get("FUSION_DATA", "data")) / name
