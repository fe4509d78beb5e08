"""IRMAS: 6,705 training excerpts with one predominant instrument and 2,874 testing clips with one to five.

| | |
|---|---|
| Sound | 44.1 kHz, stereo, 16 bit; training excerpts 3 s, testing clips 5 to 20 s |
| Classes | cel, cla, flu, gac, gel, org, pia, sax, tru, vio, voi |
| Groups | training: recordings, joined where files are byte-identical; testing: 208 songs (practice music: songs
  that one instrument leads) |
| Licence | CC BY-NC-SA 3.0 |
| Layout | ``IRMAS-TrainingData/<class>/*.wav``; ``IRMAS-TestingData-Part1/`` to ``Part3/``, a folder in each with
  ``<song>-<n>.wav`` and ``<song>-<n>.txt`` (one label a line) |

J. Bosch, J. Janer, F. Fuhrmann and P. Herrera: "A comparison of sound segregation techniques for predominant instrument
recognition in musical audio signals", ISMIR 2012, 559-564, data at https://doi.org/10.5281/zenodo.1290750
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from fusion.datasets.groups import divided, hold_out
from fusion.datasets.irmas_testing import read_testing
from fusion.datasets.irmas_training import read_training
from fusion.datasets.table import Dataset, Hasher, checked
from fusion.errors import FusionError
from fusion.settings.datasets import INSTRUMENTS, IRMASSettings

SONGS, RECORDINGS = "songs", "recordings"  # what testing clips and training excerpts are grouped by


def read(settings: IRMASSettings, root: Path, hasher: Hasher) -> Dataset:
    """Read names and labels, and make the splits of a protocol.

    Parameters
    ----------
    settings : IRMASSettings
    root : Path
        Folder that holds ``IRMAS-TrainingData`` and so on.
    hasher : callable
        Gives files' content hashes: recordings with a byte-identical file in common are one group.

    Returns
    -------
    Dataset
        Groups are recordings (``recording 0123``) and songs.

    Raises
    ------
    FusionError
        If the data set is missing or damaged; the message says where, all of it, and what to do.
    """
    training = _one_class(read_training(root, hasher), settings)
    if settings.protocol == "cv":
        table = training.assign(split="train").reset_index(drop=True)
        folds = divided(table, settings.folds, settings.repeats, settings.grouped, f"{root}: dataset.classes")
        return checked(Dataset("irmas", "cv", table, RECORDINGS, folds=folds, grouped=settings.grouped))
    held = training["group"].isin(hold_out(training))
    testing, notes = read_testing(root, settings.skip_damaged)
    testing, left_out = _as_asked(testing, settings)
    training = training.assign(split=np.where(held, "validation", "train"))
    table = pd.concat([training, testing.assign(split="test")], ignore_index=True)
    return checked(Dataset("irmas", settings.protocol, table, SONGS, [*notes, *left_out], settings.several))


def read_split(settings: IRMASSettings, root: Path, split: str, hasher: Hasher) -> Dataset:
    """Read one split alone, all its clips as test clips.

    Parameters
    ----------
    settings : IRMASSettings
    root : Path
    split : {"train", "validation", "test"}
        The training excerpts or the testing clips; there is no validation split.
    hasher : callable

    Raises
    ------
    FusionError
        As `read` does.
    """
    notes: list[str] = []
    if split == "test" and settings.protocol != "cv":
        table, notes = read_testing(root, settings.skip_damaged)
        table, left_out = _as_asked(table, settings)
        notes += left_out
    elif split == "train":
        table = _one_class(read_training(root, hasher), settings)
    else:
        raise FusionError(f"{root}: IRMAS, protocol {settings.protocol}, has no {split} split of its own; take another")
    table = table.assign(split="test").reset_index(drop=True)
    classes = tuple(sorted({label for labels in table["labels"] for label in labels.split(";")}))
    group_noun = SONGS if split == "test" else RECORDINGS
    return Dataset("irmas", settings.protocol, table, group_noun, notes, settings.several, classes=classes)


def _one_class(table: pd.DataFrame, settings: IRMASSettings) -> pd.DataFrame:
    """Return the clips of the classes that are kept, with classes merged."""
    kept = table[table["labels"].isin(settings.classes)]
    return kept.assign(labels=kept["labels"].map(_merged(settings)))


def _as_asked(table: pd.DataFrame, settings: IRMASSettings) -> tuple[pd.DataFrame, list[str]]:
    """Return the testing clips that the protocol takes, and notes on those that it does not."""
    if not settings.several:
        return _one_class(table[~table["labels"].str.contains(";")], settings), []
    merged = _merged(settings)
    labels = [
        ";".join(dict.fromkeys(merged[name] for name in names.split(";") if name in settings.classes))
        for names in table["labels"]
    ]
    kept = table.assign(labels=labels)
    nothing = kept["labels"] == ""
    notes = (
        [f"missing-class: {nothing.sum()} test clips left out: none of their labels is kept"] if nothing.any() else []
    )
    return kept[~nothing], notes


def _merged(settings: IRMASSettings) -> dict[str, str]:
    return {name: name for name in INSTRUMENTS} | {
        name: label for label, names in settings.merge.items() for name in names
    }
