"""IRMAS's training excerpts: what their names say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fusion.datasets.files import sounds_below
from fusion.errors import FusionError, listing

if TYPE_CHECKING:
    import pandas as pd

Instrument = Literal["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"]

INSTRUMENTS: tuple[Instrument, ...] = Instrument.__args__  # type: ignore[attr-defined]
TRAINING = "IRMAS-TrainingData"

NAME = re.compile(
    r"(?:(?P<number>\d+)__)?\[(?P<label>\w{3})\](?:\[(?P<drums>dru|nod|---)\])?"
    r"\[(?P<genre>cou_fol|cla|pop_roc|lat_sou|jaz_blu)\](?P<recording>\d{4})__(?P<part>[123])"
)  # by position: cla is clarinet or classical


def read_training(root: Path) -> pd.DataFrame:
    """Return all training excerpts, sorted.

    Parameters
    ----------
    root : Path
        Folder that holds ``IRMAS-TrainingData``.

    Returns
    -------
    DataFrame
        Columns id, path, labels and group: the recording that a name says.

    Raises
    ------
    FusionError
        If they are missing, a class has a folder without sound, or names do not parse.
    """
    import pandas as pd

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
            rows.append(
                (f"{TRAINING}/{label}/{name}", path.relative_to(root), label, f"recording {match['recording']}")
            )
    if wrong:
        raise FusionError(f"{folder}: {len(wrong)} names do not parse; rename or remove these files:\n{listing(wrong)}")
    if not rows:
        raise FusionError(f"{folder}: no sound file; unpack IRMAS's training data again")
    heard = {label for _, _, label, _ in rows}
    if empty := [label for label in INSTRUMENTS if label not in heard and os.path.lexists(folder / label)]:
        raise FusionError(
            f"{folder}: no sound file in {', '.join(empty)}, as if a link were broken or a disk absent; unpack IRMAS's "
            "training data again, or remove what has no sound"
        )
    return pd.DataFrame(sorted(rows), columns=["id", "path", "labels", "group"])
