"""The command that shows the registry of features, and draws one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.cli.options import takes
from fusion.errors import FusionError

app = typer.Typer()


@app.command("features", epilog="Example: fusion features mfcc --plot note.wav --set n_mfcc=13 --out mfcc.png")
@takes("plugins", "set", "as_json")
def list_features(
    name: Annotated[str | None, typer.Argument(help="Show one feature.", show_default=False)] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="AUDIO", help="Draw the feature under this file's waveform.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PNG|PDF", help="With --plot: where to, else <file>.<feature>.png.")
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """List the registry and the named lists, or show one feature or list: parameters, units, shape; or draw one."""
    from fusion.cli import console
    from fusion.feature import listing
    from fusion.settings.feature_lists import LISTS
    from fusion.settings.strict_yaml import dump

    if name in LISTS:
        if plot is not None or out is not None or shared.get("set"):
            raise FusionError(f"{name} is a list; --plot, --out and --set are for one feature: name it")
        print(json.dumps(LISTS[name], indent=2) if as_json else dump({"features": LISTS[name]}))
        return
    folders = shared.get("plugins", [])
    if plot is not None:
        if name is None:
            raise FusionError(f"--plot {plot}: of which feature? Write fusion features NAME --plot {plot}")
        written = _draw(name, plot, out, folders, shared.get("set", []))
        print(json.dumps({"plot": str(written)}) if as_json else written)
        return
    if out is not None or "set" in shared:
        raise FusionError("--out and --set are for a plot; give --plot AUDIO, too, or leave them out")
    shown = listing.feature(name, folders) if name else listing.features(folders)
    if as_json:
        print(json.dumps(shown, indent=2))
    elif isinstance(shown, dict):
        console.print_feature(shown)
    else:
        console.print_features(shown, LISTS)


def _draw(name: str, audio: Path, out: Path | None, folders: list[Path], assignments: list[str]) -> Path:
    """Write the plot of a feature and return where."""
    from fusion.api.sounds import plot_feature
    from fusion.report.plots import check_target, save
    from fusion.settings.document import Document

    out = out or Path(f"{audio.stem}.{name}.png")
    check_target(out)
    document = Document(f"feature {name}", {})
    for assignment in assignments:
        document.set(assignment)
    if "plugins" in document.data:
        raise FusionError("--set plugins: is no parameter of a feature; name a folder with --plugins")
    save(plot_feature(name, audio, plugins=folders, **document.data), out)
    return out
