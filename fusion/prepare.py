"""From a data set's folder to features in the store: what every command does before its own work."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fusion.datasets import read_dataset
from fusion.datasets.audit import Duplicates, find_duplicates
from fusion.datasets.table import SPLITS, Dataset, fingerprint
from fusion.errors import FusionError, listing
from fusion.extract import Stretch, extract
from fusion.feature import Feature
from fusion.fingerprint import content_hashes
from fusion.progress import Progress
from fusion.spec import Experiment
from fusion.store import Rows, Store, clip_key
from fusion.waveprint import NAME, SOURCE, Waveprint, twins

SAMPLE = "sample: the embedded sample proves that everything works; it ranks no methods"


@dataclass(frozen=True)
class Setting:
    """Where data, store and results are, and how much of the machine to use.

    Attributes
    ----------
    root : Path
        The data set's folder.
    sample : bool
        Whether that is the embedded sample.
    cache, results : Path
    jobs : int
        Processes at once.
    progress : Progress
    """

    root: Path
    sample: bool
    cache: Path
    results: Path
    jobs: int
    progress: Progress


@dataclass(frozen=True)
class Data:
    """A data set with its content hashes, and what can be said of it without any feature."""

    dataset: Dataset
    hashes: list[str]
    fingerprint: str
    duplicates: Duplicates

    @property
    def warnings(self) -> list[str]:
        """The data set's warnings, and one on duplicates."""
        return [*self.dataset.warnings, *self.duplicates.warnings()]


@dataclass(frozen=True)
class Prepared:
    """Data with every feature stored.

    Attributes
    ----------
    data : Data
        Without damaged clips.
    rows : dict of str to dict of str to Rows
        By split and feature.
    training : dict of str to Rows
        By feature, what is trained on: the training clips, then their first distorted copies, and so on.
    computed : dict of str to int
        Clips that had to be extracted, by feature.
    seconds : float
        That this took.
    """

    data: Data
    rows: dict[str, dict[str, Rows]]
    training: dict[str, Rows]
    computed: dict[str, int]
    seconds: float


def read_data(experiment: Experiment, setting: Setting) -> Data:
    """Read metadata and hash the audio that is new or changed.

    Raises
    ------
    FusionError
        If the data set is missing or damaged.
    """
    dataset = read_dataset(experiment.dataset, setting.root)
    if setting.sample:
        dataset.notes.append(SAMPLE)
    return with_hashes(dataset, setting)


def with_hashes(dataset: Dataset, setting: Setting) -> Data:
    """Return a data set with its audio's hashes, made where they are new or changed."""
    paths = list(dataset.table["path"])
    with setting.progress.task("checking audio", len(paths)) as advance:
        hashes = content_hashes(paths, setting.cache, setting.jobs, advance)
    return Data(dataset, hashes, fingerprint(dataset.table, hashes), find_duplicates(dataset.table, hashes))


def prepare(experiment: Experiment, data: Data, setting: Setting) -> Prepared:
    """Extract what the store lacks.

    Raises
    ------
    FusionError
        For damaged clips, all listed, unless ``dataset.skip_damaged`` leaves them out.
    """
    started = time.perf_counter()
    settings = experiment.dataset
    table = data.dataset.table
    keys = [
        clip_key(content, start, duration)
        for content, start, duration in zip(data.hashes, table["start"], table["duration"], strict=True)
    ]
    stretches = [
        Stretch(row.id, key, row.path, row.start, row.duration)
        for row, key in zip(table.itertuples(), keys, strict=True)
    ]
    features: dict[str, Feature] = {**experiment.features, NAME: Waveprint()}
    sources = {**experiment.sources, NAME: SOURCE}
    stores = [
        Store(setting.cache, settings.name, name, feature, sources[name], settings.samples, settings.sr)
        for name, feature in features.items()
    ]
    with setting.progress.task("extracting", len(stretches)) as advance:
        extracted = extract(stretches, stores, features, sources, settings.sr, setting.jobs, advance)
    if extracted.damaged:
        data = _without_damaged(data, extracted.damaged, settings.skip_damaged)
        kept = set(data.dataset.table["id"])
        keys = [key for key, clip in zip(keys, table["id"], strict=True) if clip in kept]
    data = _with_twins(data, stores.pop().rows(keys))
    splits = data.dataset.table["split"].to_numpy()
    stored = {store.name: store.rows(keys) for store in stores}
    rows = {split: {name: every.part(splits == split) for name, every in stored.items()} for split in SPLITS}
    computed = {name: extracted.computed[name] for name in experiment.features}
    training = rows["train"]
    if experiment.training.copies:
        originals = {stretch.key: stretch for stretch in stretches}
        order = [key for key, split in zip(keys, splits, strict=True) if split == "train"]
        copies = [
            originals[key].copy(number + 1, experiment.training.distortions)
            for number in range(experiment.training.copies)
            for key in order
        ]
        with setting.progress.task("extracting distorted copies", len(copies)) as advance:
            more = extract(copies, stores, experiment.features, sources, settings.sr, setting.jobs, advance)
        computed = {name: count + more.computed[name] for name, count in computed.items()}
        both = [*order, *(copy.key for copy in copies)]
        training = {store.name: store.rows(both) for store in stores}
    new = ", ".join(f"{name} {count}" for name, count in computed.items() if count)
    setting.progress.say(f"features: {f'clips extracted: {new}' if new else 'all stored, nothing extracted'}")
    return Prepared(data, rows, training, computed, time.perf_counter() - started)


def _with_twins(data: Data, prints: Rows) -> Data:
    table = data.dataset.table
    groups = np.unique(table["group"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
    found = twins(prints.take(), groups)
    return replace(data, duplicates=data.duplicates.with_twins(table, data.hashes, found))


def _without_damaged(data: Data, damaged: dict[str, str], skip: bool) -> Data:
    if not skip:
        raise FusionError(
            f"{len(damaged)} clips are damaged; mend or remove them, or set dataset.skip_damaged: true to leave "
            f"them out and have the result say so:\n{listing(damaged.values())}"
        )
    table = data.dataset.table
    why = (damaged[row.id].removeprefix(f"{row.path}: ") for row in table.itertuples() if row.id in damaged)
    reasons = sorted({re.split(r"[:(]", reason)[0].strip() for reason in why})
    dataset = data.dataset.without(damaged, ", ".join(reasons[:5]))
    kept = set(dataset.table["id"])  # a class whose training clips are all damaged loses the others, too
    hashes = [content for content, clip in zip(data.hashes, table["id"], strict=True) if clip in kept]
    return Data(dataset, hashes, data.fingerprint, find_duplicates(dataset.table, hashes))
