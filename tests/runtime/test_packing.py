"""Tasks with their files, for machines that do not see them."""

import ast
import os
import subprocess
from dataclasses import dataclass
from inspect import isfunction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusion.errors import FusionError
from fusion.plugins.importing import load
from fusion.plugins.registry import FUSIONS, discover
from fusion.runtime import packing
from fusion.runtime.packing import pack, place, unpacked

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Task:
    sounds: tuple[Path, ...]
    out: Path
    reads: tuple[Path, ...] = ()


def copy(task):
    """Write what the sounds and the folders hold to a new folder; return the sounds' names and suffixes."""
    task.out.mkdir(parents=True)
    (task.out / "deep").mkdir()
    (task.out / "deep" / "all.txt").write_text("".join(path.read_text() for path in task.sounds))
    for folder in task.reads:
        (task.out / "listed.txt").write_text(",".join(sorted(path.name for path in folder.iterdir())))
    return [path.name for path in task.sounds]


def test_a_task_finds_its_files_elsewhere_and_the_folder_it_makes_comes_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.txt").write_text("1")
    (tmp_path / "two.txt").write_text("2")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "model").write_text("m")
    task = Task((Path("one.txt"), tmp_path / "two.txt"), tmp_path / "results" / "new", (tmp_path / "in",))
    payload, files = pack(task, shared=False)
    assert sorted(files) == [str(tmp_path / name) for name in ("in/model", "one.txt", "two.txt")]
    for path in (*task.sounds, tmp_path / "in" / "model"):
        path.unlink()
    returned = unpacked(payload, files, copy)
    assert returned.value == ["one.txt", "two.txt"]
    assert not (tmp_path / "results").exists()
    place(returned.folders)
    assert (tmp_path / "results" / "new" / "deep" / "all.txt").read_text() == "12"
    assert (tmp_path / "results" / "new" / "listed.txt").read_text() == "model"
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["new"]


def test_a_plug_in_travels_with_what_it_shares(tmp_path):
    (tmp_path / "fusions").mkdir()
    (tmp_path / "fusions" / "_shared.py").write_text("FACTOR = 5")
    (tmp_path / "fusions" / "one.py").write_text("from ._shared import FACTOR\n\n\ndef one():\n    return FACTOR\n")
    source = discover(FUSIONS, [tmp_path])["one"]

    def called(source):
        return load(source, isfunction, "one function")(), source.fingerprint

    known = source.fingerprint
    payload, files = pack(source, shared=False)
    (tmp_path / "fusions" / "_shared.py").unlink()
    assert unpacked(payload, files, called).value == (5, known)


def test_a_message_has_the_paths_of_the_command(tmp_path):
    (tmp_path / "one.txt").write_text("1")

    def fail(paths):
        raise FusionError(f"{paths[0]}: damaged")

    payload, files = pack((tmp_path / "one.txt",), shared=False)
    with pytest.raises(FusionError, match=f"^{tmp_path}/one.txt: damaged$"):
        unpacked(payload, files, fail)


def test_too_much_is_a_message(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "MOST", 3)
    (tmp_path / "one.txt").write_text("1234")
    with pytest.raises(
        FusionError, match=r"one.txt: workers do not see .* more than 0 MB.*without|leave --cluster out"
    ):
        pack((tmp_path / "one.txt",), shared=False)


@pytest.mark.parametrize("shared", [True, False])
def test_arrays_and_tables_travel(shared):
    table = pd.DataFrame({"id": ["a", "b"], "start": [0.0, np.nan], "n": [1, 2]})
    given = {"table": table, "column": table["id"], "array": np.arange(3.0), "one": np.float32(2)}
    payload, files = pack(given, shared)
    found = []
    unpacked(payload, files, found.append)
    pd.testing.assert_frame_equal(found[0]["table"], given["table"])
    pd.testing.assert_series_equal(found[0]["column"], given["column"])
    np.testing.assert_array_equal(found[0]["array"], given["array"])
    assert found[0]["one"] == given["one"]


class Runs:
    def __reduce__(self):
        return os.mkdir, ("made-by-a-pickle",)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("task", [Runs(), os.getcwd, subprocess.Popen, eval], ids=["call", "function", "class", "eval"])
def test_what_is_no_data_is_not_read(task, shared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    payload, files = pack((task,), shared)
    with pytest.raises(FusionError, match="which is no data; it is not read"):
        unpacked(payload, files, print)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_can_read_a_pickle():
    reading = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "shelve", "marshal"}
    found = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("fusion/**/*.py"), *ROOT.glob("features/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and reading & {alias.name.partition(".")[0] for alias in node.names})
        or (isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in reading)
        or (isinstance(node, ast.Attribute) and node.attr in ("read_pickle", "load_pickle"))
        or (isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False")
    }
    assert found == {"fusion/runtime/packing.py"}
