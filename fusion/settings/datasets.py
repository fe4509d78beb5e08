"""The ``dataset`` section: one class a data set, every key with its type, range and default.

To add a data set, add a class and list it at the end.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from fusion.evaluation.aggregate import Aggregate
from fusion.settings.folder import FolderSettings
from fusion.settings.manifest import TableSettings
from fusion.settings.protocols import SubsetSeed, Threshold, TrainGroups, refuse_other_protocols
from fusion.settings.section import Section, each_once

Family = Literal[
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal"
]
Origin = Literal["acoustic", "electronic", "synthetic"]
Instrument = Literal["cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi"]

FAMILIES: tuple[Family, ...] = Family.__args__  # type: ignore[attr-defined]
ORIGINS: tuple[Origin, ...] = Origin.__args__  # type: ignore[attr-defined]
INSTRUMENTS: tuple[Instrument, ...] = Instrument.__args__  # type: ignore[attr-defined]


def _is_course(fields: dict[str, Any]) -> bool:
    return fields.get("protocol") == "course"


class NSynthSettings(Section):
    """NSynth: single notes, 4 s at 16 kHz, eleven instrument families."""

    later: ClassVar[frozenset[str]] = frozenset({"folds", "repeats", "train_groups", "subset_seed"})

    name: Literal["nsynth"] = "nsynth"
    protocol: Literal["course", "official", "cv"] = Field(
        default="official",
        description="course: train on nsynth-valid, test on nsynth-test (the course project); official: nsynth-train; "
        "cv: folds of the instruments of all parts that are there",
    )
    validation: Literal["notes", "instruments", "official"] = Field(
        default_factory=lambda fields: "notes" if _is_course(fields) else "instruments",
        description="what validates: a tenth of the training notes, whole training instruments, or nsynth-valid",
    )
    sources: tuple[Origin, ...] = Field(
        default_factory=lambda fields: ("acoustic", "electronic") if _is_course(fields) else ORIGINS,
        min_length=1,
        description="instrument sources kept",
    )
    families: tuple[Family, ...] = Field(
        default_factory=lambda fields: tuple(
            family for family in FAMILIES if not (_is_course(fields) and family in ("synth_lead", "vocal"))
        ),
        min_length=1,
        description="instrument families kept",
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        description="at most so many notes of a class from each part of the data set, always the same ones",
    )
    folds: int = Field(default=5, ge=2, le=100, description="cv: parts of the instruments")
    repeats: int = Field(default=1, ge=1, le=100, description="cv: how often instruments are divided, each time anew")
    train_groups: TrainGroups = None
    subset_seed: SubsetSeed = 1
    skip_damaged: bool = Field(default=False, description="leave damaged notes out and record them")
    sr: int = Field(default=16000, ge=4000, le=192000, description="sampling rate, Hz; other rates are converted")

    @field_validator("sources", "families")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, (*FAMILIES, *ORIGINS))

    @model_validator(mode="after")
    def _fits(self) -> NSynthSettings:
        if (self.protocol == "course") != (self.validation == "notes"):
            raise ValueError(
                f"validation: {self.validation} does not go with protocol: {self.protocol} "
                "(course: notes; official: instruments or official; cv: instruments)"
            )
        if self.protocol == "cv" and self.validation != "instruments":
            raise ValueError(f"validation: {self.validation} does not go with protocol: cv (cv: instruments)")
        refuse_other_protocols(self, {"folds": "cv", "repeats": "cv"})
        return self

    @property
    def rate(self) -> int:
        """Sampling rate of the official files, Hz."""
        return 16000

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows, so that folds may divide groups, too."""
        return self.protocol == "course"

    @property
    def several(self) -> bool:
        """Whether a test clip may have several labels."""
        return False

    @property
    def single_notes(self) -> bool:
        """Whether a clip is a note, which may be another one at another level."""
        return True

    @property
    def duration(self) -> float:
        """Length of a clip in seconds."""
        return 4.0

    @property
    def samples(self) -> int:
        """Length of a window in samples; a clip has one."""
        return round(self.duration * self.sr)

    @property
    def hop(self) -> float:
        """Seconds from one window to the next, of sounds longer than a clip, which has one."""
        return self.duration / 2

    @property
    def aggregate(self) -> Aggregate:
        """How the windows of a clip become one prediction; a clip has one."""
        return "mean"

    @property
    def threshold(self) -> None:
        """A clip has one label, the class with the largest score."""
        return None


class IRMASSettings(Section):
    """IRMAS: the predominant instruments of real music, eleven classes."""

    later: ClassVar[frozenset[str]] = frozenset({"repeats", "train_groups", "subset_seed"})

    name: Literal["irmas"] = "irmas"
    protocol: Literal["official", "single", "cv"] = Field(
        default="official",
        description="official: train on excerpts with one label, test on clips with several; single: test on those "
        "with exactly one; cv: folds of the training excerpts",
    )
    classes: tuple[Instrument, ...] = Field(
        default=INSTRUMENTS, min_length=1, description="instruments kept, before any are merged"
    )
    merge: dict[str, tuple[Instrument, ...]] = Field(
        default_factory=dict, description="instruments that become one class, as in {guitar: [gac, gel]}"
    )
    window: float = Field(default=3.0, ge=0.1, le=60, description="seconds that a network hears at once")
    hop: float = Field(default=1.5, ge=0.05, le=60, description="seconds from one window of a clip to the next")
    aggregate: Aggregate = Field(
        default="mean",
        description="windows to clip: mean, mean of logits, sum over windows divided by its largest class, or maximum",
    )
    threshold: Threshold = Field(
        default="validation",
        description="official: score from which a class counts as heard; validation: best for mixed validation "
        "excerpts; oracle: best for the test itself, with a warning",
    )
    folds: int = Field(default=5, ge=2, le=100, description="cv: parts of the training excerpts")
    repeats: int = Field(default=1, ge=1, le=100, description="cv: how often excerpts are divided, each time anew")
    grouped: bool = Field(default=True, description="cv: keep recordings in one fold; false shows what leakage buys")
    train_groups: TrainGroups = None
    subset_seed: SubsetSeed = 1
    skip_damaged: bool = Field(default=False, description="leave damaged clips out and record them")
    sr: int = Field(default=22050, ge=4000, le=192000, description="sampling rate, Hz; other rates are converted")

    @field_validator("classes")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(names, INSTRUMENTS)

    @field_validator("merge")
    @classmethod
    def _distinct(cls, merge: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for label, names in merge.items():
            if not label.isidentifier() or label in INSTRUMENTS or len(names) < 2:
                raise ValueError(f"a new name and at least two instruments are needed, found {label}: {list(names)}")
        each_once(tuple(name for names in merge.values() for name in names), INSTRUMENTS)
        return {label: each_once(merge[label], INSTRUMENTS) for label in sorted(merge)}

    @model_validator(mode="after")
    def _fits(self) -> IRMASSettings:
        refuse_other_protocols(self, {"threshold": "official", "folds": "cv", "repeats": "cv", "grouped": "cv"})
        lost = sorted({name for names in self.merge.values() for name in names} - set(self.classes))
        if lost:
            raise ValueError(f"merge names {', '.join(lost)}, which classes leaves out")
        if self.hop > self.window:
            raise ValueError(f"hop {self.hop:g} is longer than window {self.window:g}: sound between would be lost")
        return self

    @property
    def rate(self) -> int:
        """Sampling rate of the official files, Hz."""
        return 44100

    @property
    def known_groups(self) -> bool:
        """Whether the test is on new clips of groups that training knows."""
        return self.protocol == "cv" and not self.grouped

    @property
    def several(self) -> bool:
        """Whether a test clip may have several labels."""
        return self.protocol == "official"

    @property
    def single_notes(self) -> bool:
        """Whether a clip is a note, which may be another one at another level."""
        return False

    @property
    def samples(self) -> int:
        """Length of a window in samples."""
        return round(self.window * self.sr)


DatasetSettings = NSynthSettings | IRMASSettings | FolderSettings | TableSettings
DATASETS: dict[str, type[DatasetSettings]] = {
    "nsynth": NSynthSettings,
    "irmas": IRMASSettings,
    "folder": FolderSettings,
    "table": TableSettings,
}
