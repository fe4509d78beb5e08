"""Make the published tables: run what is missing, note which results they show, write them into the documentation.

::

    python experiments/reproduce.py                  # everything, in the right order; hours
    python experiments/reproduce.py --only notes     # one table, and what it needs
    python experiments/reproduce.py --tables         # runs nothing: the documentation alone, from what is there

It wants the folders ``practice``, ``practice-irmas`` and ``diverse`` (rendered first if they are not there), and, for
some tables, ``another-font``, ``real-notes`` and ``irmas-solos``; a table whose data are not there is left as it is. An
interrupted command goes on where it was. ``results/published`` has the results, and its ``published.json`` says which
results each table shows, and what they took; commands that it names are not run again.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from published_tables import TABLES, Table, block, shown_by

ROOT = Path(__file__).parents[1]
RESULTS = Path("results/published")
RENDERED = {
    "practice": "nsynth --preset practice",
    "practice-irmas": "irmas --preset practice",
    "diverse": "nsynth --preset diverse",
}


def main() -> None:
    """Run the commands of the chosen tables, then write these into their pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=TABLES, help="one table, and what it needs")
    parser.add_argument("--tables", action="store_true", help="run nothing, write the documentation")
    options = parser.parse_args()
    chosen = [options.only] if options.only else list(TABLES)
    if not options.tables:
        for name in chosen:
            _make(name)
    published = _published()
    for name in chosen:
        if published.keys() >= set(shown_by(name)):
            _write(name, block(name, published, RESULTS))
    _run(f"fusion results {RESULTS} --readme")


def _make(name: str) -> None:
    """Run the commands of a table, and first those of the tables that it needs."""
    table: Table = TABLES[name]
    for folder in table.data:
        if not Path(folder).exists() and folder in RENDERED:
            _run(f"fusion data render {RENDERED[folder]} --out {folder}")
        if not Path(folder).exists():
            print(f"{name}: no folder {folder}, left as it is", file=sys.stderr)
            return
    for needed in table.needs:
        _make(needed)
    known = _published()
    if any(needed not in known for needed in table.needs):
        return
    record = known.get(name, {"commands": [], "folders": [], "processor_seconds": 0, "peak_mb": 0})
    for command in table.resolved(known, RESULTS)[len(record["folders"]) :]:
        before = _processor_seconds()
        try:
            record["folders"].append(_run(f"{command.replace(' results/', f' {RESULTS}/')} --results {RESULTS}"))
            record["commands"].append(command)
        finally:  # an interrupted command has taken its time, too
            record["processor_seconds"] += round(_processor_seconds() - before)
            record["peak_mb"] = max(record["peak_mb"], resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
            _remember(name, record)


def _run(command: str) -> str:
    """Run a command and return the last line that it prints: where its result is."""
    print(f"$ {command}", file=sys.stderr)
    words = [sys.executable, "-m", "fusion.cli", *shlex.split(command)[1:]]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.returncode)  # the command has said why
    return done.stdout.splitlines()[-1].removeprefix(f"{RESULTS}/")


def _processor_seconds() -> float:
    """Return what all commands so far have used, their workers included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _published() -> dict[str, Any]:
    path = RESULTS / "published.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return known


def _remember(name: str, record: dict[str, Any]) -> None:
    path = RESULTS / "published.json"
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".tmp-json")
    temporary.write_text(json.dumps(_published() | {name: record}, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)


def _write(name: str, text: str) -> None:
    """Put a table between its two comments in the documentation."""
    page = ROOT / TABLES[name].page
    before = page.read_text(encoding="utf-8")
    begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(before):
        sys.exit(f"{page}: no place for the table {name}; write {begin} and {end} where it belongs")
    after = pattern.sub(lambda _: f"{begin}\n{text}\n{end}", before)
    if after != before:
        page.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
