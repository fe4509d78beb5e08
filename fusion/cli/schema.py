"""The command that prints the JSON schema of experiment files."""

from __future__ import annotations

import json
from typing import Any

import typer

from fusion.cli.options import takes

app = typer.Typer()


@app.command(epilog="Example: fusion schema > experiment.schema.json")
@takes("plugins")
def schema(*, shared: dict[str, Any]) -> None:
    """Print a JSON schema of experiment files, by which an editor completes and checks them while you type.

    A file names it in its first line, `# yaml-language-server: $schema=experiment.schema.json`.
    """
    from fusion.settings.schema import experiment_schema

    print(json.dumps(experiment_schema(shared.get("plugins", [])), indent=1))
