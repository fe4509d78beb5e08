"""The options of a render: one frozen dataclass a layout, whose values are valid once it exists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from fusion.errors import FusionError, did_you_mean


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """The options that both layouts have.

    Parameters
    ----------
    preset : str
        One of `presets`: how much there is, and how it is written.
    seed : int
        Another seed, other instruments held out, other notes and pieces.
    train_fonts, test_fonts : tuple of Path
        SF2 files of both sides. Without train's, FluidR3; without test's, those of train.
    share : bool
        Whether the audio is meant for sharing, so that no font of unknown licence may play.
    licences : tuple of str
        ``FONT=TEXT``: a font's path or file name, and the licence that lets its audio be shared.
    """

    layout: ClassVar[str]
    presets: ClassVar[Collection[str]]

    preset: str = "practice"
    seed: int = 0
    train_fonts: tuple[Path, ...] = ()
    test_fonts: tuple[Path, ...] = ()
    share: bool = False
    licences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for text in (*self.licences, *map(str, (*self.train_fonts, *self.test_fonts))):
            if text.encode(errors="replace").decode() != text:
                raise FusionError(f"{text!a}: no text in UTF-8, so it cannot be recorded; write or name it another way")
        if self.preset not in self.presets:
            near = did_you_mean(self.preset, self.presets)
            raise self._refusal("preset", f"should be {' or '.join(self.presets)}{near}")

    def changes(self) -> dict[str, Any]:
        """Return what differs from the defaults among a layout's own options, as JSON has it."""
        common = {field.name for field in fields(RenderOptions)}
        own = {field.name: field.default for field in fields(self) if field.name not in common}
        changed = {name: getattr(self, name) for name, default in own.items() if getattr(self, name) != default}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    @property
    def command(self) -> str:
        """The command that renders this, without folder and fonts."""
        own = "".join(f" --{name} {as_typed(name, value)}" for name, value in self.changes().items())
        return f"fusion data render {self.layout} --preset {self.preset} --seed {self.seed}{own}"

    def _refusal(self, option: str, rule: str) -> FusionError:
        return FusionError(f"--{option} {as_typed(option, getattr(self, option))}: {rule}")

    def _check_families(self, families: Sequence[str], known: Sequence[str]) -> None:
        for name in families:
            if name not in known:
                near = did_you_mean(name, known)
                raise self._refusal("families", f"{name!r} is unknown{near}; known: {', '.join(known)}")
        if len(set(families)) < max(2, len(families)):
            raise self._refusal("families", f"should be two or more, each once; known: {', '.join(known)}")
        self._normalise("families", tuple(name for name in known if name in families))

    def _normalise(self, option: str, value: Any) -> None:
        """Keep a value in one form, so that options that mean the same are equal."""
        object.__setattr__(self, option, value)


def as_typed(option: str, value: Any) -> str:
    """Return an option's value as it is typed.

    >>> as_typed("pitches", (48, 72)), as_typed("level", (3.0, 9.0)), as_typed("families", ("flute", "guitar"))
    ('48-72', '3,9', 'flute,guitar')
    """
    if isinstance(value, list | tuple):
        return ("-" if option == "pitches" else ",").join(as_typed(option, part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
