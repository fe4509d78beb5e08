"""The command that shows the registry of features."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fusion.cli.options import AsJson, Debug, Plugins

app = typer.Typer()


@app.command("features")
def list_features(
    name: Annotated[str | None, typer.Argument(help="Show one feature.", show_default=False)] = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the registry, or show one feature: parameters, units, shape, where it comes from."""
    from fusion.cli import console
    from fusion.feature import listing

    found = listing.feature(name, plugins or []) if name else listing.features(plugins or [])
    if as_json:
        print(json.dumps(found, indent=2))
    elif isinstance(found, dict):
        console.print_feature(found)
    else:
        console.print_features(found)
