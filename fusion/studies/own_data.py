"""The data that a result's networks were trained and tested on, as they are now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fusion.datasets.data import Data, read_data
from fusion.datasets.roots import data_root, sample_root
from fusion.errors import FusionError
from fusion.result.folder import ResultFolder
from fusion.result.identity import digest
from fusion.result.trained import TrainedResult
from fusion.runtime.workplace import Workplace


def read_own_data(saved: TrainedResult, workplace: Workplace, root: Path | None, advice: str) -> Data:
    """Return the data of a result, unchanged.

    Parameters
    ----------
    saved : TrainedResult
    workplace : Workplace
        Its root does not matter.
    root : Path or None
        Where the data are now, if not where they were.
    advice : str
        What needs them, and how to name their folder.

    Raises
    ------
    FusionError
        If they are not there, damaged or changed.
    """
    sample = bool(saved.metrics["sample"])
    root = own_root(saved.result, root)
    try:
        data = read_data(saved.experiment.dataset, replace(workplace, root=root, sample=sample))
    except FusionError as error:
        raise FusionError(f"the data of {saved.result.folder} cannot be read; {advice}. {error}") from None
    if digest(saved.experiment, data.fingerprint, sample) != saved.metrics["digest"]:
        raise FusionError(
            f"{root}: not what {saved.result.folder} was trained on (other clips or sound, or an older "
            f"fusion, whose networks are to be trained again); {advice}"
        )
    return data


def own_root(result: ResultFolder, moved: Path | None = None) -> Path:
    """Return the folder of a result's own data: where it was, or `moved` to; the embedded sample stays where it is."""
    metrics = result.finished()
    if metrics["sample"]:
        return sample_root(metrics["dataset"])
    recorded = result.environment().get("data")
    return moved or (Path(recorded) if recorded else data_root(metrics["dataset"]))
