"""What the command line prints: tables of results, of a data set's counts, of features."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from fusion.report import table


def print_features(found: list[dict[str, Any]]) -> None:
    """Print the registry."""
    grid = Table(caption="shape: of a 4 s clip at 16 kHz with default parameters; fusion features NAME shows them")
    for column in ("feature", "shape", "what", "from"):
        grid.add_column(column, overflow="fold")
    for entry in found:
        shape = "broken" if "error" in entry else f"({', '.join(map(str, entry['shape']))})"
        grid.add_row(entry["name"], shape, entry.get("error") or entry["summary"], entry["origin"])
    Console(highlight=False, markup=False).print(grid)


def print_feature(entry: dict[str, Any]) -> None:
    """Print one feature: what it is, its parameters, its shape."""
    console = Console(highlight=False, markup=False)
    console.print(f"{entry['name']}, version {entry['version']}, from {entry['origin']}\n")
    console.print(entry["documentation"] + "\n")
    grid = Table(title="parameters", title_justify="left")
    for column in ("name", "default", "meaning and unit"):
        grid.add_column(column, overflow="fold")
    for parameter in entry["parameters"]:
        default = "null" if parameter["default"] is None else json.dumps(parameter["default"])
        grid.add_row(parameter["name"], default, parameter["description"])
    console.print(grid)
    shape = f"({', '.join(map(str, entry['shape']))})" if "shape" in entry else entry["error"]
    console.print(f"shape for a 4 s clip at 16 kHz: {shape}")


def print_result(metrics: dict[str, Any]) -> None:
    """Print the network, its reference lines and the warnings of one result."""
    console = Console(highlight=False)
    grid = Table(title=f"{metrics['experiment']}: {metrics['dataset']}, protocol {metrics['protocol']}, test")
    for column in ("", "accuracy", "macro F1"):
        grid.add_column(column, no_wrap=True)
    for row in table(metrics):
        grid.add_row(*row, style="bold" if row[0] == "network" else None)
    console.print(grid)
    console.print("mean ± standard deviation over seeds [95 % interval over groups]")
    for warning in metrics["warnings"]:
        console.print(f"! {warning}", markup=False)


def print_audit(report: dict[str, Any], noun: str) -> None:
    """Print the counts of a data set and its warnings."""
    console = Console(highlight=False)
    splits = list(report["clips"])
    grid = Table(title=f"{report['dataset']}, protocol {report['protocol']}: clips")
    grid.add_column("class")
    for split in splits:
        grid.add_column(split, justify="right")
    for label in sorted({label for counts in report["classes"].values() for label in counts}):
        grid.add_row(label, *(str(report["classes"][split].get(label, 0)) for split in splits))
    grid.add_section()
    grid.add_row("all", *(str(report["clips"][split]) for split in splits))
    grid.add_row(noun, *(str(report["groups"][split]) for split in splits))
    grid.add_row(f"{noun} shared with test", *(str(report["shared_groups"].get(split, "")) for split in splits))
    console.print(grid)
    for warning in report["warnings"]:
        console.print(f"! {warning}", markup=False)
