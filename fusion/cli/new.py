"""The command that writes skeletons."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.cli.options import takes

app = typer.Typer()

_DATA = "EXPERIMENT.yaml --plugins {folder} --set 'dataset={{name: {name}}}' --data DIR"
_PLUGIN_RUN = "fusion run EXPERIMENT.yaml --sample --plugins {folder}"
_NEXT = {
    "feature": ("fusion features {name} --plugins {folder}", f"{_PLUGIN_RUN} --features mfcc,{{name}}"),
    "dataset": (f"fusion data check {_DATA}", f"fusion run {_DATA}"),
    "fusion": (f"{_PLUGIN_RUN} --set model.fusion={{name}}",),
    "experiment": ("fusion run {file} --sample",),
}


@app.command(epilog="Example: fusion new feature brightness")
@takes("as_json")
def new(
    kind: Annotated[
        str, typer.Argument(metavar="feature|dataset|fusion|experiment", help="What to write.", show_default=False)
    ],
    name: Annotated[str, typer.Argument(help="What it is called everywhere.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to, else plugins; for an experiment, the current folder."),
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Write a skeleton that works at once, with its test: a file of your own to start from."""
    from fusion.api.new import new as write_skeleton

    written = write_skeleton(kind, name, out=out)
    tests = [path for path in written if path.stem.startswith("test_")]
    words = {"name": name, "file": shlex.quote(str(written[0])), "folder": shlex.quote(str(out or "plugins"))}
    commands = [f"pytest {shlex.quote(str(path))}" for path in tests] + [text.format(**words) for text in _NEXT[kind]]
    if as_json:
        print(json.dumps({"files": [str(path) for path in written], "next": commands}, indent=2))
        return
    for path in written:
        print(f"wrote {path}")
    print("next, for example:")
    for command in commands:
        print(f"  {command}")
    if "EXPERIMENT.yaml" in commands[-1]:
        print("EXPERIMENT.yaml is an experiment file of yours; fusion new experiment NAME writes one")
