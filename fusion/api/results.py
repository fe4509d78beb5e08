"""What is asked of results that are there: load one, compare two, list all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from fusion.api.options import RESULTS, FilePath
from fusion.api.result import Result
from fusion.api.tables import Table, comparison_rows
from fusion.errors import FusionError, listing
from fusion.report.wording import headline
from fusion.result import compare as comparison
from fusion.result.folder import of_older_method
from fusion.result.looks import most_looks
from fusion.result.predictions import read_predictions
from fusion.studies.report import report as report_folder

_FINISHED = ("metrics.json", "study.json")
_COLUMNS = (
    *("experiment", "digest", "dataset", "protocol", "features", "metric", "mean", "low", "high", "seeds"),
    *("folder", "warnings"),
)


def load(path: FilePath) -> Result:
    """Return a finished result.

    Parameters
    ----------
    path : path
        A result folder, or a folder that holds just one.

    Raises
    ------
    FusionError
        If there is none, or there are several.

    Examples
    --------
    >>> import fusion
    >>> fusion.load("elsewhere")
    Traceback (most recent call last):
        ...
    fusion.errors.FusionError: elsewhere: no such folder
    """
    folder = Path(path)
    if not folder.is_dir():
        raise FusionError(f"{folder}: {'a file, not a result folder' if folder.exists() else 'no such folder'}")
    if (folder / "metrics.json").is_file():
        return Result(folder)
    inside = sorted(file.parent for file in folder.glob("*/metrics.json"))
    if not inside:
        raise FusionError(f"{folder}: no result folder (no metrics.json); name one that `fusion run` printed")
    if len(inside) > 1:
        raise FusionError(f"{folder}: holds {len(inside)} results; name one of them:\n{listing(map(str, inside))}")
    return Result(inside[0])


def compare(first: Result | FilePath, second: Result | FilePath) -> Table:
    """Tell how two results on the same clips differ: the first minus the second.

    Parameters
    ----------
    first, second : Result or path
        With the same test clips.

    Returns
    -------
    Table
        One row a metric; ``content`` also has the clips that changed.

    Raises
    ------
    FusionError
        If the test clips differ; the message says how.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["zero_crossing_rate"],
    ...     "training": {"epochs": 2},
    ... }
    >>> first = fusion.run(spec, sample=True, seeds=1)
    >>> second = fusion.run(spec, sample=True, seeds=1, set={"training.epochs": 3})
    >>> fusion.compare(first, second).table()["metric"].tolist()
    ['accuracy', 'macro_f1']
    >>> len(fusion.results())
    2
    >>> fusion.load(first.folder) == first
    True
    """
    chosen = [result if isinstance(result, Result) else load(result) for result in (first, second)]
    content = comparison.compare_predictions(*(read_predictions(result.folder) for result in chosen))
    content |= most_looks([result.metrics for result in chosen])
    return Table(None, content, comparison_rows(content))


def recompute(folder: FilePath) -> list[str]:
    """Compute the statistics of a finished result or study anew from its tables, and write its page.

    Parameters
    ----------
    folder : path
        A result or a study, or a folder of those, such as ``results``.

    Returns
    -------
    list of str
        What was left as it is, and why.

    Raises
    ------
    FusionError
        If nothing is there, or tables are damaged.

    Examples
    --------
    >>> import fusion
    >>> fusion.recompute("elsewhere")
    Traceback (most recent call last):
        ...
    fusion.errors.FusionError: elsewhere: no result, no study and no folder of these
    """
    top = Path(folder)
    own = [top] if any((top / name).is_file() for name in _FINISHED) else []
    inside = sorted({path.parent for name in _FINISHED for path in top.glob(f"**/{name}")}, key=_studies_last)
    if not (own or inside):
        raise FusionError(f"{top}: no result, no study and no folder of these")
    left, damaged = [], []
    for each in own or inside:
        try:
            left += report_folder(each)
        except FusionError as error:  # the others are done all the same
            damaged.append(str(error))
    if damaged:
        raise FusionError(f"{top}: {len(damaged)} results or studies are left as they are:\n{listing(damaged)}")
    return left


def _studies_last(folder: Path) -> tuple[bool, Path]:
    return (folder / "study.json").is_file(), folder


def results(folder: FilePath = RESULTS) -> pd.DataFrame:
    """Return every result in a folder, by experiment.

    Parameters
    ----------
    folder : path

    Returns
    -------
    DataFrame
        experiment, digest, dataset, protocol, features, metric, mean, low, high, seeds, folder, warnings (their fixed
        words). One of an older fusion has no interval, and ``older-method`` among its warnings: `recompute` mends that.

    Raises
    ------
    FusionError
        If there is no such folder.

    Examples
    --------
    >>> import fusion
    >>> fusion.results("elsewhere")
    Traceback (most recent call last):
        ...
    fusion.errors.FusionError: elsewhere: no such folder
    """
    top = Path(folder)
    if not top.is_dir():
        raise FusionError(f"{top}: no such folder")
    rows = []
    for path in sorted(top.glob("*/*/metrics.json")):
        metrics = Result(path.parent).metrics
        name = headline(metrics)
        score = metrics["test"][name]
        row = {key: metrics[key] for key in ("experiment", "digest", "dataset", "protocol")}
        row |= {"features": ", ".join(metrics["features"]), "metric": name}
        old = of_older_method(metrics)  # its interval is by another method
        row |= {"mean": score["mean"], **{end: None if old else score[end] for end in ("low", "high")}}
        row |= {"seeds": len(metrics["seeds"]), "folder": str(path.parent)}
        words = [text.split(":")[0] for text in metrics["warnings"]] + (["older-method"] if old else [])
        row["warnings"] = ", ".join(dict.fromkeys(words))
        rows.append(row)
    return pd.DataFrame(rows, columns=list(_COLUMNS))
