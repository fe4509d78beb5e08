"""What is asked of results that are there: load one, compare two, see several side by side, list all."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.api.options import RESULTS, FilePath
from fusion.api.result import Result
from fusion.api.tables import Table, comparison_rows
from fusion.errors import FusionError
from fusion.errors import listing as listed
from fusion.report import comparison_page
from fusion.result import compare as comparison
from fusion.result import listing
from fusion.result.folder import ResultFolder
from fusion.result.looks import most_looks
from fusion.result.predictions import read_predictions
from fusion.result.side_by_side import side_by_side as beside
from fusion.studies.report import report as report_folder

_FINISHED = ("metrics.json", "study.json")
_COLUMNS = (
    *("experiment", "digest", "dataset", "protocol", "features", "metric", "mean", "low", "high", "seeds"),
    *("folder", "warnings", "reference", "reference_mean", "data", "rendered", "date"),
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
        others = [path.parent for name in ("study.json", "search") for path in sorted(folder.glob(f"*/{name}"))]
        inside = others or [folder]
        ResultFolder(inside[0]).finished()  # says what it is
    if len(inside) > 1:
        raise FusionError(
            f"{folder}: holds {len(inside)} results; name one of them (`fusion results {folder.parent}` "
            f"says what they differ in):\n{listed(map(str, inside))}"
        )
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
        raise FusionError(f"{top}: {len(damaged)} results or studies are left as they are:\n{listed(damaged)}")
    return left


def _studies_last(folder: Path) -> tuple[bool, Path]:
    return (folder / "study.json").is_file(), folder


def side_by_side(*results: Result | FilePath) -> Path:
    """Write a page of several results side by side: figures, tests on the same clips, settings that differ.

    Parameters
    ----------
    *results : Result or path
        At least two; the others are compared with the first.

    Returns
    -------
    Path
        ``side_by_side/<digest>/report.html`` in the folder that holds the first one's experiment.

    Raises
    ------
    FusionError
        If one is no finished result, or one is named twice.

    Examples
    --------
    >>> import fusion
    >>> fusion.side_by_side("elsewhere", "there")
    Traceback (most recent call last):
        ...
    fusion.errors.FusionError: elsewhere: no such folder
    """
    chosen = [result if isinstance(result, Result) else load(result) for result in results]
    if len(chosen) < 2:
        raise FusionError("side by side are at least two results; name another one")
    content = beside([ResultFolder(result.folder) for result in chosen])
    path = chosen[0].folder.resolve().parents[1] / "side_by_side" / content["digest"] / "report.html"
    try:
        comparison_page.write(path, content)
    except (KeyError, TypeError, AttributeError) as error:
        named = ", ".join(str(result.folder) for result in chosen)
        kind = type(error).__name__
        raise FusionError(f"{named}: one's metrics.json is damaged ({kind}: {error}); try each by itself") from None
    return path


def results(folder: FilePath = RESULTS) -> pd.DataFrame:
    """Return every result in a folder, by experiment and date.

    Parameters
    ----------
    folder : path

    Returns
    -------
    DataFrame
        experiment, digest, dataset, protocol, features, metric, mean, low, high, seeds, folder, warnings (their fixed
        words), reference (the best one that was fitted), reference_mean, data (name of the folder, or sample),
        rendered, date, and a column for each setting that differs from its default in some result, by dotted path;
        missing where it is the default. A result of an older fusion has no interval, and ``older-method`` among its
        warnings: `recompute` mends that. Damaged results are left out, with a warning.

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
    found, damaged = listing.list_results(Path(folder))
    for text in damaged:
        warnings.warn(text, stacklevel=2)
    rows = [{**{key: _text(row[key]) for key in _COLUMNS}, **row["changes"]} for row in found]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(_COLUMNS))


def _text(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
