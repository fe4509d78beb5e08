"""Importing a plug-in: a stranger's code, whose every mistake becomes a message that names its file and line."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from importlib.abc import PathEntryFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from fusion.errors import FusionError
from fusion.plugins.registry import Source

_PACKAGE = "fusion_plugin_"


def load(source: Source, is_one: Callable[[Any], bool], wanted: str) -> Any:
    """Import a plug-in and return the one class or function of the right type that it defines.

    What it imports from elsewhere does not count.

    Parameters
    ----------
    source : Source
    is_one : callable
        Says whether a value of the module is of the right type.
    wanted : str
        What that is, for the message: ``one function of ...``.

    Raises
    ------
    FusionError
        If the module cannot be imported or does not define exactly one.
    """
    module = _imported(source)
    found = [
        value
        for value in {id(value): value for value in vars(module).values()}.values()  # one with two names is one
        if getattr(value, "__module__", None) == module.__name__ and is_one(value)
    ]
    if len(found) != 1:
        names = ", ".join(value.__name__ for value in found) or "none"
        raise FusionError(f"{source}: a plug-in defines {wanted}, found {names}")
    return found[0]


def load_class(source: Source, base: type, wanted: str) -> Any:
    """Import a plug-in and return the one class that it derives from `base`, abstract ones not counted.

    Raises
    ------
    FusionError
        As `load` does.
    """
    return load(
        source,
        lambda value: inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value),
        wanted,
    )


def place(source: Source, error: BaseException) -> str:
    """Return which plug-in an error comes from, with the line where that is in its file."""
    return f"{source}{line_in(source.file, error)}"


def line_in(file: Path | str | None, error: BaseException) -> str:
    """Return ``, line 7`` if an error passed through a file, else an empty text."""
    frames = traceback.extract_tb(error.__traceback__)
    numbers = [frame.lineno for frame in frames if frame.filename == str(file)]
    return f", line {numbers[-1]}" if numbers else ""


def _imported(source: Source) -> ModuleType:
    try:
        with redirect_stdout(sys.stderr):  # what a plug-in prints is no part of a command's output
            return _import_file(source, source.file) if source.file else importlib.import_module(source.module)
    except (Exception, SystemExit) as error:  # whatever a stranger's code raises
        imports = source.kind.imports
        old = imports and isinstance(error, ImportError) and (error.name or "").split(".")[0] == "fusion"
        mend = f"; import {imports} from fusion" if old else ""
        absent = (isinstance(error, ImportError) and error.name) or ""
        if absent.startswith(_PACKAGE) and not absent.rpartition(".")[2].startswith("_"):
            mend = "; a plug-in imports, of the files beside it, those whose names begin with _"
        raise FusionError(
            f"{place(source, error)}: the plug-in of {source.kind.noun} {source.name!r} cannot be imported: "
            f"{type(error).__name__}: {error}{mend}"
        ) from error


def _import_file(source: Source, file: Path) -> ModuleType:
    # pydantic looks classes up in sys.modules, so the module has to be there, under a name that path and texts give
    package = f"{_PACKAGE}{hashlib.sha256(bytes(file) + source.fingerprint.encode()).hexdigest()[:12]}"
    name = f"{package}.{file.stem}"
    if name in sys.modules:
        return sys.modules[name]
    # a package of its own, so that `from ._shared import ...` finds what the plug-ins of a folder share
    parent = sys.modules[package] = ModuleType(package)
    parent.__path__ = [f"{file.parent}{os.sep}{package}"]
    sys.path_importer_cache[parent.__path__[0]] = _Finder((file, *source.shared))
    try:
        return importlib.import_module(name)
    except BaseException:
        for known in [known for known in sys.modules if known.split(".")[0] == package]:
            del sys.modules[known]
        raise


class _Finder(PathEntryFinder):
    """Finds a plug-in and what it may share alone: a change of anything else would not be noticed."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = {file.stem: file for file in files}

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        file = self._files.get(fullname.rpartition(".")[2])
        return spec_from_file_location(fullname, file, loader=_TextLoader(fullname, str(file))) if file else None


class _TextLoader(SourceFileLoader):
    """Compiles a file's text each time: bytecode kept beside it misses a change within a second that keeps the size."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)
