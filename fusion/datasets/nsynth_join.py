"""Notes of several sources in one folder of NSynth's layout, so that they train together and can be told apart.

::

    <out>/nsynth-train, nsynth-valid, nsynth-test    each with examples.json and audio (links where possible)
    <out>/sources/<name>/                            README, licence and record of each source
    <out>/join.json                                  what was joined

A source is a sound library, a font, a recording chain. Its instruments get numbers of their own, so that none is one
with another source's, and each entry of examples.json says its source and what the note is called there.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.datasets.joined import RECORD
from fusion.datasets.nsynth_notes import (
    FAMILIES,
    ORIGINS,
    PARTS,
    SOURCE,
    audio_files,
    read_examples,
    read_part,
    refuse_absent,
)
from fusion.errors import FusionError, listing
from fusion.runtime.files import replacing, write_json

_SAID = ("README*", "LICENSE*", "LICENCE*", "render.json", RECORD)  # of a source, kept


def join_notes(sources: Mapping[str, Path], out: Path) -> dict[str, dict[str, Any]]:
    """Join the notes of several sources.

    Parameters
    ----------
    sources : mapping of str to Path
        Folder of each source by its name, two or more. Sources of one that was joined itself stay apart.
    out : Path
        New or empty folder.

    Returns
    -------
    dict
        By source: ``notes`` and ``instruments`` by part, ``families`` by name with their instruments, and ``folder``.

    Raises
    ------
    FusionError
        If there are fewer than two sources, one is none, some of its notes have no audio, or `out` holds something.
    """
    if len(sources) < 2:
        raise FusionError(f"one source ({', '.join(sources)}): there is nothing to join; name two or more folders")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FusionError(f"{out}: is there already and holds something; name a new folder with --out")
    joined: dict[str, dict[str, Any]] = {}
    numbers: Counter[str] = Counter()  # instruments so far of each family and origin
    notes: dict[str, dict[str, Any]] = {part: {} for part in PARTS}
    with replacing(out) as folder:
        folder.mkdir(parents=True)
        for name, root in sources.items():
            joined[name] = _add(name, root, folder, numbers, notes)
        instruments = sorted({_instrument(note) for own in notes.values() for note in own})
        ids = {name: number for number, name in enumerate(instruments)}
        for part, own in notes.items():
            for number, (note, entry) in enumerate(own.items()):
                entry |= {"note": number, "instrument": ids[_instrument(note)]}
            if own:
                write_json(folder / f"nsynth-{part}" / "examples.json", own)
        write_json(folder / RECORD, {"sources": joined})
    return joined


def _instrument(note: str) -> str:
    return note.rsplit("-", 2)[0]


def _add(
    name: str, root: Path, folder: Path, numbers: Counter[str], notes: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Link the audio of one source, and add its entries to those of each part."""
    there = [part for part in PARTS if (root / f"nsynth-{part}").is_dir()]
    if not there:
        raise FusionError(f"{root}: no source of notes (no folder nsynth-train, nsynth-valid or nsynth-test)")
    refuse_absent(root, there)
    renamed: dict[str, str] = {}  # an instrument may be in several parts
    content: dict[str, Any] = {"folder": str(root.resolve()), "notes": {}, "instruments": {}, "families": {}}
    for part in there:
        own = root / f"nsynth-{part}"
        table = read_part(own, ORIGINS, FAMILIES, None)
        examples, files = read_examples(own / "examples.json"), audio_files(own / "audio")
        if lost := [clip for clip in table["id"] if clip.partition("/")[2] not in files]:
            raise FusionError(f"{own}: {len(lost)} notes have no audio; complete or remove them:\n{listing(lost)}")
        audio = folder / f"nsynth-{part}" / "audio"
        audio.mkdir(parents=True, exist_ok=True)
        for note in sorted(examples):
            instrument = _instrument(note)
            if instrument not in renamed:
                kind = instrument.rpartition("_")[0]
                renamed[instrument] = f"{kind}_{numbers[kind]:03d}"
                numbers[kind] += 1
            fresh = renamed[instrument] + note.removeprefix(instrument)
            inner = examples[note].get(SOURCE)
            source = name if inner is None else f"{name}/{inner}"
            said = {"note_str": fresh, "instrument_str": renamed[instrument], SOURCE: source}
            notes[part][fresh] = {**examples[note], **said, "source_note_str": note}
            _link(own / "audio" / files[note], audio / f"{fresh}{Path(files[note]).suffix}")
        content["notes"][part], content["instruments"][part] = len(table), int(table["group"].nunique())
    families = Counter(instrument.rsplit("_", 2)[0] for instrument in renamed)
    content["families"] = dict(sorted(families.items()))
    for pattern in _SAID:
        for path in filter(Path.is_file, root.glob(pattern)):
            (folder / "sources" / name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / "sources" / name / path.name)
    return content


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file.resolve(), to)
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(file, to)


def read_sources(root: Path, parts: list[str]) -> dict[str, str]:
    """Return the source of each instrument; empty for instruments whose entries say none."""
    sources: dict[str, str] = {}
    for part in parts:
        for note, entry in read_examples(root / f"nsynth-{part}" / "examples.json").items():
            sources[_instrument(note)] = str(entry.get(SOURCE, "")) if isinstance(entry, dict) else ""
    return sources
