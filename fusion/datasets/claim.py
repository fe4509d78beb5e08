"""What all renders have in common: the folder that a plan claims, and the fonts that it names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fusion.datasets.soundfont import SoundFont
from fusion.errors import FusionError
from fusion.files import write_json


def describe_fonts(train: Sequence[SoundFont], test: Sequence[SoundFont]) -> dict[Path, dict[str, Any]]:
    """Return name, file, content hash and sides of each font, by path."""
    fonts: dict[Path, dict[str, Any]] = {}
    for font in (*train, *test):
        with font.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        fonts[font.path] = {"name": font.name, "file": font.path.name, "sha256": digest}
        fonts[font.path] |= {"train": font in train, "test": font in test}
    return fonts


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
        if not isinstance(there, dict) or {key: there.get(key) for key in plan} != plan:
            raise FusionError(f"{out}: not empty, and no interrupted render of this plan; name a new folder")
        if "warnings" in there:
            raise FusionError(f"{out}: holds this render already, and it is complete; use it, or name a new folder")
        for stale in out.rglob("*.tmp-*"):
            stale.unlink()
    write_json(out / "render.json", plan)
