"""How tasks travel to workers of a cluster: pickled, with the files that they read where workers do not see these.

Pickles can run code, so these are read with a list of what may be in them: classes of fusion and classes that hold
data, arrays, tables, plain values. Who reaches the scheduler can still run anything on a worker, by Dask itself, and is
trusted (``docs/explanation/threats.md``). Nothing else of fusion reads any, which a test holds.
"""

from __future__ import annotations

import io
import os
import pickle
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from fusion.errors import FusionError
from fusion.runtime.files import replacing, unwritable

MOST = 2**30
"""Bytes of the files that may travel with one task."""

Folders = dict[str, dict[str, bytes]]
"""What is in folders, by their path: files by their path inside."""


_PLAIN = {
    "builtins": {"bytearray", "complex", "frozenset", "object", "range", "set", "slice"},
    "collections": {"OrderedDict"},
    "copyreg": {"__newobj__", "_reconstructor"},
    "types": {"SimpleNamespace"},
    "numpy": {"_frombuffer", "_reconstruct", "dtype", "ndarray", "scalar"},
    "pandas": {
        *("DataFrame", "Index", "RangeIndex", "Series", "StringDtype", "_new_Index"),
        *("ArrowStringArray", "BlockManager", "SingleBlockManager", "StringArray", "_unpickle_block"),
    },
    "pyarrow": {"_restore_array", "py_buffer", "type_for_alias"},
}
"""What a task's values are made of beside classes that hold data: by library, names in any of its modules."""


@dataclass(frozen=True)
class Returned:
    """A result, and the folders that the task made."""

    value: Any
    folders: Folders


def pack(task: Any, shared: bool) -> tuple[bytes, dict[str, bytes] | None]:
    """Return a task pickled; where folders are not shared its paths apart, and the content of all files that it names.

    Of a folder nothing is taken along, unless the task's attribute ``reads`` names it.

    Raises
    ------
    FusionError
        If a file cannot be read, or if they are too large.
    """
    if shared:
        return pickle.dumps(task), None
    text = io.BytesIO()
    pickler = _Pickler(text)
    pickler.dump(task)
    named = [*pickler.paths, *(file for folder in getattr(task, "reads", ()) for file in _inside(folder))]
    files: dict[str, bytes] = {}
    left = MOST
    for path in dict.fromkeys(Path(_absolute(path)) for path in named):
        if not path.is_file():
            continue
        left -= path.stat().st_size
        if left < 0:
            raise FusionError(
                f"{path}: workers do not see the folders of this command, and one task reads more than "
                f"{MOST / 2**20:.0f} MB, too much to travel with it; share data, cache and results with the workers "
                "(NFS or the like, under the same paths), or leave --cluster out"
            )
        try:
            files[str(path)] = path.read_bytes()
        except OSError as error:
            raise unwritable(path, error, "read") from error
    return text.getvalue(), files


def unpacked(payload: bytes, files: dict[str, bytes] | None, function: Callable[[Any], Any]) -> Any:
    """Call a function on a task; files that came with it are put below a folder of this process, what it made returns.

    A file always has the same place, so that what is remembered by its path stays true.
    """
    if files is None:
        return function(_Unpickler(io.BytesIO(payload)).load())
    root = Path(_root().name)
    try:
        for name, content in files.items():
            path = _below(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        unpickler = _Unpickler(io.BytesIO(payload), root)
        task = unpickler.load()
        absent = [name for name in unpickler.names if not _below(root, name).exists()]
        try:
            value = function(task)
        except FusionError as error:
            raise FusionError(str(error).replace(str(root), "")) from None
        made = [name for name in absent if _below(root, name).is_dir()]
        return Returned(value, {name: _content(_below(root, name)) for name in made})
    finally:
        for left in root.iterdir():
            shutil.rmtree(left, ignore_errors=True)


def place(folders: Folders) -> None:
    """Write folders that a task made elsewhere, each whole or not at all."""
    for name, files in folders.items():
        with replacing(Path(name)) as folder:
            for file, content in files.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.paths: list[PurePath] = []

    def persistent_id(self, value: Any) -> str | None:
        if not isinstance(value, PurePath):
            return None
        self.paths.append(value)
        return _absolute(value)


class _Unpickler(pickle.Unpickler):
    """Reads what tasks are made of, classes of fusion, data classes, settings and arrays; nothing else is called."""

    def __init__(self, file: io.BytesIO, root: Path = Path()) -> None:
        super().__init__(file)
        self.root = root
        self.names: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        plain = name in _PLAIN.get(module.partition(".")[0], ())
        if plain or (isinstance(found, type) and _holds_data(found)):
            return found
        raise FusionError(f"a task of a cluster has {module}.{name} in it, which is no data; it is not read")

    def persistent_load(self, name: str) -> Path:
        self.names.add(name)
        return _below(self.root, name)


def _holds_data(cls: type) -> bool:
    from pydantic import BaseModel  # of use only where tasks are done, not in Dask's own process

    ours = cls.__module__.partition(".")[0] in ("fusion", "fusion_features")
    return ours or is_dataclass(cls) or issubclass(cls, (BaseModel, Enum, PurePath))


@cache
def _root() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="fusion-")


def _absolute(path: PurePath) -> str:
    """Return a path without dots, links left alone: a file's suffix may be read."""
    return os.path.abspath(path)  # noqa: PTH100


def _below(root: Path, name: str) -> Path:
    return root.joinpath(*PurePath(name).parts[1:])


def _inside(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in _inside(folder)}
