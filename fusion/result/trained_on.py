"""What the networks of a result have seen: the groups and sounds that they, and those they start from, trained on.

Every result with networks has ``trained_on.csv.gz``: origin (data where a group's name means the same), group and
content (the first 12 hex digits of the hash of the file) of each training and validation clip, of all folds, each once.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.datasets.corpus import Corpus
from fusion.report.wording import OF_START
from fusion.result.checksums import changed_files
from fusion.runtime.files import replacing
from fusion.runtime.names import in_spreadsheet
from fusion.runtime.tables import read_table

FILE = "trained_on.csv.gz"

_COLUMNS = ["origin", "group", "content"]
_OWN = ("folder", "table")  # where people name groups as they like
_DIGITS = 12  # of 300,000 sounds and 4,000 others, two are the same by chance once in 200,000 pairs of data sets


def write_trained_on(folder: Path, dataset: Corpus, start: str | None) -> None:
    """Write what a result's networks have seen; nothing where it cannot be told what they start from has.

    Parameters
    ----------
    folder : Path
        The result's.
    dataset : Corpus
        With content hashes.
    start : str or None
        Folder of the result whose networks these start from.
    """
    seen = np.unique(np.concatenate([rows for fold in dataset.each_fold() for rows in (fold.train, fold.validation)]))
    clips = dataset.table.loc[seen]
    tables = [clips.assign(content=_short(clips["content"]))[_COLUMNS]]
    if start:
        before = _read(Path(start))
        if isinstance(before, str):
            (folder / FILE).unlink(missing_ok=True)
            return
        tables.append(before)
    table = pd.concat(tables).drop_duplicates().map(in_spreadsheet)
    with replacing(folder / FILE) as temporary:
        temporary.write_bytes(gzip.compress(table.to_csv(index=False).encode(), 6, mtime=0))


def start_warnings(dataset: Corpus, start: str | None) -> list[str]:
    """Say which test groups the networks that others start from have seen, by name in the same data or by sound.

    Parameters
    ----------
    dataset : Corpus
        With content hashes.
    start : str or None
        Folder of the result whose networks are the start; None: networks start from nothing.
    """
    if not start:
        return []
    seen = _read(Path(start))
    if isinstance(seen, str):
        return [
            f"shared-groups: cannot be checked for {OF_START} ({start}): {seen}; train "
            "that experiment again with --force to know"
        ]
    heard, test = set(seen["content"]) - {""}, dataset.part("test")

    def named(groups: pd.Series, data: pd.DataFrame) -> NDArray[np.bool_]:
        """Say which groups are known by name; by names like "1" of a person's own data, if these have a known sound."""
        known = seen if _short(data["content"]).isin(heard).any() else seen[~seen["origin"].isin(_OWN)]
        return pd.MultiIndex.from_arrays([test["origin"], groups]).isin(pd.MultiIndex.from_frame(known[_COLUMNS[:2]]))

    bare = test["group"].str.partition("/")[2]  # groups of other data, which networks are applied to, have a prefix
    known = named(test["group"], dataset.table) | named(bare, test) | _short(test["content"]).isin(heard)
    groups = set(test.loc[known, "group"])
    if not groups:
        return []
    return [
        f"shared-groups: {len(groups)} of {test['group'].nunique()} test {dataset.group_noun} "
        f"({test['group'].isin(groups).sum()} of {len(test)} clips) were in the training data of "
        f"{OF_START} ({start}): for these the score is for known {dataset.group_noun}, not unknown ones"
    ]


def _short(contents: pd.Series) -> pd.Series:
    return contents.str[:_DIGITS]


def _read(folder: Path) -> pd.DataFrame | str:
    """Return what a result's networks have seen, or why that is not known."""
    path = folder / FILE
    if not path.is_file():
        return f"it has no {FILE}, as results of an older fusion, or what it starts from has none"
    if changed_files(folder, [FILE]):
        return f"its {FILE} is not as fusion wrote it"
    try:
        table = read_table(path)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        return f"its {FILE} is damaged ({error})"
    return table if list(table) == _COLUMNS else f"its {FILE} should have the columns {', '.join(_COLUMNS)}"
