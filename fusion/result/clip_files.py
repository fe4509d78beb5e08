"""Where the sound of a result's test clips is: ``clips.csv.gz``, with paths relative to the data's folder."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from fusion.datasets.corpus import Corpus
from fusion.datasets.roots import sample_root
from fusion.report.clip_sounds import ClipFile
from fusion.result.folder import ResultFolder
from fusion.runtime.files import replacing

FILE = "clips.csv.gz"

_COLUMNS = ["clip", "path", "start", "duration"]


def write_clip_files(folder: Path, dataset: Corpus, root: Path) -> None:
    """Write where the test clips are; those outside the data's folder are left out.

    Parameters
    ----------
    folder : Path
        The result's.
    dataset : Corpus
    root : Path
        The data's folder.
    """
    clips = dataset.part("test")
    clips = clips[[path.is_relative_to(root) for path in clips["path"]]]
    paths = [path.relative_to(root).as_posix() for path in clips["path"]]
    table = pd.DataFrame({"clip": clips["id"], "path": paths, "start": clips["start"], "duration": clips["duration"]})
    with replacing(folder / FILE) as temporary:
        temporary.write_bytes(gzip.compress(table.to_csv(index=False).encode(), 6, mtime=0))


def read_clip_files(result: ResultFolder, metrics: Mapping[str, Any]) -> dict[str, ClipFile]:
    """Return where the test clips of a result are, by id; empty where that is not known.

    The file may be a stranger's: a path that leads out of the data's folder is left out.
    """
    recorded = result.environment().get("data")
    if not (result.folder / FILE).is_file() or not (recorded or metrics["sample"]):
        return {}
    root = sample_root(metrics["dataset"]) if metrics["sample"] else Path(str(recorded))
    try:
        types = {"clip": str, "path": str, "start": float, "duration": float}
        # a clip may be called NA; one that goes to the end of its file has no duration
        table = pd.read_csv(result.folder / FILE, dtype=types, keep_default_na=False, na_values={"duration": [""]})
        rows = list(table[_COLUMNS].itertuples(index=False, name=None))
    except (OSError, EOFError, ValueError, KeyError, zlib.error):
        return {}  # damaged; the page says that the sound was not at hand
    return {clip: ClipFile(root / path, start, duration) for clip, path, start, duration in rows if _inside(path)}


def _inside(path: str) -> bool:
    return bool(path) and not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts
