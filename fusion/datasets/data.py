"""A data set as it is read: its table with content hashes, without damaged clips."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fusion.datasets.duplicates import Duplicates, find_duplicates
from fusion.datasets.registry import read_dataset
from fusion.datasets.table import Dataset, fingerprint
from fusion.errors import FusionError, listing
from fusion.runtime.content_hash import content_hashes
from fusion.runtime.workplace import Workplace
from fusion.settings.datasets import DatasetSettings

SAMPLE = "sample: the embedded sample proves that everything works; it ranks no methods"


@dataclass(frozen=True)
class Data:
    """A data set with its content hashes, and what can be said of it without any feature."""

    dataset: Dataset
    hashes: list[str]
    fingerprint: str
    duplicates: Duplicates


def read_data(settings: DatasetSettings, workplace: Workplace) -> Data:
    """Read metadata and hash the audio that is new or changed.

    Raises
    ------
    FusionError
        If the data set is missing or damaged.
    """
    dataset = read_dataset(settings, workplace.root, hashes_of(workplace))
    if workplace.sample:
        dataset.notes.append(SAMPLE)
    return with_hashes(dataset, workplace)


def with_hashes(dataset: Dataset, workplace: Workplace) -> Data:
    """Return a data set with its audio's hashes, made where they are new or changed."""
    hashes = hashes_of(workplace)(list(dataset.table["path"]))
    return Data(
        dataset, hashes, fingerprint(dataset.table, hashes), find_duplicates(dataset.table, hashes, dataset.folds)
    )


def hashes_of(workplace: Workplace) -> Callable[[Sequence[Path]], list[str]]:
    """Return what gives files' content hashes, remembered in the cache."""

    def hashes(paths: Sequence[Path]) -> list[str]:
        with workplace.progress.task("checking audio", len(paths)) as advance:
            return content_hashes(list(paths), workplace.cache, workplace.jobs, advance)

    return hashes


def without_damaged(data: Data, damaged: dict[str, str], skip: bool) -> Data:
    """Return the data without damaged clips, given by id with what is wrong.

    Raises
    ------
    FusionError
        Unless they are to be skipped.
    """
    table = data.dataset.table
    bad = table[table["id"].isin(damaged)]
    if not skip:
        said = [f"{row.path}: {damaged[row.id]}" for row in bad.itertuples()]
        raise FusionError(
            f"{len(damaged)} clips are damaged; mend or remove them, or set dataset.skip_damaged: true to leave "
            f"them out and have the result say so:\n{listing(said)}"
        )
    reasons = sorted({re.split(r"[:(]", damaged[clip])[0].strip() for clip in bad["id"]})
    dataset = data.dataset.without(damaged, ", ".join(reasons[:5]))
    kept = set(dataset.table["id"])  # a class whose training clips are all damaged loses the others, too
    hashes = [content for content, clip in zip(data.hashes, table["id"], strict=True) if clip in kept]
    return Data(dataset, hashes, data.fingerprint, find_duplicates(dataset.table, hashes, dataset.folds))
