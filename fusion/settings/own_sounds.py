"""What settings of sounds of your own have in common, whatever says which class each is of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from fusion.evaluation.aggregate import Aggregate
from fusion.settings.protocols import SubsetSeed, TrainGroups, refuse_other_protocols
from fusion.settings.section import Section, each_once


class OwnSettings(Section):
    """Sounds of any length, below ``--data DIR``."""

    protocol: Literal["holdout", "given", "cv"] = Field(
        default="holdout",
        description="holdout: a share of the groups of each class is tested; given: train, test and maybe validation, "
        "as folders above the classes' or a column split say; cv: folds of the groups",
    )
    classes: tuple[str, ...] = Field(default=(), description="classes kept; all of them where none is named")
    test_share: float = Field(default=0.2, gt=0, lt=1, description="holdout: share of each class that is tested")
    test_seed: int = Field(default=1, ge=0, description="holdout: which groups these are")
    window: float = Field(default=3.0, ge=0.1, le=60, description="seconds that a network hears at once")
    hop: float = Field(default=1.5, ge=0.05, le=60, description="seconds from one window of a clip to the next")
    aggregate: Aggregate = Field(
        default="mean",
        description="windows to clip: mean, mean of logits, sum over windows divided by its largest class, or maximum",
    )
    folds: int = Field(default=5, ge=2, le=100, description="cv: parts of the groups")
    repeats: int = Field(default=1, ge=1, le=100, description="cv: how often groups are divided, each time anew")
    train_groups: TrainGroups = None
    subset_seed: SubsetSeed = 1
    skip_damaged: bool = Field(default=False, description="leave damaged clips out and record them")
    sr: int = Field(default=22050, ge=4000, le=192000, description="sampling rate, Hz; other rates are converted")

    @field_validator("classes")
    @classmethod
    def _sorted(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, tuple(sorted(names)))

    @model_validator(mode="after")
    def _fits(self) -> OwnSettings:
        refuse_other_protocols(self, {"test_share": "holdout", "test_seed": "holdout", "folds": "cv", "repeats": "cv"})
        if self.hop > self.window:
            raise ValueError(f"hop {self.hop:g} is longer than window {self.window:g}: sound between would be lost")
        return self

    @property
    def rate(self) -> None:
        """Sampling rate of the official files: there are none."""
        return None

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows."""
        return False

    @property
    def single_notes(self) -> bool:
        """Whether a clip is a note, which may be another one at another level."""
        return False

    @property
    def samples(self) -> int:
        """Length of a window in samples."""
        return round(self.window * self.sr)
