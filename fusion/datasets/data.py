"""A data set as it is read: its table with content hashes, without damaged clips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus, fingerprint
from fusion.datasets.duplicates import Duplicates, find_duplicates, joined_sounds
from fusion.datasets.joined import origin_of_join
from fusion.datasets.rendered import read_rendered
from fusion.errors import FusionError, listing
from fusion.runtime.content_hash import content_hashes
from fusion.runtime.workplace import Workplace
from fusion.settings.dataset import DatasetSettings, Hasher

SAMPLE = "sample: the embedded sample proves that everything works; it ranks no methods"


@dataclass(frozen=True)
class Data:
    """A data set and what can be said of it without any feature.

    Attributes
    ----------
    dataset : Corpus
        Its table has content hashes and sounds, which are content hashes until copies of other bytes are found.
    fingerprint : str
        Of the data as they were read, damaged clips included.
    duplicates : Duplicates
    """

    dataset: Corpus
    fingerprint: str
    duplicates: Duplicates


def read_data(settings: DatasetSettings, workplace: Workplace) -> Data:
    """Read metadata and hash the audio that is new or changed.

    Raises
    ------
    FusionError
        If the data set is missing or damaged.
    """
    dataset: Corpus = settings.read_corpus(workplace.root, hasher(workplace))
    rendered = read_rendered(workplace.root)
    if rendered and dataset.folds is None:  # folds are of training clips
        dataset = replace(dataset, notes=[*dataset.notes, *rendered.warnings()])
    dataset = replace(dataset, table=with_origin(dataset.table, dataset.name, workplace.root))
    if workplace.sample:
        dataset = replace(dataset, notes=[*dataset.notes, SAMPLE])
    return with_content(dataset, workplace)


def with_origin(table: pd.DataFrame, name: str, root: Path) -> pd.DataFrame:
    """Return a table whose clips come from a data set in a folder: of its name, or one render of it."""
    rendered = read_rendered(root)
    return table.assign(origin=f"{name}, rendered {rendered.identity}" if rendered else name + origin_of_join(root))


def with_content(dataset: Corpus, workplace: Workplace) -> Data:
    """Return a data set with the content hash of each clip's file, made where files are new or changed."""
    content = hasher(workplace)(list(dataset.table["path"]))
    table = dataset.table.assign(content=content, sound=content)
    dataset = replace(dataset, table=table)
    return Data(dataset, fingerprint(table), _duplicates(dataset))


def hasher(workplace: Workplace) -> Hasher:
    """Return what gives files' content hashes, remembered in the cache."""

    def hashes(paths: Sequence[Path]) -> list[str]:
        with workplace.progress.task("checking audio", len(paths)) as advance:
            return content_hashes(list(paths), workplace.cache, workplace.jobs, advance)

    return hashes


def with_copies(data: Data, pairs: NDArray[np.int64]) -> Data:
    """Return the data with clips of other bytes that are one sound known as such, ``(pairs, 2)`` rows of the table."""
    table = data.dataset.table
    return replace(data, dataset=replace(data.dataset, table=table.assign(sound=joined_sounds(table["sound"], pairs))))


def without_damaged(data: Data, damaged: dict[str, str], skip: bool) -> Data:
    """Return the data without damaged clips, given by id with what is wrong.

    A class whose training clips are all damaged loses its other clips, too.

    Raises
    ------
    FusionError
        Unless they are to be skipped, and where too little is left.
    """
    table = data.dataset.table
    bad = table[table["id"].isin(damaged)]
    if not skip:
        reasons = [f"{row.path}: {damaged[row.id]}" for row in bad.itertuples()]
        raise FusionError(
            f"{len(damaged)} clips are damaged; mend or remove them, or set dataset.skip_damaged: true to leave "
            f"them out and have the result say so (fusion evaluate: --skip-damaged):\n{listing(reasons)}"
        )
    kinds = sorted({re.split(r"[:(]", damaged[clip])[0].strip() for clip in bad["id"]})
    dataset = data.dataset.without(damaged, ", ".join(kinds[:5]))
    return Data(dataset, data.fingerprint, _duplicates(dataset))


def of_train_groups(data: Data, settings: DatasetSettings) -> Data:
    """Return the data with so many training groups as `train_groups` says; it is the test's that does not change."""
    if settings.train_groups is None:
        return data
    dataset = data.dataset.with_train_groups(settings.train_groups, settings.subset_seed)
    return Data(dataset, data.fingerprint, _duplicates(dataset))


def _duplicates(dataset: Corpus) -> Duplicates:
    """Return clips that sound the same; of folds, by those of the first repeat."""
    return find_duplicates(dataset.table, None if dataset.folds is None else dataset.folds[0])
