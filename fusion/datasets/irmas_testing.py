"""IRMAS's testing clips: three parts of them, each clip with a file of labels."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.datasets.files import files_below, sounds_below
from fusion.datasets.rendered import read_rendered
from fusion.errors import FusionError, listing

if TYPE_CHECKING:
    import pandas as pd
from fusion.datasets.irmas_training import INSTRUMENTS

TESTING = tuple(f"IRMAS-TestingData-Part{number}" for number in (1, 2, 3))

_CLIP = re.compile(r"(?P<song>.+)-(?P<number>\d+)")


def read_testing(root: Path, skip: bool, several: bool) -> pd.DataFrame:
    """Return the testing clips of all parts that are there, sorted, and as the table's notes what is not.

    A clip's group is its song; of practice data, those songs are one group whose lead is played by one instrument.

    Parameters
    ----------
    root : Path
        Folder that holds ``IRMAS-TestingData-Part1`` and so on.
    skip : bool
        Leave out clips without a label file, and label files without a clip.
    several : bool
        Return clips with several labels, too.

    Raises
    ------
    FusionError
        If nothing is there, a clip is there twice, or files are not as they should be; all of these are listed.
    """
    import pandas as pd

    there = [root / part for part in TESTING if os.path.lexists(root / part)]
    if not there:
        raise FusionError(
            f"{root}: IRMAS's testing data are not there (none of {', '.join(TESTING)}); fetch them with `fusion "
            "data get irmas`, or take dataset.protocol: cv, which needs the training data alone"
        )
    notes = []
    if len(there) < len(TESTING):
        absent = ", ".join(part for part in TESTING if root / part not in there)
        notes.append(f"damaged: the test is incomplete, {absent} not there")
    sounds, texts = _by_name(root, there)
    heard = {path.relative_to(root).parts[0] for path in sounds.values()}
    if empty := [part.name for part in there if part.name not in heard]:
        raise FusionError(
            f"{root}: no sound file in {', '.join(empty)}, as if a link were broken or a disk absent; unpack this part "
            "again, or remove it"
        )
    rendered = read_rendered(root)
    groups = rendered.groups if rendered else {}
    rows, wrong, alone = [], [], []
    for name, path in sorted(sounds.items()):
        match = _CLIP.fullmatch(name)
        if not match:
            wrong.append(f"{path.relative_to(root)}: should end in -<number>, as in '01 - Artist - Title-3.wav'")
        elif name not in texts:
            alone.append(f"{path.relative_to(root)}: has no label file")
        else:
            labels, mistake = _labels(texts[name])
            if mistake:
                wrong.append(f"{texts[name].relative_to(root)}: {mistake}")
            folder = path.relative_to(root).parts[0]
            group = groups.get(match["song"], match["song"])
            if several or len(labels) == 1:
                rows.append((f"{folder}/{name}", path.relative_to(root), ";".join(labels), group))
    alone += [f"{text.relative_to(root)}: has no sound file" for name, text in texts.items() if name not in sounds]
    if wrong or (alone and not skip):
        mistakes = [*wrong, *([] if skip else alone)]
        raise FusionError(
            f"{root}: {len(mistakes)} testing files are not as they should be; mend or remove them"
            + (" (dataset.skip_damaged: true leaves clips out that lack a file)" if alone else "")
            + f":\n{listing(mistakes)}"
        )
    if alone:
        notes.append(f"damaged: {len(alone)} clips left out (no label file or no sound file)")
    table = pd.DataFrame(sorted(rows), columns=["id", "path", "labels", "group"])
    table.attrs["notes"] = notes
    return table


def _by_name(root: Path, parts: list[Path]) -> tuple[dict[str, Path], dict[str, Path]]:
    """Return sound files and label files by name, whatever the form of Unicode and the part that it is in."""
    sounds: dict[str, Path] = {}
    texts: dict[str, Path] = {}
    twice = []
    for part in parts:
        for files, paths in ((sounds, sounds_below(part)), (texts, files_below(part, (".txt",)))):
            for path in paths:
                name = unicodedata.normalize("NFC", path.with_suffix("").name)
                if files is texts and not _CLIP.fullmatch(name):
                    continue  # a README
                if files.setdefault(name, path) != path:
                    twice.append(f"{path.relative_to(root)} and {files[name].relative_to(root)}")
    if twice:
        raise FusionError(f"{root}: {len(twice)} testing files are there twice; remove one copy:\n{listing(twice)}")
    return sounds, texts


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
