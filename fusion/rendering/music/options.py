"""The options of a render of music."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.datasets.irmas_training import INSTRUMENTS
from fusion.rendering.music.mixdown import OVER
from fusion.rendering.music.plan import SIZES, MusicSize
from fusion.rendering.options import RenderOptions

MOST_PIECES = 9999
"""Training pieces of all classes: IRMAS's names number them with four digits."""


@dataclass(frozen=True, kw_only=True)
class IrmasOptions(RenderOptions):
    """The options of a render of music.

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
    presets = SIZES

    families: tuple[str, ...] = INSTRUMENTS
    pieces: int | None = None
    level: tuple[float, float] = OVER

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_families(self.families, INSTRUMENTS)
        most = MOST_PIECES // len(self.families)
        if self.pieces is not None and not 1 <= self.pieces <= most:
            raise self._refusal("pieces", f"should be 1 to {most} with {len(self.families)} classes")
        if len(self.level) != 2 or not -40 <= self.level[0] <= self.level[1] <= 40:
            raise self._refusal("level", "should be LOW,HIGH in dB from -40 to 40, the lower first, such as 3,9")
        if self.size == SIZES[self.preset]:  # the preset's own number is no change
            self._normalise("pieces", None)

    @property
    def size(self) -> MusicSize:
        """The preset's size, with as many pieces and songs as asked for."""
        size = SIZES[self.preset]
        return size if self.pieces is None else size.scaled(self.pieces)
