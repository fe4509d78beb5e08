"""The folder of a render, and its record, ``render.json``: which render is in it, and whether it is complete."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.rendering.fluidsynth import GAIN
from fusion.rendering.fonts import Fonts
from fusion.rendering.options import RenderOptions
from fusion.runtime.files import write_json

_OUTCOME = ("fluidsynth", "warnings", "licences")  # what a record has besides, when the render is complete


def describe(options: RenderOptions, fonts: Fonts, content: dict[str, Any]) -> dict[str, Any]:
    """Return what identifies a render: options, the fonts' content, and its own `content`, such as a hash of its notes.

    Renders of the same record are the same.
    """
    record: dict[str, Any] = (
        {} if options.layout == "nsynth" else {"layout": options.layout}
    )  # notes were there before other layouts
    record |= {"preset": options.preset, "seed": options.seed, "gain": GAIN}
    record |= {"options": changes} if (changes := options.changes()) else {}
    return record | {"fonts": list(fonts.described.values())} | content


def claim(out: Path, record: dict[str, Any]) -> None:
    """Make `out` the folder of one render by writing its record there; an interrupted render of it is continued.

    Raises
    ------
    FusionError
        If the folder holds anything but an interrupted render with the same record.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        try:
            previous = json.loads((out / "render.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            previous = None
        if not isinstance(previous, dict) or {k: v for k, v in previous.items() if k not in _OUTCOME} != record:
            raise FusionError(f"{out}: not empty, and no interrupted render of this plan; name a new folder")
        if "warnings" in previous:
            raise FusionError(f"{out}: holds this render already, and it is complete; use it, or name a new folder")
        for stale in out.rglob("*.tmp-*"):
            stale.unlink()
    write_json(out / "render.json", record)


def complete(out: Path, record: dict[str, Any], fluidsynth: str, warnings: Sequence[str], fonts: Fonts) -> int:
    """Add to the record FluidSynth's version, warnings, and licences by the fonts' SHA-256: the render is complete.

    Returns
    -------
    int
        Size of the folder, bytes.
    """
    licences = {fonts.described[path]["sha256"]: text for path, text in fonts.licences.items()}
    write_json(out / "render.json", record | dict(zip(_OUTCOME, (fluidsynth, list(warnings), licences), strict=True)))
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
