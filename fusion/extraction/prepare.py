"""From a data set's folder to features in the store: what every command does before its own work."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.corpus import SPLITS, Fold
from fusion.datasets.data import Data, with_copies, without_damaged
from fusion.errors import FusionError
from fusion.extraction.checksums import remove_damaged
from fusion.extraction.extract import Extracted, extract
from fusion.extraction.level_copies import find_level_copies
from fusion.extraction.part import Part
from fusion.extraction.store import Rows, Store, open_stores
from fusion.extraction.variants import Variants, plan_variants
from fusion.extraction.wave_fingerprint import NAME, SOURCE, WaveFingerprint
from fusion.extraction.window import Window
from fusion.extraction.windows import Windows, cut_windows
from fusion.feature.contract import Feature
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """Data with every feature stored.

    Attributes
    ----------
    data : Data
        Without damaged clips.
    clips : (windows,) int
        The clip of each window, as a row of the table.
    rows : dict of str to Rows
        By feature: all windows, then all variants of training windows, then mixed validation windows.
    targets : (rows, classes) bool
    variants : (variants, windows) int
        Row of each copy or mixture of a window, -1 where it has none.
    partners : (variants, windows, most) int
        Clips that each is mixed with, as rows of the table; -1 fills up.
    mixed : (rows, clips), two (mixed windows,) int, or None
        Row and clip of each mixed validation window.
    computed : dict of str to int
        Windows that had to be extracted, by feature.
    seconds : float
        That this took.
    weights : (rows,) float32 or None
        How much each row counts in training; None: all alike.
    taken : dict
        What was made of these for a fold: arms and seeds share it, because at NSynth's size it is 20 MB a feature.
    """

    data: Data
    clips: Ints
    rows: dict[str, Rows]
    targets: NDArray[np.bool_]
    variants: Ints
    partners: Ints
    mixed: tuple[Ints, Ints] | None
    computed: dict[str, int]
    seconds: float
    weights: NDArray[np.float32] | None = None
    taken: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    def only(self, features: Iterable[str]) -> Prepared:
        """Return the same with some of the features."""
        return replace(
            self,
            rows={name: self.rows[name] for name in features},
            computed={name: self.computed[name] for name in features},
        )

    def parts(self, fold: Fold) -> dict[str, Part]:
        """Return what trains, validates and tests one network, and what chooses its threshold."""
        rows, bare = self._once(fold.fold, partial(self._without_features, fold))
        return {
            split: replace(part, rows={name: self._rows(name, rows[split], (split, fold.fold)) for name in self.rows})
            for split, part in bare.items()
        }

    def _rows(self, name: str, rows: Ints, of: tuple[str, int | None]) -> Rows:
        return self._once((name, *of), partial(self.rows[name].part, rows))

    def _without_features(self, fold: Fold) -> tuple[dict[str, Ints], dict[str, Part]]:
        """Return the rows of each split, and what else trainings have of it."""
        rows, parts = {}, {}
        for split in SPLITS:
            clips = fold.clips(split)
            if not len(clips):
                continue
            windows = np.flatnonzero(np.isin(self.clips, clips))
            rows[split], weights = windows, None
            if split == "train":
                rows[split] = np.concatenate([windows, self._variants(windows, fold).reshape(-1)])
                weights = None if self.weights is None else self.weights[rows[split]]
            numbers = np.searchsorted(clips, self.clips[windows]).astype(np.int64)
            parts[split] = Part({}, self.targets[rows[split]], numbers, weights)
        if self.mixed:
            rows["mixed"], clips = self.mixed
            parts["mixed"] = Part({}, self.targets[rows["mixed"]], clips)
        return rows, parts

    def _variants(self, windows: Ints, fold: Fold) -> Ints:
        """Return rows of training windows' variants; the window itself where one is mixed with what does not train."""
        strangers = np.isin(self.partners[:, windows], [-1, *fold.train], invert=True).any(axis=2)
        return np.where(strangers, windows, self.variants[:, windows])

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self.taken:
            self.taken[key] = make()
        value: T = self.taken[key]
        return value


def prepare(experiment: Experiment, data: Data, workplace: Workplace, pools: Ints | None = None) -> Prepared:
    """Cut clips into windows, extract what the store lacks, leave damaged clips out, add copies and mixtures.

    Parameters
    ----------
    experiment : Experiment
    data : Data
    workplace : Workplace
    pools : (training clips,) int, optional
        Training clips are mixed within their pool alone, so that folds keep apart.

    Raises
    ------
    FusionError
        For damaged clips, unless ``dataset.skip_damaged`` leaves them out: at once for those that cannot be cut, all
        listed; else after extraction for those found there, all listed. For clips that a feature has no values of.
    """
    started = time.perf_counter()
    settings = experiment.dataset
    stores = open_stores(workplace.cache, settings, experiment.features, experiment.sources)
    windows = cut_windows(data.dataset.table, settings)
    if windows.damaged and not settings.skip_damaged:
        without_damaged(data, windows.damaged, skip=False)
    check_clips(experiment.features, data.dataset.table, windows.damaged)
    fingerprints: Store | None = None
    if settings.single_notes:
        (fingerprints,) = open_stores(workplace.cache, settings, {NAME: WaveFingerprint()}, {NAME: SOURCE})
    extracted = _fill("extracting", windows.windows, [*stores, fingerprints] if fingerprints else stores, workplace)
    damaged = windows.damaged_clips(extracted.damaged, data.dataset.table)
    data, windows = leave_out(damaged, data, windows, settings.skip_damaged)
    if fingerprints:
        pairs = find_level_copies(data.dataset, windows, fingerprints)
        data = replace(data, duplicates=data.duplicates.with_level_copies(data.dataset.table, pairs))
        data = with_copies(data, pairs)
    variants = plan_variants(experiment, data.dataset, windows, pools)
    extracted_too = _fill("extracting copies and mixtures", variants.windows, stores, workplace)
    computed = {name: extracted.computed[name] + extracted_too.computed[name] for name in experiment.features}
    news = ", ".join(f"{name} {count}" for name, count in computed.items() if count)
    workplace.progress.say(f"features: {f'clips extracted: {news}' if news else 'all stored, nothing extracted'}")
    for store in stores:
        if others := store.made_with_others():
            workplace.progress.say(
                f"feature {store.name} was extracted with {', '.join(others)}; delete {store.folder} to extract it anew"
            )
    every = [*windows.windows, *variants.windows]
    return Prepared(
        data,
        windows.clips,
        {store.name: store.rows([store.key(window) for window in every]) for store in stores},
        np.concatenate([data.dataset.targets[windows.clips], variants.targets]),
        variants.rows,
        variants.partners,
        variants.mixed,
        computed,
        time.perf_counter() - started,
        _weights(windows, variants, data.dataset.table),
    )


def _weights(windows: Windows, variants: Variants, table: pd.DataFrame) -> NDArray[np.float32] | None:
    """Return how much each row counts in training: a copy or mixture as its window, what validates as 1."""
    if "weight" not in table:
        return None
    own = table["weight"].to_numpy(dtype=np.float32)[windows.clips]
    weights = np.concatenate([own, np.ones(len(variants.windows), dtype=np.float32)])
    for rows in variants.rows:
        weights[rows[rows >= 0]] = own[rows >= 0]
    return weights


def check_clips(features: dict[str, Feature], table: pd.DataFrame, damaged: Iterable[str]) -> None:
    """Raise FusionError unless every feature has values of all clips, but for damaged ones, given by id."""
    sound = table[~table["id"].isin(list(damaged))]
    for name, feature in features.items():
        try:
            feature.check_clips(list(sound["id"]), list(sound["path"]))
        except FusionError as error:
            raise FusionError(f"feature {name}: {error}") from None
        except (Exception, SystemExit) as error:  # a stranger's code
            raise FusionError(f"feature {name} failed on the clips: {type(error).__name__}: {error}") from error


def _fill(what: str, windows: Sequence[Window], stores: Sequence[Store], workplace: Workplace) -> Extracted:
    if not windows:
        return Extracted({store.name: 0 for store in stores}, {})
    remove_damaged([store.folder for store in stores], workplace)
    with workplace.progress.task(what, len(windows)) as advance:
        return extract(windows, stores, workplace.workers, advance)


def leave_out(damaged: dict[str, str], data: Data, windows: Windows, skip: bool) -> tuple[Data, Windows]:
    """Return data and windows without damaged clips.

    Parameters
    ----------
    damaged : dict of str to str
        Why clips are damaged, by id.
    data : Data
    windows : Windows
        Of all clips.
    skip : bool

    Raises
    ------
    FusionError
        If there are any and they are not to be skipped, or if too little is left.
    """
    if not damaged:
        return data, windows
    left = without_damaged(data, damaged, skip)
    kept = data.dataset.table["id"].isin(left.dataset.table["id"]).to_numpy()
    windows = windows.only(kept)
    return left, replace(windows, clips=(np.cumsum(kept) - 1)[windows.clips].astype(np.int64))
