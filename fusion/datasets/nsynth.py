"""NSynth: 305,979 single notes of 1,006 instruments in eleven families.

| | |
|---|---|
| Sound | 4 s (3 s held, 1 s release), 16 kHz, mono, 16 bit |
| Clips | train 289,205, valid 12,678, test 4,096 |
| Groups | instruments: valid and test share them, train has other ones |
| Licence | CC BY 4.0 |
| Layout | ``nsynth-train``, ``nsynth-valid``, ``nsynth-test``, each with ``examples.json`` and ``audio/*.wav`` |

J. Engel, C. Resnick, A. Roberts, S. Dieleman, M. Norouzi, D. Eck and K. Simonyan: "Neural audio synthesis of
musical notes with WaveNet autoencoders", ICML 2017, https://doi.org/10.48550/arXiv.1704.01279
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.datasets.files import missing_audio
from fusion.datasets.groups import divided, hold_out, shuffled
from fusion.datasets.table import Dataset, checked, clip_table
from fusion.errors import FusionError, listing
from fusion.settings.datasets import FAMILIES, ORIGINS, NSynthSettings
from fusion.sound.reading import SUFFIXES

_NOTE = re.compile(rf"((?:{'|'.join(FAMILIES)})_(?:{'|'.join(ORIGINS)})_[0-9]{{3,}})-[0-9]{{3}}-[0-9]{{3}}")
GROUPS = "instruments"
_HELD_OUT = 0.1  # share of training notes that validates


def read(settings: NSynthSettings, root: Path) -> Dataset:
    """Read the metadata of the splits that a protocol needs.

    Parameters
    ----------
    settings : NSynthSettings
    root : Path
        Folder that holds ``nsynth-train`` and so on.

    Returns
    -------
    Dataset
        Labels are families, groups are instruments.

    Raises
    ------
    FusionError
        If the data set is missing, half unpacked or damaged; the message says where and what to do.
    """
    if settings.protocol == "cv":
        return _read_folds(settings, root)
    course = settings.protocol == "course"
    parts = {"train": "valid" if course else "train", "test": "test"}
    if settings.validation == "official":
        parts["validation"] = "valid"
    _refuse_absent(root, parts.values())
    tables = []
    missing: list[str] = []
    for split, part in parts.items():
        table, without_audio = _read_part(root / f"nsynth-{part}", settings)
        missing += without_audio
        tables.append(_limit(table, settings.limit).assign(split=split))
    table = pd.concat(tables, ignore_index=True)
    if settings.validation == "notes":
        table = _hold_out_notes(table)
    elif settings.validation == "instruments":
        training = table["split"] == "train"
        held = training & table["group"].isin(hold_out(table[training]))
        table = table.assign(split=table["split"].mask(held, "validation"))
    notes = missing_audio(missing, settings.skip_damaged, root)
    return checked(Dataset("nsynth", settings.protocol, table, GROUPS, notes))


def _read_folds(settings: NSynthSettings, root: Path) -> Dataset:
    """Read the metadata of all parts that are there, and divide their instruments into folds."""
    parts = [part for part in ("train", "valid", "test") if (root / f"nsynth-{part}").is_dir()]
    _refuse_absent(root, parts or ["train"])
    tables, missing = zip(*(_read_part(root / f"nsynth-{part}", settings) for part in parts), strict=True)
    kept = [_limit(table, settings.limit) for table in tables]
    table = pd.concat(kept, ignore_index=True).assign(split="train")
    notes = missing_audio([name for names in missing for name in names], settings.skip_damaged, root)
    notes += [f"damaged: nsynth-{part} is not there" for part in ("train", "valid", "test") if part not in parts]
    folds = divided(table, settings.folds, settings.repeats, True, f"{root}: dataset.families, dataset.sources")
    return checked(Dataset("nsynth", settings.protocol, table, GROUPS, notes, folds=folds))


def read_split(settings: NSynthSettings, root: Path, split: str) -> Dataset:
    """Read the metadata of one split alone, whatever the protocol; all its clips become test clips.

    Parameters
    ----------
    settings : NSynthSettings
    root : Path
    split : {"train", "validation", "test"}
        nsynth-train, nsynth-valid or nsynth-test.

    Raises
    ------
    FusionError
        As `read` does.
    """
    part = {"validation": "valid"}.get(split, split)
    _refuse_absent(root, [part])
    all_families = settings.model_copy(update={"families": FAMILIES})  # who does not know some of them counts those
    table, missing = _read_part(root / f"nsynth-{part}", all_families)
    table = _limit(table, settings.limit).assign(split="test")
    classes = tuple(sorted(table["labels"].unique()))
    notes = missing_audio(missing, settings.skip_damaged, root)
    return Dataset("nsynth", settings.protocol, table, GROUPS, notes, classes=classes)


def _refuse_absent(root: Path, parts: Any) -> None:
    folders = [root / f"nsynth-{part}" for part in parts]
    if not any(folder.is_dir() for folder in folders):
        raise FusionError(
            f"{root}: NSynth is not there (no folder {folders[0].name}); fetch it with `fusion data get nsynth`, "
            "try the embedded sample with --sample, or name its folder with --data DIR"
        )
    for folder in folders:
        there = {"examples.json": (folder / "examples.json").is_file(), "audio": (folder / "audio").is_dir()}
        lacks = [name for name, is_there in there.items() if not is_there]
        if lacks:
            raise FusionError(
                f"{folder}: half unpacked, {' and '.join(lacks)} missing; unpack nsynth's archive again "
                "(or fetch it with `fusion data get nsynth`)"
            )


def _read_part(folder: Path, settings: NSynthSettings) -> tuple[pd.DataFrame, list[str]]:
    """Return the notes of one split that the options keep, and those of them that have no audio."""
    examples = _read_examples(folder / "examples.json")
    files = _audio_files(folder / "audio")
    rows: list[tuple[str, Path, str, str]] = []
    wrong: list[str] = []
    missing: list[str] = []
    for note, example in examples.items():
        match = _NOTE.fullmatch(note)
        family, source, instrument = (
            example.get(f"instrument{key}") if isinstance(example, dict) else None
            for key in ("_family_str", "_source_str", "_str")
        )
        if not match or instrument != match[1] or not instrument.startswith(f"{family}_{source}_"):
            wrong.append(f"{note[:80]}: family {family}, source {source}, instrument {instrument}")
        elif source not in settings.sources or family not in settings.families:
            continue
        elif note not in files:
            missing.append(f"{folder.name}/audio/{note}.wav")
        else:
            rows.append((f"{folder.name}/{note}", files[note], family, instrument))
    if wrong:
        raise FusionError(
            f"{folder / 'examples.json'}: {len(wrong)} entries do not describe a note (their name and "
            f"instrument_family_str, instrument_source_str, instrument_str must agree):\n{listing(wrong)}"
        )
    return clip_table(rows, settings.duration), missing


def _read_examples(path: Path) -> dict[str, Any]:
    try:
        examples = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FusionError(f"{path}: not valid JSON, perhaps cut short ({error}); unpack it again") from None
    if not isinstance(examples, dict):
        raise FusionError(f"{path}: should be one object keyed by note, found a {type(examples).__name__}")
    return examples


def _audio_files(folder: Path) -> dict[str, Path]:
    """Return the sound files of a folder by stem; a .wav goes before a .flac before an .ogg."""
    files: dict[str, Path] = {}
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    for suffix in reversed(SUFFIXES):
        files.update({name[: -len(suffix)]: folder / name for name in names if name.lower().endswith(suffix)})
    return files


def _limit(table: pd.DataFrame, limit: int | None) -> pd.DataFrame:
    if limit is None:
        return table
    kept = [name for _, clips in table.groupby("labels") for name in shuffled(clips["id"], "limit")[:limit]]
    return table[table["id"].isin(kept)]


def _hold_out_notes(table: pd.DataFrame) -> pd.DataFrame:
    """Move a tenth of each family's training notes to validation; a single note stays."""
    held: list[str] = []
    for _, clips in table[table["split"] == "train"].groupby("labels"):
        count = max(1, round(_HELD_OUT * len(clips))) if len(clips) > 1 else 0
        held += shuffled(clips["id"], "validation")[:count]
    return table.assign(split=table["split"].mask(table["id"].isin(held), "validation"))
