"""What NSynth's parts hold: notes by their metadata, and the audio that is there. NSynth itself is in `nsynth`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fusion.datasets.groups import shuffled
from fusion.errors import FusionError, listing
from fusion.sound.reading import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

Family = Literal[
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"
]
Origin = Literal["acoustic", "electronic", "synthetic"]

FAMILIES: tuple[Family, ...] = Family.__args__  # type: ignore[attr-defined]
ORIGINS: tuple[Origin, ...] = Origin.__args__  # type: ignore[attr-defined]

PARTS = ("train", "valid", "test")

SOURCE = "source"
"""Key of an entry of examples.json where notes of several sources were joined."""

_NOTE = re.compile(rf"((?:{'|'.join(FAMILIES)})_(?:{'|'.join(ORIGINS)})_[0-9]{{3,}})-[0-9]{{3}}-[0-9]{{3}}")


def read_part(folder: Path, sources: Sequence[str], families: Sequence[str], limit: int | None) -> pd.DataFrame:
    """Return the notes of one part (nsynth-train, say) that are kept, sorted, then those of them that have no audio.

    Of each family there are at most so many as `limit` says, always the same ones.

    Raises
    ------
    FusionError
        If the metadata are damaged; all wrong entries are listed.
    """
    import pandas as pd

    examples = read_examples(folder / "examples.json")
    files = audio_files(folder / "audio")
    part = folder.name
    rows: list[tuple[Any, ...]] = []
    missing: list[tuple[Any, ...]] = []
    wrong: list[str] = []
    for note in sorted(examples):
        example = examples[note] if isinstance(examples[note], dict) else {}
        family, source = example.get("instrument_family_str"), example.get("instrument_source_str")
        instrument, match = example.get("instrument_str"), _NOTE.fullmatch(note)
        if not match or instrument != match[1] or not instrument.startswith(f"{family}_{source}_"):
            wrong.append(f"{note[:80]}: family {family}, source {source}, instrument {instrument}")
        elif source in sources and family in families:
            file = files.get(note)
            (rows if file else missing).append(
                (f"{part}/{note}", f"{part}/audio/{file or f'{note}.wav'}", family, instrument)
            )
    if wrong:
        raise FusionError(
            f"{folder / 'examples.json'}: {len(wrong)} entries do not describe a note (their name and "
            f"instrument_family_str, instrument_source_str, instrument_str must agree):\n{listing(wrong)}"
        )
    table = pd.DataFrame(rows, columns=["id", "path", "labels", "group"])
    if limit is not None:
        notes = [name for _, clips in table.groupby("labels") for name in shuffled(clips["id"], "limit")[:limit]]
        table = table[table["id"].isin(notes)]
    if missing:
        table = pd.concat([table, pd.DataFrame(missing, columns=table.columns)])
    return table


def read_examples(path: Path) -> dict[str, Any]:
    """Return the entries of examples.json by note.

    Raises
    ------
    FusionError
        If it is not one object.
    """
    try:
        examples = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FusionError(f"{path}: not valid JSON, perhaps cut short ({error}); unpack it again") from None
    if not isinstance(examples, dict):
        raise FusionError(f"{path}: should be one object keyed by note, found a {type(examples).__name__}")
    return examples


def audio_files(folder: Path) -> dict[str, str]:
    """Return the names of a folder's sound files by stem; a .wav goes before a .flac before an .ogg."""
    files: dict[str, str] = {}
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    for suffix in reversed(SUFFIXES):
        files.update({name[: -len(suffix)]: name for name in names if name.lower().endswith(suffix)})
    return files


def refuse_absent(root: Path, parts: Iterable[str]) -> None:
    """Raise a FusionError unless parts of the data set are there and unpacked."""
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
