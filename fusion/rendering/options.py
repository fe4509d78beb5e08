"""What a render can be told: one frozen dataclass a layout, whose values are in order once it exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar

from fusion.datasets.mixdown import OVER
from fusion.datasets.notes import PRESETS as NOTES
from fusion.datasets.notes import VELOCITIES
from fusion.datasets.notes import Preset as NotesPreset
from fusion.datasets.recordings import PRESETS as MUSIC
from fusion.datasets.recordings import Preset as MusicPreset
from fusion.errors import FusionError, did_you_mean
from fusion.spec.datasets import FAMILIES, INSTRUMENTS

MOST_PIECES = 9999
"""Training pieces of all classes: IRMAS's names number them with four digits."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What both layouts can be told.

    Parameters
    ----------
    preset : {"sample", "practice"}
        How much there is, and how it is written.
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

    preset: str = "practice"
    seed: int = 0
    train_fonts: tuple[Path, ...] = ()
    test_fonts: tuple[Path, ...] = ()
    share: bool = False
    licences: tuple[str, ...] = ()

    def changes(self) -> dict[str, Any]:
        """Return what differs from the defaults among a layout's own options, as JSON has it."""
        common = {field.name for field in fields(Options)}
        own = {field.name: field.default for field in fields(self) if field.name not in common}
        changed = {name: getattr(self, name) for name, default in own.items() if getattr(self, name) != default}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    @property
    def command(self) -> str:
        """What was typed for this render, without folder and fonts."""
        own = "".join(f" --{name} {show(name, value)}" for name, value in self.changes().items())
        return f"fusion data render {self.layout} --preset {self.preset} --seed {self.seed}{own}"

    def _refuse(self, option: str, rule: str) -> FusionError:
        return FusionError(f"--{option} {show(option, getattr(self, option))}: {rule}")

    def _check_common(self, known: Iterable[str]) -> None:
        for text in (*self.licences, *map(str, (*self.train_fonts, *self.test_fonts))):
            if text.encode(errors="replace").decode() != text:
                raise FusionError(f"{text!a}: no text in UTF-8, so it cannot be recorded; write or name it another way")
        if self.preset not in known:
            raise self._refuse("preset", f"should be {' or '.join(known)}{did_you_mean(self.preset, known)}")

    def _check_families(self, families: Sequence[str], known: Sequence[str]) -> None:
        for name in families:
            if name not in known:
                near = did_you_mean(name, known)
                raise self._refuse("families", f"{name!r} is unknown{near}; known: {', '.join(known)}")
        if len(set(families)) < max(2, len(families)):
            raise self._refuse("families", f"should be two or more, each once; known: {', '.join(known)}")
        self._settle("families", tuple(name for name in known if name in families))

    def _settle(self, option: str, value: Any) -> None:
        """Keep a value in its one form, so that equal wishes are equal plans."""
        object.__setattr__(self, option, value)


@dataclass(frozen=True, kw_only=True)
class NSynthOptions(Options):
    """What a render of notes can be told.

    Parameters
    ----------
    families : tuple of str
        The families that are rendered, two or more.
    pitches : (int, int)
        The lowest and the highest MIDI key.
    velocities : tuple of int
        The velocities that notes have, 1 to 127, each once.
    notes : int, optional
        Training notes of an instrument, at most; valid and test keep the preset's proportion.

    Raises
    ------
    FusionError
        An option's value is none of these.
    """

    layout = "nsynth"

    families: tuple[str, ...] = FAMILIES
    pitches: tuple[int, int] = (0, 127)
    velocities: tuple[int, ...] = VELOCITIES
    notes: int | None = None

    def __post_init__(self) -> None:
        self._check_common(NOTES)
        self._check_families(self.families, FAMILIES)
        if len(self.pitches) != 2 or not 0 <= self.pitches[0] < self.pitches[1] <= 127:
            raise self._refuse("pitches", "should be LOW-HIGH, MIDI keys from 0 to 127, the lower first, such as 48-72")
        if not self.velocities or any(not 1 <= velocity <= 127 for velocity in self.velocities):
            raise self._refuse("velocities", "should be whole numbers from 1 to 127, such as 25,75,127")
        if len(set(self.velocities)) < len(self.velocities):
            raise self._refuse("velocities", "has one twice; name each once")
        self._settle("velocities", tuple(sorted(self.velocities)))
        if self.notes is not None and self.notes < 1:
            raise self._refuse("notes", "should be 1 or more")
        if self.size == NOTES[self.preset]:  # the preset's own number is no change
            self._settle("notes", None)

    @property
    def size(self) -> NotesPreset:
        """The preset, with as many notes as asked for."""
        preset = NOTES[self.preset]
        if self.notes is None:
            return preset
        valid, test = (max(1, round(count * self.notes / preset.train)) for count in (preset.valid, preset.test))
        return replace(preset, train=self.notes, valid=valid, test=test)


@dataclass(frozen=True, kw_only=True)
class IrmasOptions(Options):
    """What a render of music can be told.

    Parameters
    ----------
    families : tuple of str
        The classes that are predominant, two or more; any may accompany.
    pieces : int, optional
        Training pieces of each class; songs to test keep the preset's proportion.
    level : (float, float)
        The least and the most that a predominant instrument is over its accompaniment, dB.

    Raises
    ------
    FusionError
        An option's value is none of these.
    """

    layout = "irmas"

    families: tuple[str, ...] = INSTRUMENTS
    pieces: int | None = None
    level: tuple[float, float] = OVER

    def __post_init__(self) -> None:
        self._check_common(MUSIC)
        self._check_families(self.families, INSTRUMENTS)
        most = MOST_PIECES // len(self.families)
        if self.pieces is not None and not 1 <= self.pieces <= most:
            raise self._refuse("pieces", f"should be 1 to {most} with {len(self.families)} classes")
        if len(self.level) != 2 or not -40 <= self.level[0] <= self.level[1] <= 40:
            raise self._refuse("level", "should be LOW,HIGH in dB from -40 to 40, the lower first, such as 3,9")
        if self.size == MUSIC[self.preset]:  # the preset's own number is no change
            self._settle("pieces", None)

    @property
    def size(self) -> MusicPreset:
        """The preset, with as many pieces and songs as asked for."""
        preset = MUSIC[self.preset]
        if self.pieces is None:
            return preset
        return replace(preset, pieces=self.pieces, songs=max(1, round(preset.songs * self.pieces / preset.pieces)))


def show(option: str, value: Any) -> str:
    """Return an option's value as it is typed.

    >>> show("pitches", (48, 72)), show("level", (3.0, 9.0)), show("families", ("flute", "guitar"))
    ('48-72', '3,9', 'flute,guitar')
    """
    if isinstance(value, list | tuple):
        return ("-" if option == "pitches" else ",").join(show(option, one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
