"""Which small mistakes would the tests not see? Makes them one by one, and runs the room's tests for each.

A mutant is one change to one line: a comparison, an arithmetic or logical operator, a number, a dropped `not`. Those
that no test fails for are printed: each is either another way to say the same, or a test that is missing.

    python tests/benchmarks/mutation.py --mutants 36 --seed 1
    python tests/benchmarks/mutation.py --rooms evaluation sound --mutants 10

Works on a copy of the checkout, so the files here stay as they are. A room's tests are those in tests/<room>; the
light rooms, whose tests take seconds, are the default.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("evaluation", "datasets", "sound", "settings", "extraction", "feature")
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And},
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult},
    **{ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Mod: ast.Mult, ast.Pow: ast.Mult},
}


def places(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what can be changed, in a fixed order; not in annotations, where nothing is computed."""
    types = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
    skipped = {id(inside) for node in types if node is not None for inside in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float, bool)
        negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        operator = type(node.ops[0]) if isinstance(node, ast.Compare) else type(getattr(node, "op", None))
        if number or negated or operator in SWAPS:
            yield node


def change(node: ast.AST) -> None:
    """Change a node in place."""
    if isinstance(node, ast.Constant):
        node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
        node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
    elif isinstance(node, ast.Compare):
        node.ops[0] = SWAPS[type(node.ops[0])]()
    else:
        node.op = SWAPS[type(node.op)]()


def mutate(source: str, number: int) -> tuple[str, int, str]:
    """Return the source with one place changed, the line where, and the change as it reads."""
    tree = ast.parse(source)
    node = list(places(tree))[number]
    before = ast.unparse(tree)
    change(node)
    after = ast.unparse(ast.fix_missing_locations(tree))
    pairs = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return after, node.lineno, "\n".join(f"    {line}" for line in list(pairs)[3:])


def passes(folder: Path, tests: str, seconds: float) -> bool:
    """Return whether tests pass; those that never end do not."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", tests]
    try:
        return not subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=seconds).returncode
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Make mutants and print the survivors."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rooms", nargs="+", default=ROOMS)
    options.add_argument("--mutants", type=int, default=36)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--seconds", type=float, default=900, help="after which a mutant's tests have failed")
    chosen = options.parse_args()
    files = [path for room in chosen.rooms for path in sorted((ROOT / "fusion" / room).rglob("*.py"))]
    known = [(path, n) for path in files for n in range(len(list(places(ast.parse(path.read_text())))))]
    survivors = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkout"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "results"))
        for room in chosen.rooms:
            if not passes(folder, f"tests/{room}", chosen.seconds):
                sys.exit(f"tests/{room} fails before anything is changed; run it by itself to see why")
        for path, number in random.Random(chosen.seed).sample(known, min(chosen.mutants, len(known))):
            name = path.relative_to(ROOT)
            source = path.read_text()
            mutant, line, difference = mutate(source, number)
            (folder / name).write_text(mutant)
            room, first = f"tests/{name.parts[1]}", f"tests/{name.parts[1]}/test_{name.name}"  # its own tests are quick
            survived = all(
                passes(folder, tests, chosen.seconds) for tests in (first, room) if (folder / tests).exists()
            )
            (folder / name).write_text(source)
            survivors += survived
            print(f"{'SURVIVED' if survived else 'found   '} {name}:{line}\n{difference}", flush=True)
    print(f"{survivors} of {min(chosen.mutants, len(known))} survived")


if __name__ == "__main__":
    main()
