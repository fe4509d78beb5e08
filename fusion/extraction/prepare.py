"""From a data set's folder to features in the store: what every command does before its own work."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fusion.datasets.data import Data, without_damaged
from fusion.datasets.table import SPLITS, Fold
from fusion.extraction.extract import Extracted, Stretch, extract
from fusion.extraction.part import Part
from fusion.extraction.store import Rows, Store
from fusion.extraction.variants import vary
from fusion.extraction.wave_fingerprint import NAME, SOURCE, Waveprint, twins
from fusion.extraction.windows import cut
from fusion.feature.contract import Feature
from fusion.runtime.workplace import Workplace
from fusion.settings.experiment import Experiment

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Prepared:
    """Data with every feature stored.

    Attributes
    ----------
    data : Data
        Without damaged clips.
    windows : (windows,) int
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
    """

    data: Data
    windows: Ints
    rows: dict[str, Rows]
    targets: NDArray[np.bool_]
    variants: Ints
    partners: Ints
    mixed: tuple[Ints, Ints] | None
    computed: dict[str, int]
    seconds: float

    def only(self, features: Iterable[str]) -> Prepared:
        """Return the same with some of the features."""
        return replace(
            self,
            rows={name: self.rows[name] for name in features},
            computed={name: self.computed[name] for name in features},
        )

    def parts(self, of: Fold) -> dict[str, Part]:
        """Return what trains, validates and tests one network, and what chooses its threshold."""
        found = {}
        for split in SPLITS:
            clips = of.clips(split)
            if not len(clips):
                continue
            chosen = np.flatnonzero(np.isin(self.windows, clips))
            numbers = np.searchsorted(clips, self.windows[chosen]).astype(np.int64)
            rows = np.concatenate([chosen, self._variants(chosen, of).reshape(-1)]) if split == "train" else chosen
            found[split] = self._part(rows, numbers)
        if self.mixed:
            found["mixed"] = self._part(*self.mixed)
        return found

    def _variants(self, windows: Ints, of: Fold) -> Ints:
        """Return rows of training windows' variants; the window itself where one is mixed with what is held out."""
        held_out = np.isin(self.partners[:, windows], np.concatenate([of.validation, of.test])).any(axis=2)
        return np.where(held_out, windows, self.variants[:, windows])

    def _part(self, rows: Ints, clips: Ints) -> Part:
        return Part({name: every.part(rows) for name, every in self.rows.items()}, self.targets[rows], clips)


def prepare(experiment: Experiment, data: Data, workplace: Workplace, pools: Ints | None = None) -> Prepared:
    """Extract what the store lacks.

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
        For damaged clips, all listed, unless ``dataset.skip_damaged`` leaves them out.
    """
    started = time.perf_counter()
    settings = experiment.dataset
    windows = cut(data.dataset.table, settings)
    if windows.damaged:
        data = without_damaged(data, windows.damaged, settings.skip_damaged)
        windows = cut(data.dataset.table, settings)
    features: dict[str, Feature] = {**experiment.features, **({NAME: Waveprint()} if settings.single_notes else {})}
    sources = {**experiment.sources, NAME: SOURCE}
    stores = [
        Store(workplace.cache, settings.name, name, feature, sources[name], settings.samples, settings.sr)
        for name, feature in features.items()
    ]

    def fill(what: str, stretches: list[Stretch]) -> Extracted:
        with workplace.progress.task(what, len(stretches)) as advance:
            return extract(stretches, stores, features, sources, settings.sr, workplace.jobs, advance)

    extracted = fill("extracting", windows.stretches)
    computed = extracted.computed
    if extracted.damaged:
        data = without_damaged(data, windows.clips_of(extracted.damaged, data.dataset.table), settings.skip_damaged)
        windows = cut(data.dataset.table, settings)
    if settings.single_notes:
        prints = stores.pop().rows([stretch.key for stretch in windows.stretches])
        data = _with_twins(data, prints)
        del features[NAME]
    more = vary(experiment, data.dataset, windows, pools)
    if more.stretches:
        new = fill("extracting copies and mixtures", more.stretches)
        computed = {name: count + new.computed.get(name, 0) for name, count in computed.items()}
    computed = {name: computed[name] for name in experiment.features}
    keys = [stretch.key for stretch in (*windows.stretches, *more.stretches)]
    new_ones = ", ".join(f"{name} {count}" for name, count in computed.items() if count)
    workplace.progress.say(
        f"features: {f'clips extracted: {new_ones}' if new_ones else 'all stored, nothing extracted'}"
    )
    return Prepared(
        data,
        windows.rows,
        {store.name: store.rows(keys) for store in stores},
        np.concatenate([data.dataset.targets[windows.rows], more.targets]),
        more.variants,
        more.partners,
        more.mixed,
        computed,
        time.perf_counter() - started,
    )


def _with_twins(data: Data, prints: Rows) -> Data:
    found = twins(prints.take(), data.dataset.groups)
    return replace(data, duplicates=data.duplicates.with_level_copies(data.dataset.table, found))
