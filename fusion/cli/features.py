"""The command that shows the registry of features."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from fusion.cli.options import takes

app = typer.Typer()


@app.command("features")
@takes("plugins", "as_json")
def list_features(
    name: Annotated[str | None, typer.Argument(help="Show one feature.", show_default=False)] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """List the registry and the named lists, or show one feature or list: parameters, units, shape, origin."""
    from fusion.cli import console
    from fusion.feature import listing
    from fusion.settings.feature_lists import LISTS
    from fusion.settings.strict_yaml import dump

    if name in LISTS:
        print(json.dumps(LISTS[name], indent=2) if as_json else dump({"features": LISTS[name]}))
        return
    folders = shared.get("plugins", [])
    listed = listing.feature(name, folders) if name else listing.features(folders)
    if as_json:
        print(json.dumps(listed, indent=2))
    elif isinstance(listed, dict):
        console.print_feature(listed)
    else:
        console.print_features(listed, LISTS)
