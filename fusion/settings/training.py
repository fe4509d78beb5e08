"""The ``training`` section: every key with its type, range and default."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from fusion.settings.section import Section, each_once

# in the order in which a copy gets them
Distortion = Literal[
    "pitch",
    "stretch",
    "equalise",
    "narrow",
    "highpass",
    "cut",
    "reverb",
    "distance",
    "noise",
    "pink",
    "delay",
    "clip",
    "invert",
    "trailing",
    "resample",
    "mp3",
    "vorbis",
    "opus",
    "level",
]

DISTORTION_NAMES: tuple[Distortion, ...] = Distortion.__args__  # type: ignore[attr-defined]

DEFAULT_DISTORTIONS: tuple[Distortion, ...] = ("equalise", "narrow", "cut", "noise", "delay", "level")


class TrainingSettings(Section):
    """How a network is trained."""

    later: ClassVar[frozenset[str]] = frozenset({"mixes", "class_weights", "pretrain"})

    epochs: int = Field(default=50, ge=1, le=100_000, description="passes over the training clips, at most")
    batch_size: int = Field(default=32, ge=1, le=65536, description="clips a step")
    learning_rate: float = Field(default=2e-3, gt=0, le=10, description="Adam's step size at the start")
    schedule: Literal["cosine", "plateau", "constant"] = Field(
        default="cosine",
        description="learning rate: cosine to 0 over all epochs, halved on a plateau of validation loss, or constant",
    )
    patience: int | None = Field(
        default=25,
        ge=1,
        description="epochs without a better validation accuracy before stopping with the best weights; null: never, "
        "and validation clips train, too, where nothing else is chosen by them",
    )
    mixup: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="clips and labels are mixed in pairs, with shares from Beta(mixup, mixup); 0: not mixed",
    )
    copies: int = Field(
        default=0,
        ge=0,
        le=100,
        description="distorted copies of each training clip, extracted once; each epoch takes the clip or one of them",
    )
    distortions: tuple[Distortion, ...] = Field(
        default=DEFAULT_DISTORTIONS,
        min_length=1,
        description="what is done to copies: tilt, low-pass, a shorter note, noise, leading silence, another level; or "
        "others of those that `fusion stress` tests",
    )
    mixes: int = Field(
        default=0,
        ge=0,
        le=100,
        description="mixtures of each training clip with one or two of other classes, their sound added and their "
        "labels united, extracted once; each epoch takes the clip or one of them",
    )
    class_weights: bool = Field(default=False, description="weight clips so that every class counts alike in the loss")
    pretrain: str | None = Field(
        default=None,
        description="folder of another result, whose branches the networks start from; relative to where fusion runs",
    )
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="share of each label that is spread evenly over all classes"
    )
    weight_decay: float = Field(
        default=0.0, ge=0, le=1, description="share of each weight taken off a step, times the learning rate (AdamW)"
    )
    threads: int = Field(default=1, ge=1, le=1024, description="processor threads of each training")

    @field_validator("distortions")
    @classmethod
    def _each_once(cls, names: tuple[Distortion, ...]) -> tuple[Distortion, ...]:
        return each_once(names, DISTORTION_NAMES)
