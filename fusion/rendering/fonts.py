"""The fonts of a render's two sides: read, described, their common samples and their licences."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fusion.rendering.fluidsynth import find_fluidr3
from fusion.rendering.licences import check_sharing, find_licences
from fusion.rendering.options import RenderOptions
from fusion.rendering.soundfont import SoundFont, read_soundfont


@dataclass(frozen=True)
class Fonts:
    """The fonts of training and of test, which may be the same, and the licences that are known or given, by path."""

    train: tuple[SoundFont, ...]
    test: tuple[SoundFont, ...]
    licences: dict[Path, str]

    @property
    def by_path(self) -> dict[Path, SoundFont]:
        """Each font once, training's first."""
        return {font.path: font for font in (*self.train, *self.test)}

    @cached_property
    def described(self) -> dict[Path, dict[str, Any]]:
        """Name, file, content hash and sides of each font, by path."""
        described: dict[Path, dict[str, Any]] = {}
        for path, font in self.by_path.items():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            described[path] = {"name": font.name, "file": path.name, "sha256": digest}
            described[path] |= {"train": font in self.train, "test": font in self.test}
        return described


def read_fonts(options: RenderOptions) -> Fonts:
    """Read the fonts of a render.

    Raises
    ------
    FusionError
        A font is missing or damaged, a licence names none of them, or the audio is meant for sharing
        and a font's licence is not known.
    """
    train = options.train_fonts or (find_fluidr3(),)
    fonts = {path: read_soundfont(path) for path in (*train, *options.test_fonts)}
    licences = find_licences(fonts, options.licences)
    if options.share:
        check_sharing(fonts, licences)
    test = options.test_fonts or train
    return Fonts(tuple(fonts[path] for path in train), tuple(fonts[path] for path in test), licences)


def common_sample_warnings(fonts: Fonts, unless: str = "") -> Iterator[str]:
    """Yield a warning for every two fonts of different sides that hold the same sounds, whatever they are called."""
    for train in fonts.train:
        for test in fonts.test:
            if train.path != test.path and (common := train.samples & test.samples):
                yield (
                    f"shared-groups: {train.path} (train) and {test.path} (test) have {len(common)} samples "
                    f"in common; instruments that play any of them are on one side only{unless}"
                )
