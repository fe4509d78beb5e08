"""The data sets by name: their readers, and where their folders are."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from fusion.datasets import irmas, nsynth
from fusion.datasets.table import Dataset
from fusion.settings.datasets import DATASETS, DatasetSettings

READERS: dict[str, Any] = {"nsynth": nsynth.read, "irmas": irmas.read}


SPLIT_READERS: dict[str, Any] = {"nsynth": nsynth.read_split, "irmas": irmas.read_split}


_NEEDED: dict[str, list[tuple[dict[str, Any], tuple[str, ...]]]] = {
    "nsynth": [
        ({"protocol": "official", "validation": "official"}, ("nsynth-train", "nsynth-valid", "nsynth-test")),
        ({"protocol": "official"}, ("nsynth-train", "nsynth-test")),
        ({"protocol": "course"}, ("nsynth-valid", "nsynth-test")),
    ],
    "irmas": [
        *(({"protocol": "official"}, (irmas.TRAINING, part)) for part in irmas.TESTING),
        ({"protocol": "cv"}, (irmas.TRAINING,)),
    ],
}


Hashes = Callable[[Sequence[Path]], list[str]]


def read_dataset(settings: DatasetSettings, root: Path, hashes: Hashes) -> Dataset:
    """Read a data set's metadata; see the reader's module for its layout.

    Parameters
    ----------
    settings : DatasetSettings
    root : Path
    hashes : callable
        Gives files' content hashes, for readers whose groups depend on them.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    return READERS[settings.name](settings, root, hashes)


def read_split(settings: DatasetSettings, root: Path, split: str, hashes: Hashes) -> Dataset:
    """Read one split of a data set, all of it as test clips.

    Raises
    ------
    FusionError
        If it is missing or damaged.
    """
    return SPLIT_READERS[settings.name](settings, root, split, hashes)


def sample_root(name: str) -> Path:
    """Return the folder of a data set's embedded sample."""
    return Path(str(files("fusion") / "sample" / name))


def data_root(name: str) -> Path:
    """Return where a data set is looked for when no folder is named: ``$FUSION_DATA/<name>`` or ``data/<name>``."""
    return Path(os.environ.get("FUSION_DATA", "data")) / name


def settings_of(name: str, root: Path) -> DatasetSettings | None:
    """Return the settings that use most of what is in a data set's folder; None if nothing can be trained on it."""
    for fields, folders in _NEEDED[name]:
        if all((root / folder).is_dir() for folder in folders):
            return DATASETS[name](**fields)
    return None
