"""What a check found, as plain data, in words and in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.audit.near_identical import ClipPair
from fusion.audit.soundness import CANCELLED, OFFSET, SILENT, Soundness
from fusion.datasets.corpus import Corpus
from fusion.datasets.duplicates import SOUND
from fusion.datasets.groups import components
from fusion.sound.reading import OVER

LEVEL_STEP = 3
"""dB."""

MANY = 6
"""Names of one wave that no longer are the velocities of a note, of which NSynth has five."""

Sounds = Sequence[Soundness | None]


def find(
    dataset: Corpus,
    damaged: dict[str, str],
    near: Sequence[ClipPair],
    level_copies: NDArray[np.int64],
    sounds: Sounds,
    rate: int | None,
) -> dict[str, list[Any]]:
    """Return lists of clips by what is wrong with them.

    Parameters
    ----------
    dataset : Corpus
    damaged : dict of str to str
        Why clips cannot be used, by id.
    near : sequence of ClipPair
    level_copies : (pairs, 2) int
        Rows of clips that are one sound at two levels.
    sounds : sequence of Soundness or None
        Of each clip's file.
    rate : int, Hz, or None
        None: files may have any.
        What the data set should have.
    """
    named = [(clip, sound) for clip, sound in zip(dataset.table["id"], sounds, strict=True) if sound]
    return {
        "damaged": [{"clip": clip, "why": why} for clip, why in damaged.items()],
        "identical": _identical(dataset),
        "near_identical": _near_identical(near, dataset),
        "one_waveform": _one_waveform(dataset, level_copies),
        "silent": [{"clip": clip, "peak": sound.peak} for clip, sound in named if sound.silent],
        "noise": [{"clip": clip} for clip, sound in named if sound.noise and not sound.silent],
        "clipped": [{"clip": clip, "places": sound.clipped} for clip, sound in named if sound.clips],
        "over_full_scale": [{"clip": clip, "peak": sound.peak} for clip, sound in named if sound.over_full_scale],
        "cancelling": [
            {"clip": clip, "below": round(sound.rms - sound.mono, 1)} for clip, sound in named if sound.cancels
        ],
        "off_centre": [{"clip": clip, "offset": sound.offset} for clip, sound in named if sound.off_centre],
        "truncated": [{"clip": clip, "seconds": round(sound.seconds, 3)} for clip, sound in named if sound.truncated],
        "estimated": [{"clip": clip, "seconds": round(sound.seconds, 3)} for clip, sound in named if sound.estimated],
        "links": _links(dataset),
        "wrong_rate": [{"clip": clip, "rate": sound.rate} for clip, sound in named if rate and sound.rate != rate],
    }


def _near_identical(near: Sequence[ClipPair], dataset: Corpus) -> list[dict[str, Any]]:
    ids, labels, groups = (dataset.table[column].to_numpy() for column in ("id", "labels", "group"))
    places = dataset.places
    return [
        {
            "clips": [ids[row] for row in rows],
            "in": [places[row] for row in rows],
            "labels": [labels[row] for row in rows],
            "similarity": round(pair.similarity, 4),
            "offset": round(pair.offset, 3),
            "conflicting": labels[pair.first] != labels[pair.second],
            "one_group": groups[pair.first] == groups[pair.second],
        }
        for pair in near
        for rows in [(pair.first, pair.second)]
    ]


def _identical(dataset: Corpus) -> list[dict[str, Any]]:
    table = dataset.table.assign(place=dataset.places)
    same = table[(table["content"] != "") & table.duplicated(SOUND, keep=False)]
    return [
        {
            "clips": list(clips["id"]),
            "labels": list(clips["labels"]),
            "conflicting": clips["labels"].nunique() > 1,
            "in": sorted(set(clips["place"])),
        }
        for _, clips in same.groupby(SOUND, sort=False, dropna=False)
    ]


def _one_waveform(dataset: Corpus, level_copies: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return sets of clips of one group that are one wave, at whatever level, under more names than levels explain."""
    table, groups = dataset.table, dataset.table["group"].to_numpy()
    waves = [" ".join(map(str, sound)) for sound in zip(*(table[column] for column in SOUND), strict=True)]
    pairs = [frozenset((waves[one], waves[other])) for one, other in level_copies if groups[one] == groups[other]]
    joined = components([*(frozenset([wave]) for wave in waves), *pairs])[: len(waves)]
    known = table.assign(wave=joined, place=dataset.places)[table["content"] != ""]
    return [
        {"clips": list(clips["id"]), "group": group, "in": sorted(set(clips["place"]))}
        for (_, group), clips in known.groupby(["wave", "group"], sort=False)
        if len(clips) >= MANY
    ]


def _links(dataset: Corpus) -> list[dict[str, Any]]:
    """Return the clips whose file, or folder, is a link."""
    paths = [Path(path) for path in dataset.table["path"]]
    folders = {folder: folder.resolve() for folder in {path.parent for path in paths}}
    root = commonpath(folders) if folders else ""
    inside = Path(root).resolve()
    return [
        {"clip": clip, "to": str(path.resolve())}
        for clip, path in zip(dataset.table["id"], paths, strict=True)
        if path.is_symlink() or folders[path.parent] != inside / path.parent.relative_to(root)
    ]


def warnings(findings: dict[str, list[Any]], dataset: Corpus, rate: int | None, why: str) -> list[str]:
    """Return what was found in words; `why` says why an experiment cannot run, if it cannot."""
    warnings = []
    near = [pair for pair in findings["near_identical"] if not pair["one_group"]]
    parts = "folds" if dataset.folds is not None else "splits"
    if near:
        conflicting = sum(pair["conflicting"] for pair in near)
        tested = "" if dataset.folds is not None else f", {sum('test' in pair['in'] for pair in near)} with a test clip"
        warnings.append(
            f"duplicates: {len(near)} pairs of near-identical clips in different {parts} (one sound, louder, encoded "
            f"again or cut elsewhere), {conflicting} of them with different labels{tested}"
        )
    if same := len(findings["near_identical"]) - len(near):
        warnings.append(
            f"duplicates: {same} pairs of near-identical clips of the same {dataset.group_noun} in different {parts}"
        )
    if why:
        warnings.append(f"damaged: the experiment cannot run: {why}")
    for found in findings["one_waveform"]:
        warnings.append(f"damaged: {len(found['clips'])} clips of {found['group']} are one wave under different names")
    if noise := len(findings["noise"]):
        warnings.append(
            f"noise-like: {noise} of {len(dataset.table)} clips have no clear pitch (no partial stands out of their "
            "spectrum); normal for drums and cymbals, otherwise listen to them"
        )
    rates = Counter(entry["rate"] for entry in findings["wrong_rate"])
    by_rate = ", ".join(f"{count} at {other} Hz" for other, count in sorted(rates.items()))
    for kind, what in (
        ("silent", f"stay below {SILENT:g} dB of full scale"),
        ("clipped", "are clipped: the wave is cut off flat in three places or more"),
        ("over_full_scale", f"go over {OVER:g} times full scale, as integers that were written as float"),
        ("cancelling", f"have channels that cancel: their mean lies more than {CANCELLED:g} dB below them"),
        ("off_centre", f"are not centred on zero: their mean lies less than {OFFSET:g} dB below their level"),
        ("truncated", "end before their file says that they do"),
        ("estimated", "do not say how long they are, so their length is an estimate; encode them anew"),
        ("wrong_rate", f"are not at the data set's {rate} Hz ({by_rate})"),
    ):
        if findings[kind]:
            warnings.append(f"damaged: {len(findings[kind])} of {len(dataset.table)} clips {what}")
    return warnings


def summary(sounds: Sounds) -> dict[str, Any]:
    """Return of how many clips the file has each rate and number of channels, and how long and loud it is."""
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


def levels(dataset: Corpus, sounds: Sounds) -> dict[str, dict[str, int]]:
    """Count the clips of each split by RMS level, in steps named by their lower end, dB of full scale."""
    counted: dict[str, Counter[int]] = {}
    for split, sound in zip(dataset.table["split"], sounds, strict=True):
        if sound and not sound.silent:
            counted.setdefault(split, Counter())[int(sound.rms // LEVEL_STEP) * LEVEL_STEP] += 1
    return {split: {str(level): n for level, n in sorted(counts.items())} for split, counts in counted.items()}
