"""IRMAS's training excerpts: what their names say, and which recordings are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fusion.datasets.corpus import clip_table
from fusion.datasets.files import sounds_below
from fusion.datasets.groups import components
from fusion.errors import FusionError, listing
from fusion.settings.dataset import Hasher

if TYPE_CHECKING:
    import pandas as pd

Instrument = Literal["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"]

INSTRUMENTS: tuple[Instrument, ...] = Instrument.__args__  # type: ignore[attr-defined]
TRAINING = "IRMAS-TrainingData"

NAME = re.compile(
    r"(?:(?P<number>\d+)__)?\[(?P<label>\w{3})\](?:\[(?P<drums>dru|nod|---)\])?"
    r"\[(?P<genre>cou_fol|cla|pop_roc|lat_sou|jaz_blu)\](?P<recording>\d{4})__(?P<part>[123])"
)  # by position: cla is clarinet or classical


def read_training(root: Path, hasher: Hasher) -> pd.DataFrame:
    """Return all training excerpts; recordings with a byte-identical file in common are one group.

    Parameters
    ----------
    root : Path
        Folder that holds ``IRMAS-TrainingData``.
    hasher : callable
        Gives files' content hashes.

    Returns
    -------
    DataFrame
        Of whole files, without splits.

    Raises
    ------
    FusionError
        If they are missing, or names do not parse.
    """
    folder = root / TRAINING
    if not folder.is_dir():
        raise FusionError(
            f"{root}: IRMAS's training data are not there (no folder {TRAINING}); fetch them with `fusion data get "
            "irmas`, try the embedded sample with --sample, or name their folder with --data DIR"
        )
    rows, wrong = [], []
    for path in sounds_below(folder):
        name, label = path.with_suffix("").name, path.parent.name
        match = NAME.fullmatch(name)
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
    table = clip_table(rows)
    return table.assign(group=_joined(table["group"], hasher(list(table["path"]))))


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
