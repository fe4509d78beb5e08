"""Every module can be imported where POSIX's own modules are not there, as on Windows."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
POSIX = ("fcntl", "resource", "pwd", "grp", "termios")
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted(ROOT.glob("fusion/**/*.py"))
    if "skeletons" not in path.parts and path.stem not in ("__init__", "__main__")
] + [f"fusion_features.{path.stem}" for path in sorted(ROOT.glob("features/[!_]*.py"))]

IMPORTS = """
import importlib, sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
for name in sys.argv[2:]:
    importlib.import_module(name)
print("all")
"""


def test_nothing_is_imported_that_only_posix_has():
    line = [sys.executable, "-c", IMPORTS, ",".join(POSIX), *MODULES]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert done.stdout == "all\n", done.stderr[-2000:]
