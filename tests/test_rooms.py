"""The rooms of the package: each names its doors, and other rooms use these alone."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.parent for path in ROOT.glob("fusion/**/__init__.py") if path.parent.name != "fusion")
MODULES = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ROOT.glob("fusion/**/*.py")}


def room_of(module):
    """Return the room that a module lies in: `fusion.rendering.notes` for `fusion.rendering.notes.plan`."""
    return module.rpartition(".")[0]


def imported(path):
    """Yield every module of fusion that a file imports from."""
    known = set(MODULES.values())
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fusion."):
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                yield inside if inside in known else node.module


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_it_is_for_and_which_modules_are_its_doors(room):
    module = importlib.import_module(".".join(room.relative_to(ROOT).parts))
    assert len(module.__doc__.strip().splitlines()) == 3
    for door in module.__all__:
        assert (room / f"{door}.py").is_file() or (room / door / "__init__.py").is_file()
    assert len((room / "__init__.py").read_text().splitlines()) <= 8  # and does nothing else


def test_other_rooms_use_the_doors():
    for path, module in MODULES.items():
        for other in imported(path):
            room = room_of(other)
            if room == "fusion" or module == room or module.startswith(f"{room}."):
                continue
            assert other.rpartition(".")[2] in importlib.import_module(room).__all__, f"{module} imports {other}"


def test_no_file_is_longer_than_250_lines():
    long = {module: len(path.read_text().splitlines()) for path, module in MODULES.items()}
    assert not {module: lines for module, lines in long.items() if lines > 250}
