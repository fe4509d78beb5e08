"""The full audit of a data set: every file is read, nothing is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion import spectrumprint, waveprint
from fusion.datasets.audit import audit
from fusion.datasets.table import SPLITS, Dataset
from fusion.extract import extract
from fusion.feature import Feature
from fusion.prepare import Data, Setting, without_damaged
from fusion.similarity import ALIKE, comparisons
from fusion.soundness import SILENT, Soundness, examine_files
from fusion.spec import DatasetSettings
from fusion.spectrumprint import Spectrumprint, candidates
from fusion.store import Store
from fusion.waveprint import Waveprint
from fusion.windows import Windows, cut
from fusion.workers import run

Ints = NDArray[np.int64]

LEVEL_STEP = 3
"""dB."""

_DELAY = 0.07  # s that encoders may add; notes of one pitch with few overtones are alike when they are shifted further


@dataclass(frozen=True)
class Pair:
    """Two clips that are one sound: rows of the table, how alike (0 to 1), by how much the second is later (s)."""

    first: int
    second: int
    similarity: float
    offset: float


def full_audit(data: Data, settings: DatasetSettings, setting: Setting) -> dict[str, Any]:
    """Read every file, and say what is wrong with a data set before anything is trained on it.

    Parameters
    ----------
    data : Data
    settings : DatasetSettings
    setting : Setting

    Returns
    -------
    dict
        What `fusion.datasets.audit.audit` returns, and ``audio {rates, channels, seconds, rms_db}``, ``levels {split:
        {dB: clips}}``, ``findings`` (lists of clips by what was found), ``usable``: whether an experiment could run.
    """
    windows = cut(data.dataset.table, data.hashes, settings)
    damaged = {**windows.damaged, **_extract(data, windows, settings, setting)}
    if settings.skip_damaged and damaged:
        data = without_damaged(data, damaged, skip=True)
        windows = cut(data.dataset.table, data.hashes, settings)
    good = _without(windows, data.dataset, damaged)
    table = data.dataset.table
    twins = np.empty((0, 2), dtype=np.int64)
    if settings.single_notes:
        prints = _store(waveprint.NAME, settings, setting).rows([stretch.key for stretch in good.stretches])
        twins = good.rows[waveprint.twins(prints.take(), data.dataset.groups[good.rows])]
        data = replace(data, duplicates=data.duplicates.with_twins(table, data.hashes, twins))
    pairs = _near(data, good, {(int(one), int(other)) for one, other in twins}, settings, setting)
    with setting.progress.task("looking at files", len(table)) as advance:
        sounds = examine_files(list(table["path"]), data.hashes, setting.cache, setting.jobs, advance)
    report = audit(data.dataset, data.duplicates)
    findings = {
        "damaged": [{"clip": clip, "why": why} for clip, why in damaged.items()],
        "identical": _identical(data),
        "near_identical": [_described(pair, data.dataset) for pair in pairs],
        **_unsound(data.dataset, sounds, settings.rate),
    }
    near = findings["near_identical"]
    report["duplicates"] |= {
        "near_identical": len(near),
        "near_conflicting": sum(pair["conflicting"] for pair in near),
        "near_of_one_group": sum(pair["one_group"] for pair in near),
    }
    usable = settings.skip_damaged or not damaged
    return {
        **report,
        "warnings": [*report["warnings"], *_warnings(findings, data.dataset, settings, usable)],
        "audio": _summary(sounds),
        "levels": _levels(data.dataset, sounds),
        "findings": findings,
        "usable": usable,
    }


def _prints(settings: DatasetSettings) -> dict[str, Feature]:
    prints: dict[str, Feature] = {spectrumprint.NAME: Spectrumprint()}
    return prints | {waveprint.NAME: Waveprint()} if settings.single_notes else prints


def _store(name: str, settings: DatasetSettings, setting: Setting) -> Store:
    source = {spectrumprint.NAME: spectrumprint.SOURCE, waveprint.NAME: waveprint.SOURCE}[name]
    feature = _prints(settings)[name]
    return Store(setting.cache, settings.name, name, feature, source, settings.samples, settings.sr)


def _extract(data: Data, windows: Windows, settings: DatasetSettings, setting: Setting) -> dict[str, str]:
    """Store the prints of all windows; return why clips are damaged, by id."""
    prints = _prints(settings)
    stores = [_store(name, settings, setting) for name in prints]
    sources = {spectrumprint.NAME: spectrumprint.SOURCE, waveprint.NAME: waveprint.SOURCE}
    with setting.progress.task("reading audio", len(windows.stretches)) as advance:
        done = extract(windows.stretches, stores, prints, sources, settings.sr, setting.jobs, advance)
    return windows.clips_of(done.damaged, data.dataset.table)


def _without(windows: Windows, dataset: Dataset, damaged: dict[str, str]) -> Windows:
    ids = dataset.table["id"].to_numpy()
    kept = [number for number, row in enumerate(windows.rows) if ids[row] not in damaged]
    return Windows([windows.stretches[number] for number in kept], windows.rows[kept], {})


def _near(
    data: Data, windows: Windows, twins: set[tuple[int, int]], settings: DatasetSettings, setting: Setting
) -> list[Pair]:
    """Return pairs of clips of two splits, or folds, that are one sound but neither the same bytes nor twins."""
    dataset = data.dataset
    prints = _store(spectrumprint.NAME, settings, setting).rows([s.key for s in windows.stretches]).take()
    places = np.array([SPLITS.index(split) for split in dataset.table["split"]], dtype=np.int64)
    places = places if dataset.folds is None else dataset.folds
    cosine = spectrumprint.WHOLE if settings.single_notes else spectrumprint.OVERLAPPING
    pairs = candidates(prints, places[windows.rows], cosine)
    content = np.array(data.hashes)[windows.rows]
    reach = _DELAY if settings.single_notes else settings.samples / settings.sr
    tasks = comparisons(windows.stretches, pairs[content[pairs[:, 0]] != content[pairs[:, 1]]], reach)
    found: dict[tuple[int, int], Pair] = {}
    numbers = {(stretch.id, stretch.start): number for number, stretch in enumerate(windows.stretches)}
    with setting.progress.task("comparing likely copies", sum(len(task.pairs) for task in tasks)) as advance:
        for task, values in run([("fusion.similarity:compare", task) for task in tasks], setting.jobs):
            for (one, other), (similarity, lag) in zip(task.pairs, values, strict=True):
                first, second = task.windows[one], task.windows[other]
                rows = tuple(int(windows.rows[numbers[stretch.id, stretch.start]]) for stretch in (first, second))
                known = found.get((rows[0], rows[1]))
                if rows in twins or similarity < ALIKE:
                    continue
                if known is None or known.similarity < similarity:
                    offset = second.start + lag - first.start
                    found[rows[0], rows[1]] = Pair(rows[0], rows[1], similarity, offset)
            advance(len(task.pairs))
    return [found[rows] for rows in sorted(found)]


def _described(pair: Pair, dataset: Dataset) -> dict[str, Any]:
    first, second = (dataset.table.iloc[row] for row in (pair.first, pair.second))
    return {
        "clips": [first["id"], second["id"]],
        "labels": [first["labels"], second["labels"]],
        "similarity": round(pair.similarity, 4),
        "offset": round(pair.offset, 3),
        "conflicting": first["labels"] != second["labels"],
        "one_group": first["group"] == second["group"],
    }


def _identical(data: Data) -> list[dict[str, Any]]:
    table = data.dataset.table.assign(hash=data.hashes)
    same = table[(table["hash"] != "") & table["hash"].duplicated(keep=False)]
    return [
        {
            "clips": list(clips["id"]),
            "labels": list(clips["labels"]),
            "conflicting": clips["labels"].nunique() > 1,
            "splits": sorted(set(clips["split"])),
        }
        for _, clips in same.groupby("hash", sort=False)
    ]


def _unsound(dataset: Dataset, sounds: Sequence[Soundness | None], rate: int) -> dict[str, list[Any]]:
    """Return the clips that are silent, clipped, truncated or at another rate than the data set's."""
    named = [(clip, sound) for clip, sound in zip(dataset.table["id"], sounds, strict=True) if sound]
    return {
        "silent": [{"clip": clip, "peak": sound.peak} for clip, sound in named if sound.silent],
        "clipped": [{"clip": clip, "places": sound.clipped} for clip, sound in named if sound.clips],
        "truncated": [{"clip": clip, "seconds": round(sound.seconds, 3)} for clip, sound in named if sound.truncated],
        "wrong_rate": [{"clip": clip, "rate": sound.rate} for clip, sound in named if sound.rate != rate],
    }


def _warnings(findings: dict[str, list[Any]], dataset: Dataset, settings: DatasetSettings, usable: bool) -> list[str]:
    found = []
    near = [pair for pair in findings["near_identical"] if not pair["one_group"]]
    parts = "folds" if dataset.folds is not None else "splits"
    if near:
        conflicting = sum(pair["conflicting"] for pair in near)
        found.append(
            f"duplicates: {len(near)} pairs of near-identical clips in different {parts} (one sound, louder, encoded "
            f"again or cut elsewhere), {conflicting} of them with different labels"
        )
    if same := len(findings["near_identical"]) - len(near):
        found.append(f"duplicates: {same} more such pairs are of the same {dataset.noun}")
    if not usable:
        found.append(f"damaged: {len(findings['damaged'])} clips cannot be used, so the experiment cannot run")
    rates = Counter(entry["rate"] for entry in findings["wrong_rate"])
    several = ", ".join(f"{count} at {rate} Hz" for rate, count in sorted(rates.items()))
    for kind, what in (
        ("silent", f"stay below {SILENT:g} dB of full scale"),
        ("clipped", "are clipped: the wave is cut off flat in three places or more"),
        ("truncated", "end before their file says that they do"),
        ("wrong_rate", f"are not at the data set's {settings.rate} Hz ({several})"),
    ):
        if findings[kind]:
            found.append(f"damaged: {len(findings[kind])} of {len(dataset.table)} clips {what}")
    return found


def _summary(sounds: Sequence[Soundness | None]) -> dict[str, Any]:
    there = [sound for sound in sounds if sound]
    return {
        "rates": {str(rate): n for rate, n in sorted(Counter(sound.rate for sound in there).items())},
        "channels": {str(count): n for count, n in sorted(Counter(sound.channels for sound in there).items())},
        "seconds": _spread([sound.seconds for sound in there]),
        "rms_db": _spread([sound.rms for sound in there]),
    }


def _spread(values: list[float]) -> dict[str, float]:
    """Return the smallest, the middle and the largest of some values."""
    quantiles = np.quantile(values, [0, 0.5, 1]) if values else ()
    return {name: round(float(q), 3) for name, q in zip(("min", "median", "max"), quantiles, strict=False)}


def _levels(dataset: Dataset, sounds: Sequence[Soundness | None]) -> dict[str, dict[str, int]]:
    """Count the clips of each split by RMS level, in steps named by their lower end, dB of full scale."""
    levels: dict[str, Counter[int]] = {}
    for split, sound in zip(dataset.table["split"], sounds, strict=True):
        if sound and not sound.silent:
            levels.setdefault(split, Counter())[int(sound.rms // LEVEL_STEP) * LEVEL_STEP] += 1
    return {split: {str(level): n for level, n in sorted(counts.items())} for split, counts in levels.items()}
