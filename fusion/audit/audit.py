"""The full audit of a data set: every file is read, nothing is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fusion.audit import spectral_fingerprint as spectrumprint
from fusion.audit.similarity import ALIKE, VERSION, Comparison
from fusion.audit.soundness import SILENT, Soundness, examine_files
from fusion.audit.spectral_fingerprint import Spectrumprint, candidates
from fusion.datasets.data import Data, without_damaged
from fusion.datasets.overview import overview
from fusion.datasets.table import Dataset
from fusion.errors import FusionError
from fusion.extraction import wave_fingerprint as waveprint
from fusion.extraction.extract import extract
from fusion.extraction.store import Store
from fusion.extraction.wave_fingerprint import Waveprint
from fusion.extraction.windows import Windows, cut
from fusion.feature.contract import Feature
from fusion.runtime.memory import remembered
from fusion.runtime.workplace import Workplace
from fusion.settings.datasets import DatasetSettings

LEVEL_STEP = 3
"""dB."""

_PRINTS: dict[str, Feature] = {spectrumprint.NAME: Spectrumprint(), waveprint.NAME: Waveprint()}
_SOURCES = {spectrumprint.NAME: spectrumprint.SOURCE, waveprint.NAME: waveprint.SOURCE}
_DELAY = 0.07  # s that encoders may add; notes of one pitch with few overtones are alike when they are shifted further


@dataclass(frozen=True)
class Pair:
    """Two clips that are one sound: rows of the table, how alike (0 to 1), by how much the second is later (s)."""

    first: int
    second: int
    similarity: float
    offset: float


def full_audit(data: Data, settings: DatasetSettings, workplace: Workplace) -> dict[str, Any]:
    """Read every file, and say what is wrong with a data set before anything is trained on it.

    Parameters
    ----------
    data : Data
    settings : DatasetSettings
    workplace : Workplace

    Returns
    -------
    dict
        What `fusion.datasets.overview.overview` returns, and ``audio {rates, channels, seconds, rms_db}``, ``levels
        {split: {dB: clips}}``, ``findings`` (lists of clips by what was found), ``usable`` (whether an experiment
        could run) and, if not, ``why``.
    """
    windows = cut(data.dataset.table, settings)
    damaged = {**windows.damaged, **_extract(data, windows, settings, workplace)}
    why = "" if settings.skip_damaged or not damaged else f"{len(damaged)} clips are damaged"
    if settings.skip_damaged and damaged:
        try:
            data = without_damaged(data, damaged, skip=True)
            windows = cut(data.dataset.table, settings)
        except FusionError as error:  # too little is left
            why = f"without {len(damaged)} damaged clips: {error}"
    good = _without(windows, data.dataset, damaged)
    table = data.dataset.table
    twins = np.empty((0, 2), dtype=np.int64)
    if settings.single_notes:
        prints = _store(waveprint.NAME, settings, workplace).rows([stretch.key for stretch in good.stretches])
        twins = good.rows[waveprint.twins(prints.take(), data.dataset.groups[good.rows])]
        data = replace(data, duplicates=data.duplicates.with_level_copies(table, twins))
    pairs = _near(data, good, {(int(one), int(other)) for one, other in twins}, settings, workplace)
    with workplace.progress.task("looking at files", len({*table["content"]} - {""})) as advance:
        sounds = examine_files(list(table["path"]), list(table["content"]), workplace.cache, workplace.jobs, advance)
    report = overview(data.dataset, data.duplicates)
    findings = {
        "damaged": [{"clip": clip, "why": why} for clip, why in damaged.items()],
        "identical": _identical(data),
        "near_identical": _described(pairs, data.dataset),
        **_unsound(data.dataset, sounds, settings.rate),
    }
    near = findings["near_identical"]
    report["duplicates"] |= {
        "near_identical": len(near),
        "near_conflicting": sum(pair["conflicting"] for pair in near),
        "near_of_one_group": sum(pair["one_group"] for pair in near),
    }
    return {
        **report,
        "warnings": [*report["warnings"], *_warnings(findings, data.dataset, settings, why)],
        "audio": _summary(sounds),
        "levels": _levels(data.dataset, sounds),
        "findings": findings,
        "usable": not why,
        "why": why,
    }


def _store(name: str, settings: DatasetSettings, workplace: Workplace) -> Store:
    return Store(workplace.cache, settings.name, name, _PRINTS[name], _SOURCES[name], settings.samples, settings.sr)


def _extract(data: Data, windows: Windows, settings: DatasetSettings, workplace: Workplace) -> dict[str, str]:
    """Store the prints of all windows; return why clips are damaged, by id."""
    prints = {name: of for name, of in _PRINTS.items() if name != waveprint.NAME or settings.single_notes}
    stores = [_store(name, settings, workplace) for name in prints]
    with workplace.progress.task("reading audio", len(windows.stretches)) as advance:
        done = extract(windows.stretches, stores, prints, _SOURCES, settings.sr, workplace.jobs, advance)
    return windows.clips_of(done.damaged, data.dataset.table)


def _without(windows: Windows, dataset: Dataset, damaged: dict[str, str]) -> Windows:
    ids = dataset.table["id"].to_numpy()
    kept = [number for number, row in enumerate(windows.rows) if ids[row] not in damaged]
    return Windows([windows.stretches[number] for number in kept], windows.rows[kept], {})


def _near(
    data: Data, windows: Windows, twins: set[tuple[int, int]], settings: DatasetSettings, workplace: Workplace
) -> list[Pair]:
    """Return pairs of clips of two splits, or folds, that are one sound but neither the same bytes nor twins."""
    dataset = data.dataset
    prints = _store(spectrumprint.NAME, settings, workplace).rows([s.key for s in windows.stretches]).take()
    places = np.unique(dataset.places, return_inverse=True)[1]
    cosine = spectrumprint.WHOLE if settings.single_notes else spectrumprint.OVERLAPPING
    reach = _DELAY if settings.single_notes else settings.samples / settings.sr
    content = dataset.table["content"].to_numpy()
    tasks: dict[str, Comparison] = {}
    pairs: dict[str, set[tuple[int, int]]] = {}  # of clips: byte-identical ones have windows in common
    for one, other in candidates(prints, places[windows.rows], cosine):
        clips = int(windows.rows[one]), int(windows.rows[other])
        if content[clips[0]] != content[clips[1]] and clips not in twins:
            task = Comparison(windows.stretches[one], windows.stretches[other], reach)
            tasks[task.key] = task
            pairs.setdefault(task.key, set()).add(clips)
    table, function = workplace.cache / "similarity.sqlite", "fusion.audit.similarity:compare"
    with workplace.progress.task("comparing likely copies", len(tasks)) as advance:
        values = remembered(table, VERSION, tasks, function, jobs=workplace.jobs, advance=advance)
    found: dict[tuple[int, int], Pair] = {}
    for key, (similarity, lag) in values.items():
        offset = tasks[key].second.start + lag - tasks[key].first.start
        for clips in pairs[key] if similarity >= ALIKE else ():
            if clips not in found or found[clips].similarity < similarity:
                found[clips] = Pair(*clips, similarity, offset)
    return [found[clips] for clips in sorted(found)]


def _described(pairs: Sequence[Pair], dataset: Dataset) -> list[dict[str, Any]]:
    table, places = dataset.table, dataset.places
    found = []
    for pair in pairs:
        rows = [pair.first, pair.second]
        first, second = (table.iloc[row] for row in rows)
        found.append(
            {
                "clips": [first["id"], second["id"]],
                "in": [places[row] for row in rows],
                "labels": [first["labels"], second["labels"]],
                "similarity": round(pair.similarity, 4),
                "offset": round(pair.offset, 3),
                "conflicting": first["labels"] != second["labels"],
                "one_group": first["group"] == second["group"],
            }
        )
    return found


def _identical(data: Data) -> list[dict[str, Any]]:
    table = data.dataset.table.assign(place=data.dataset.places)
    same = table[(table["content"] != "") & table["content"].duplicated(keep=False)]
    return [
        {
            "clips": list(clips["id"]),
            "labels": list(clips["labels"]),
            "conflicting": clips["labels"].nunique() > 1,
            "in": sorted(set(clips["place"])),
        }
        for _, clips in same.groupby("content", sort=False)
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


def _warnings(findings: dict[str, list[Any]], dataset: Dataset, settings: DatasetSettings, why: str) -> list[str]:
    found = []
    near = [pair for pair in findings["near_identical"] if not pair["one_group"]]
    parts = "folds" if dataset.folds is not None else "splits"
    if near:
        conflicting = sum(pair["conflicting"] for pair in near)
        tested = "" if dataset.folds is not None else f", {sum('test' in pair['in'] for pair in near)} with a test clip"
        found.append(
            f"duplicates: {len(near)} pairs of near-identical clips in different {parts} (one sound, louder, encoded "
            f"again or cut elsewhere), {conflicting} of them with different labels{tested}"
        )
    if same := len(findings["near_identical"]) - len(near):
        found.append(
            f"duplicates: {same} pairs of near-identical clips of the same {dataset.group_noun} in different {parts}"
        )
    if why:
        found.append(f"damaged: the experiment cannot run: {why}")
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
