"""What is asked of networks that are trained: how fast they get worse when the sound does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from fusion.api.options import RESULTS, FilePath, Options
from fusion.api.result import Result
from fusion.api.results import load
from fusion.api.tables import Table
from fusion.errors import FusionError
from fusion.result.folder import ResultFolder
from fusion.studies.grades import Kinds, choose_grades
from fusion.studies.own_data import own_root
from fusion.studies.stress import run_stress


def stress(
    result: Result | FilePath,
    other: Result | FilePath | None = None,
    *,
    kinds: Mapping[str, float | Sequence[float] | None] | Sequence[str] | None = None,
    levels: int | None = None,
    impulse: FilePath | None = None,
    data: FilePath | None = None,
    results: FilePath = RESULTS,
    cache: FilePath | None = None,
    seeds: int | Sequence[int] | None = None,
    plugins: Sequence[FilePath] = (),
    jobs: int | None = None,
    cluster: str | None = None,
    progress: bool = False,
) -> Table:
    """Distort the test clips of a result step by step, and tell how fast its networks get worse; train nothing.

    Parameters
    ----------
    result : Result or path
        With its networks.
    other : Result or path, optional
        Another one on the same test clips, side by side.
    kinds : dict or sequence of str, optional
        Distortions, and levels of your own for those that have some; None: all, at the levels that they have.
    levels : int, optional
        So many of the levels that a distortion has, from the mildest to the most severe.
    impulse : path, optional
        A recorded impulse response of any rate: a distortion of its own, ``impulse``.
    data : path, optional
        Where the result's own data are now, if they were moved.
    results : path
        The folder that counts how often test clips were scored.
    cache, seeds, plugins, jobs, cluster, progress
        As for `Result.predict` and `fusion.run`.

    Returns
    -------
    Table
        One row a level; ``content`` is what stress.json holds, or of two results the comparison.

    Raises
    ------
    FusionError
        For unknown distortions, levels that cannot be, networks or data that are missing or changed, and two results
        on other test clips.

    Examples
    --------
    >>> import fusion
    >>> spec = {
    ...     "name": "quick",
    ...     "dataset": {"name": "nsynth", "protocol": "course"},
    ...     "features": ["spectral_centroid"],
    ...     "training": {"epochs": 3},
    ... }
    >>> result = fusion.run(spec, sample=True, seeds=1)
    >>> table = fusion.stress(result, kinds={"noise": [40, 0]})
    >>> table.table()["level"].tolist()
    [40.0, 0.0]
    """
    if levels is not None and type(levels) is not int:
        raise FusionError(f"levels={levels!r}: should be a whole number from 1 up")
    options = Options(False, data, results, cache, None, (), seeds, plugins, jobs, progress, cluster)
    file = None if impulse is None else Path(impulse)
    grades = choose_grades(_kinds(kinds), levels, file)
    chosen = [each if isinstance(each, Result) else load(each) for each in (result, other) if each is not None]
    root = _root(data, chosen[0])
    named = [Path(folder) for folder in plugins]
    folders = [each.folder for each in chosen]
    read = [*folders, *(own_root(ResultFolder(folder), root) for folder in folders), *([file] if file else [])]
    workplace = options.workplace(chosen[0].metrics["dataset"], read=read)
    folder, content = run_stress(folders, grades, workplace, root, options.seed_list(), named)
    return Table(folder, content, _rows(content))


def _root(data: FilePath | Mapping[str, FilePath] | None, result: Result) -> Path | None:
    """Return the folder that was named, which is of the result's data set."""
    if data is None:
        return None
    own = result.metrics["dataset"]
    named = data if isinstance(data, Mapping) else {own: data}
    if result.metrics["sample"]:
        raise FusionError(f"--data: {result.folder} is of the embedded sample, which needs none")
    if others := named.keys() - {own}:
        raise FusionError(f"--data {sorted(others)[0]}={named[sorted(others)[0]]}: {own} alone is used here")
    return Path(named[own])


def _kinds(kinds: Mapping[str, float | Sequence[float] | None] | Sequence[str] | None) -> Kinds | None:
    if isinstance(kinds, str):
        raise FusionError(f"kinds={kinds!r}: should be a list, as in kinds=[{kinds!r}]")
    if kinds is None:
        return None
    if not isinstance(kinds, Mapping):
        return dict.fromkeys(kinds)
    levels = {kind: [own] if isinstance(own, (int, float, str)) else own for kind, own in kinds.items()}
    if no_level := [kind for kind, own in levels.items() if any(isinstance(level, bool) for level in own or ())]:
        raise FusionError(f"kinds: {no_level[0]} should have a level or several, or None for its own ones")
    return levels


def _rows(content: Mapping[str, object]) -> pd.DataFrame:
    results = content.get("results", [content])
    assert isinstance(results, list)
    kept = ("level", "clips", "silent", "mean", "low", "high", "lost")
    return pd.DataFrame(
        {
            **({"result": result["digest"]} if len(results) > 1 else {}),
            "distortion": kind["name"],
            **{key: row[key] for key in kept},
            "change": (row["change"] or {}).get("difference"),
            "p_holm": (row["change"] or {}).get("p_holm"),
        }
        for result in results
        for kind in result["distortions"]
        for row in kind["levels"]
    )
