"""Skeletons of what people add: a file that works at once, with its test, to be changed into one's own."""

from __future__ import annotations

import os
from importlib.resources import files
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from fusion.api.options import FilePath
from fusion.errors import FusionError, did_you_mean
from fusion.plugins.registry import DATASETS, FEATURES, FUSIONS, Kind, discover
from fusion.runtime.files import write_text
from fusion.settings.experiment import wrong_name

KINDS = {"feature": FEATURES, "dataset": DATASETS, "fusion": FUSIONS, "experiment": None}


def new(kind: str, name: str, *, out: FilePath | None = None) -> list[Path]:
    """Write a skeleton that works at once, with its test, where `plugins` finds it.

    Parameters
    ----------
    kind : {"feature", "dataset", "fusion", "experiment"}
    name : str
        Its name everywhere, and its file's.
    out : path, optional
        Folder to write to, made if it is not there; None: ``plugins``, for an experiment the current folder.

    Returns
    -------
    list of Path
        The files: ``<name>.py`` of a feature, ``datasets/<name>.py`` or ``fusions/<name>.py``, with
        ``tests/test_<name>.py``; of an experiment ``<name>.yaml``.

    Raises
    ------
    FusionError
        If the name cannot be one or is taken, or a file is there already: nothing is overwritten.

    Examples
    --------
    >>> import fusion
    >>> [path.as_posix() for path in fusion.new("feature", "brightness", out="own")]
    ['own/brightness.py', 'own/tests/test_brightness.py']
    """
    if kind not in KINDS:
        raise FusionError(f"new {kind}: should be one of {', '.join(KINDS)}{did_you_mean(kind, KINDS)}")
    plugin = KINDS[kind]
    folder = Path(out if out is not None else "plugins" if plugin else ".")
    if wrong := _unfit(plugin, name, folder) if plugin else wrong_name(name):
        raise FusionError(f"new {kind}: name: {wrong}")
    texts = {folder / path: text for path, text in _skeleton(kind, name).items()}
    for path in texts:
        if os.path.lexists(path):
            raise FusionError(f"{path}: is there already and is not overwritten; take another name or --out folder")
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def _unfit(kind: Kind, name: str, folder: Path) -> str:
    """Return why a plug-in cannot be called so, or an empty string."""
    if not name.isidentifier() or iskeyword(name) or name.startswith("_"):
        return f"should be letters, digits and _, begin with a letter and be no word of Python's own, found {name!r}"
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        return f"{name} is a module of Python's or of a package, which a file of this name can hide; take another one"
    known = discover(kind, [folder] if folder.is_dir() else [])
    return f"the {kind.noun} {name} is there already, from {known[name]}; take another one" if name in known else ""


def _skeleton(kind: str, name: str) -> dict[str, str]:
    """Return the texts of a skeleton by path, with this name for its own."""
    root = Path(str(files("fusion") / "skeletons" / kind))
    own, cls = f"my_{kind}", f"My{kind.capitalize()}"
    named = "".join(part.capitalize() for part in name.split("_"))
    return {
        str(path.relative_to(root)).replace(own, name): path.read_text("utf-8").replace(own, name).replace(cls, named)
        for path in sorted(root.rglob(f"*{own}.*"))
        if path.suffix in (".py", ".yaml")
    }
