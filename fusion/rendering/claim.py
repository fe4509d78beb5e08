"""The folder that a plan of a render claims, and ``render.json``, the record that tells whose it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.errors import FusionError
from fusion.rendering.fonts import Fonts
from fusion.runtime.files import write_json

_OUTCOME = ("fluidsynth", "warnings", "licences")  # what the record has besides the plan, when all is done


def claim(out: Path, plan: dict[str, Any]) -> None:
    """Make `out` this plan's folder, by ``render.json``, which has warnings, too, when the render is complete.

    Raises
    ------
    FusionError
        If it holds anything but the plan's interrupted render.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        try:
            there = json.loads((out / "render.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            there = None
        if not isinstance(there, dict) or {key: there[key] for key in there if key not in _OUTCOME} != plan:
            raise FusionError(f"{out}: not empty, and no interrupted render of this plan; name a new folder")
        if "warnings" in there:
            raise FusionError(f"{out}: holds this render already, and it is complete; use it, or name a new folder")
        for stale in out.rglob("*.tmp-*"):
            stale.unlink()
    write_json(out / "render.json", plan)


def complete(out: Path, plan: dict[str, Any], fluidsynth: str, warnings: Sequence[str], fonts: Fonts) -> None:
    """Add to ``render.json`` what a finished render has: FluidSynth's version, warnings, licences by fonts' SHA-256."""
    licences = {fonts.described[path]["sha256"]: text for path, text in fonts.licences.items()}
    write_json(out / "render.json", plan | dict(zip(_OUTCOME, (fluidsynth, list(warnings), licences), strict=True)))
