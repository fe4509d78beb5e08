"""The options of a render of notes."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.datasets.nsynth_notes import FAMILIES
from fusion.errors import FusionError
from fusion.rendering.notes.plan import SIZES, VELOCITIES, NotesSize
from fusion.rendering.options import RenderOptions


@dataclass(frozen=True, kw_only=True)
class NSynthOptions(RenderOptions):
    """The options of a render of notes.

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
    presets = SIZES

    families: tuple[str, ...] = FAMILIES
    pitches: tuple[int, int] = (0, 127)
    velocities: tuple[int, ...] = VELOCITIES
    notes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_families(self.families, FAMILIES)
        if len(self.pitches) != 2 or not 0 <= self.pitches[0] < self.pitches[1] <= 127:
            rule = "should be LOW-HIGH, MIDI keys from 0 to 127, the lower first, such as 48-72"
            raise self._refusal("pitches", rule)
        if not self.velocities or any(not 1 <= velocity <= 127 for velocity in self.velocities):
            raise self._refusal("velocities", "should be whole numbers from 1 to 127, such as 25,75,127")
        if len(set(self.velocities)) < len(self.velocities):
            raise self._refusal("velocities", "has one twice; name each once")
        self._normalise("velocities", tuple(sorted(self.velocities)))
        if self.notes is not None and self.notes < 1:
            raise self._refusal("notes", "should be 1 or more")
        if self.test_fonts and not self.size.hold_out:
            raise FusionError(f"--test-font: --preset {self.preset} holds nothing out; name all fonts by --train-font")
        if self.size == SIZES[self.preset]:  # the preset's own number is no change
            self._normalise("notes", None)

    @property
    def size(self) -> NotesSize:
        """The preset's size, with as many notes as asked for."""
        size = SIZES[self.preset]
        return size if self.notes is None else size.scaled(self.notes)
