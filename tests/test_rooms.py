"""The rooms of the package: each names its doors, and other rooms use these alone."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = sorted(path.parent for path in ROOT.glob("fusion/**/__init__.py") if path.parent.name != "fusion")
FILES = [path for path in ROOT.glob("fusion/**/*.py") if "skeletons" not in path.parts]  # which `fusion new` copies
MODULES = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in FILES}
ROOM_NAMES = {".".join(room.relative_to(ROOT).parts) for room in ROOMS}


def room_of(module):
    """Return the room that a module lies in: `fusion.rendering.notes` for `fusion.rendering.notes.plan`."""
    return module.rpartition(".")[0]


def imported(text):
    """Yield every module or room of fusion that a file imports, or names for workers as ``module:name``."""
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and (worker := re.fullmatch(r"([\w.]+):\w*", str(node.value))):
            names = [worker[1]]
        for name in names:
            if name.startswith("fusion."):
                yield name if name in {*MODULES.values(), *ROOM_NAMES} else room_of(name)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_it_is_for_and_which_modules_are_its_doors(room):
    module = importlib.import_module(".".join(room.relative_to(ROOT).parts))
    assert len(module.__doc__.strip().splitlines()) == 3
    for door in module.__all__:
        assert (room / f"{door}.py").is_file() or (room / door / "__init__.py").is_file()
    assert len((room / "__init__.py").read_text().splitlines()) <= 8  # and does nothing else


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ("from fusion.audit.check import check_data", "fusion.audit.check"),
        ("from fusion.audit import check", "fusion.audit.check"),
        ("from fusion.errors import FusionError", "fusion.errors"),
        ("from fusion.rendering import music", "fusion.rendering.music"),
        ("import fusion.audit.check", "fusion.audit.check"),
        ("from fusion import audit", "fusion.audit"),
        ("run([('fusion.audit.soundness:examine_batch', task)])", "fusion.audit.soundness"),
        ("run([(f'fusion.learning.train:{name}', task)])", "fusion.learning.train"),
    ],
)
def test_each_way_to_reach_a_module_is_examined(text, module):
    assert list(imported(text)) == [module]


def test_other_rooms_use_the_doors():
    for path, module in MODULES.items():
        for other in imported(path.read_text()):
            room = room_of(other)
            assert room != "fusion" or other not in ROOM_NAMES, f"{module} imports {other} as a whole"
            if room == "fusion" or module == room or module.startswith(f"{room}."):
                continue
            assert other.rpartition(".")[2] in importlib.import_module(room).__all__, f"{module} imports {other}"


def test_no_file_is_longer_than_250_lines():
    long = {module: len(path.read_text().splitlines()) for path, module in MODULES.items()}
    assert not {module: lines for module, lines in long.items() if lines > 250}
