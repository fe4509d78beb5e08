"""IRMAS: 6,705 training excerpts with one predominant instrument and 2,874 testing clips with one to five.

| | |
|---|---|
| Sound | 44.1 kHz, stereo, 16 bit; training excerpts 3 s, testing clips 5 to 20 s |
| Classes | cel, cla, flu, gac, gel, org, pia, sax, tru, vio, voi |
| Groups | training: recordings, joined where files are byte-identical; testing: 208 songs |
| Licence | CC BY-NC-SA 3.0 |
| Layout | ``IRMAS-TrainingData/<class>/*.wav``; ``IRMAS-TestingData-Part1/`` to ``Part3/``, a folder in each with
  ``<song>-<n>.wav`` and ``<song>-<n>.txt`` (one label a line) |

J. Bosch, J. Janer, F. Fuhrmann and P. Herrera: "A comparison of sound segregation techniques for predominant instrument
recognition in musical audio signals", ISMIR 2012, 559-564, data at https://doi.org/10.5281/zenodo.1290750
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from fusion.datasets.groups import assign_folds, components, hold_out
from fusion.datasets.table import Dataset, assemble
from fusion.errors import FusionError, listing
from fusion.settings.datasets import INSTRUMENTS, IRMASSettings
from fusion.sound.reading import SUFFIXES

TRAINING = "IRMAS-TrainingData"
TESTING = tuple(f"IRMAS-TestingData-Part{number}" for number in (1, 2, 3))
NOUN = "songs"
RECORDINGS = "recordings"

_NAME = re.compile(
    r"(?:(?P<number>\d+)__)?\[(?P<label>\w{3})\](?:\[(?P<drums>dru|nod|---)\])?"
    r"\[(?P<genre>cou_fol|cla|pop_roc|lat_sou|jaz_blu)\](?P<recording>\d{4})__(?P<part>[123])"
)  # by position: cla is clarinet or classical
_SONG = re.compile(r"(?P<song>.+)-(?P<number>\d+)")
_COLUMNS = ["id", "path", "labels", "group"]

Hashes = Callable[[Sequence[Path]], list[str]]


def read(settings: IRMASSettings, root: Path, hashes: Hashes) -> Dataset:
    """Read names and labels, and make the splits of a protocol.

    Parameters
    ----------
    settings : IRMASSettings
    root : Path
        Folder that holds ``IRMAS-TrainingData`` and so on.
    hashes : callable
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
    training = _one_class(_read_training(root, hashes), settings)
    if settings.protocol == "cv":
        table = training.assign(split="train").reset_index(drop=True)
        numbers = np.unique(table["labels"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
        groups = np.unique(table["group"].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
        folds = assign_folds(numbers, groups if settings.grouped else None, settings.folds, 1, "dataset.folds")
        if alone := sorted(set(table.loc[folds < 0, "labels"])):
            raise FusionError(
                f"{root}: {', '.join(alone)} have one recording alone, which cannot be trained on and tested; leave "
                "them out with dataset.classes"
            )
        return assemble("irmas", "cv", table, RECORDINGS, folds=folds, grouped=settings.grouped)
    held = training["group"].isin(hold_out(training))
    testing, notes = _read_testing(root, settings.skip_damaged)
    testing, left_out = _as_asked(testing, settings)
    training = training.assign(split=np.where(held, "validation", "train"))
    table = pd.concat([training, testing.assign(split="test")], ignore_index=True)
    return assemble("irmas", settings.protocol, table, NOUN, [*notes, *left_out], settings.several)


def read_split(settings: IRMASSettings, root: Path, split: str, hashes: Hashes) -> Dataset:
    """Read one split alone, all its clips as test clips.

    Parameters
    ----------
    settings : IRMASSettings
    root : Path
    split : {"train", "validation", "test"}
        The training excerpts or the testing clips; there is no validation split.
    hashes : callable

    Raises
    ------
    FusionError
        As `read` does.
    """
    notes: list[str] = []
    if split == "test" and settings.protocol != "cv":
        table, notes = _read_testing(root, settings.skip_damaged)
        table, left_out = _as_asked(table, settings)
        notes += left_out
    elif split == "train":
        table = _one_class(_read_training(root, hashes), settings)
    else:
        raise FusionError(f"{root}: IRMAS, protocol {settings.protocol}, has no {split} split of its own; take another")
    table = table.assign(split="test").reset_index(drop=True)
    classes = tuple(sorted({label for labels in table["labels"] for label in labels.split(";")}))
    noun = NOUN if split == "test" else RECORDINGS
    return Dataset("irmas", settings.protocol, table, classes, noun, notes, settings.several)


def _read_training(root: Path, hashes: Hashes) -> pd.DataFrame:
    """Return all training excerpts with their recordings joined."""
    folder = root / TRAINING
    if not folder.is_dir():
        raise FusionError(
            f"{root}: IRMAS's training data are not there (no folder {TRAINING}); fetch them with `fusion data get "
            "irmas`, try the embedded sample with --sample, or name their folder with --data DIR"
        )
    rows, wrong = [], []
    for path in _sounds(folder):
        name, label = path.with_suffix("").name, path.parent.name
        match = _NAME.fullmatch(name)
        if not match or match["label"] not in INSTRUMENTS:
            wrong.append(f"{path.relative_to(root)}: should be like [cel][cla]0001__1")
        elif label != match["label"] or path.parent.parent != folder:
            wrong.append(
                f"{path.relative_to(root)}: {match['label']} by its name, should be in {TRAINING}/{match['label']}"
            )
        else:
            rows.append((f"{TRAINING}/{label}/{name}", path, label, match["recording"]))
    if wrong:
        raise FusionError(f"{folder}: {len(wrong)} names do not parse; rename or remove these files:\n{listing(wrong)}")
    if not rows:
        raise FusionError(f"{folder}: no sound file; unpack IRMAS's training data again")
    table = _table(rows)
    return table.assign(group=_joined(table["group"], hashes(list(table["path"]))))


def _joined(recordings: Sequence[str], contents: Sequence[str]) -> list[str]:
    """Return the smallest of all recordings that byte-identical files join, for each file."""
    sounds: dict[str, set[str]] = {}
    for recording, content in zip(recordings, contents, strict=True):
        sounds.setdefault(recording, set()).update({content} - {""})
    names = sorted(sounds)
    first: dict[int, str] = {}
    numbers = components([frozenset(sounds[name]) for name in names])
    joined = {name: first.setdefault(number, name) for name, number in zip(names, numbers, strict=True)}
    return [f"recording {joined[recording]}" for recording in recordings]


def _read_testing(root: Path, skip: bool) -> tuple[pd.DataFrame, list[str]]:
    """Return the testing clips of all parts that are there, and notes on what is not."""
    there = [root / part for part in TESTING if (root / part).is_dir()]
    if not there:
        raise FusionError(
            f"{root}: IRMAS's testing data are not there (none of {', '.join(TESTING)}); fetch them with `fusion "
            "data get irmas`, or take dataset.protocol: cv, which needs the training data alone"
        )
    notes = []
    if len(there) < len(TESTING):
        absent = ", ".join(part for part in TESTING if root / part not in there)
        notes.append(f"damaged: the test is incomplete, {absent} not there")
    sounds: dict[str, Path] = {}
    texts: dict[str, Path] = {}
    twice, wrong, alone = [], [], []
    for part in there:
        for found, paths in ((sounds, _sounds(part)), (texts, _files(part, (".txt",)))):
            for path in paths:
                stem = unicodedata.normalize("NFC", path.with_suffix("").name)
                if found is texts and not _SONG.fullmatch(stem):
                    continue  # a README
                if found.setdefault(stem, path) != path:
                    twice.append(f"{path.relative_to(root)} and {found[stem].relative_to(root)}")
    if twice:
        raise FusionError(f"{root}: {len(twice)} testing files are there twice; remove one copy:\n{listing(twice)}")
    rows = []
    for stem, path in sorted(sounds.items()):
        match = _SONG.fullmatch(stem)
        if not match:
            wrong.append(f"{path.relative_to(root)}: should end in -<number>, as in '01 - Artist - Title-3.wav'")
        elif stem not in texts:
            alone.append(f"{path.relative_to(root)}: has no label file")
        else:
            labels, mistake = _labels(texts[stem])
            if mistake:
                wrong.append(f"{texts[stem].relative_to(root)}: {mistake}")
            folder = path.relative_to(root).parts[0]
            rows.append((f"{folder}/{stem}", path, ";".join(labels), match["song"]))
    alone += [f"{text.relative_to(root)}: has no sound file" for stem, text in texts.items() if stem not in sounds]
    if wrong or (alone and not skip):
        every = [*wrong, *([] if skip else alone)]
        raise FusionError(
            f"{root}: {len(every)} testing files are not as they should be; mend or remove them"
            + (" (dataset.skip_damaged: true leaves clips out that lack a file)" if alone else "")
            + f":\n{listing(every)}"
        )
    if alone:
        notes.append(f"damaged: {len(alone)} clips left out (no label file or no sound file)")
    return _table(rows), notes


def _labels(path: Path) -> tuple[list[str], str]:
    """Return the labels of a label file, in the classes' order, and what is wrong with it."""
    try:
        written = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        return [], f"not readable as text ({error})"
    names = {name for name in written if name}
    if unknown := sorted(names - set(INSTRUMENTS)):
        return [], f"unknown label {unknown[0][:40]!r}; known: {', '.join(INSTRUMENTS)}"
    return [name for name in INSTRUMENTS if name in names], "" if names else "empty, should have one label a line"


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
        ";".join(dict.fromkeys(merged[name] for name in every.split(";") if name in settings.classes))
        for every in table["labels"]
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


def _table(rows: list[tuple[str, Path, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.insert(2, "start", 0.0)
    table.insert(3, "duration", np.nan)
    return table.sort_values("id", ignore_index=True)


def _sounds(folder: Path) -> Iterator[Path]:
    """Yield the sound files of a folder; where one is there in several formats, .wav before .flac before .ogg."""
    chosen: dict[Path, Path] = {}
    for suffix in SUFFIXES:
        for path in _files(folder, (suffix,)):
            chosen.setdefault(path.with_suffix(""), path)
    yield from sorted(chosen.values())


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in sorted(folders) if not name.startswith((".", "__MACOSX"))]
        for name in sorted(names):
            if name.lower().endswith(suffixes) and not name.startswith("."):
                if name.encode(errors="replace").decode() != name:
                    raise FusionError(f"{place}: the name {name!a} is not UTF-8; unpack again, or rename the file")
                yield Path(place) / name
