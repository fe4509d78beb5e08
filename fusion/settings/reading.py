"""Experiments from files and options, and from resolved settings with changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.settings.checker import Checker
from fusion.settings.document import Document, Source, read
from fusion.settings.experiment import Experiment


def read_experiment(
    source: Source,
    *,
    assignments: Sequence[str] = (),
    features: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
    plugins: Iterable[Path] = (),
    searching: bool = False,
    ablating: bool = False,
) -> Experiment:
    """Read and check an experiment file.

    Parameters
    ----------
    source : Path or dict
    assignments : sequence of str
        ``key.path=value``, applied last.
    features : sequence of str, optional
        Use these instead of the file's; those that the file names keep its parameters.
    seeds : sequence of int, optional
        Use these instead of the file's.
    plugins : iterable of Path
        Plug-in folders beside those of the file, whose paths are relative to the file.
    searching : bool
        Whether the ``search`` section is used, and checked; it is ignored otherwise.
    ablating : bool
        The same for ``ablation``.

    Returns
    -------
    Experiment

    Raises
    ------
    FusionError
        With every mistake found, one a line: place, path, what is wrong, what to do.
    """
    document = read(source)
    if features is not None:
        _select(document, features)
    if seeds is not None:
        document.set_seeds(seeds)
    for assignment in assignments:
        document.set(assignment)
    if not searching:
        document.data.pop("search", None)
    if not ablating:
        document.data.pop("ablation", None)
    return Checker(document).experiment(document.stem, plugins)


def read_result_settings(path: Path, plugins: Iterable[Path]) -> Experiment:
    """Read the settings of a result, which may be a stranger's: the plug-in folders that they name are not used.

    Parameters
    ----------
    path : Path
    plugins : iterable of Path
        Those that the person named who runs this.

    Raises
    ------
    FusionError
        As `read_experiment` does.
    """
    document = read(path)
    named = document.data.pop("plugins", None)
    try:
        return Checker(document).experiment(document.stem, plugins)
    except FusionError as error:
        if not named:
            raise
        raise FusionError(
            f"{error}\n{path}: was made with plug-ins of {named}; code that a result names is run only where you "
            "name its folder: add --plugins DIR"
        ) from None


def resolve(settings: dict[str, Any], changes: dict[str, Any]) -> Experiment:
    """Make an experiment from resolved settings with some of them changed; it keeps its name.

    Parameters
    ----------
    settings : dict
        As `Experiment.settings` gives them.
    changes : dict of str to value
        By dotted path.

    Raises
    ------
    FusionError
        If the changes make no sense together.
    """
    data = json.loads(json.dumps(settings))
    for path, value in changes.items():
        *sections, key = path.split(".")
        target = data
        for section in sections:
            target = target[section]
        target[key] = value
    return Checker(Document(data["name"], data)).experiment(data["name"], ())


def _select(document: Document, names: Sequence[str]) -> None:
    written = document.data.get("features")
    known = written if isinstance(written, dict) else {}
    document.data["features"] = {name: known.get(name) for name in names}
    document.places |= {("features", name): "--features" for name in names if name not in known}
    document.spread_features()
    search = document.data.get("search")
    space = search.get("space") if isinstance(search, dict) else None
    if isinstance(search, dict) and isinstance(space, dict):
        dropped = tuple(f"features.{name}." for name in known if name not in document.data["features"])
        search["space"] = {path: values for path, values in space.items() if not path.startswith(dropped)}
