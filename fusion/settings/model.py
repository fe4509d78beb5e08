"""The ``model`` section: one class a preset, every key with its type, range and default.

To add a setting, add a field here; to add a model preset, add a class and list it at the end.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from fusion.settings.messages import not_one_of
from fusion.settings.section import Section


class Network(Section):
    """What all networks have."""

    later: ClassVar[frozenset[str]] = frozenset({"activation"})

    activation: Literal["softmax", "sigmoid"] = Field(
        default="softmax",
        description="of the last layer: shares of one whole, or a probability of its own for each class",
    )


class FusionModel(Network):
    """A convolutional branch for each sequence, one dense branch for all vectors, fused."""

    later: ClassVar[frozenset[str]] = Network.later | {"sequences", "join", "time_pooling"}

    preset: Literal["fusion"] = "fusion"
    fusion: str = Field(
        default="concat",
        description="how branches are joined: concat, gated, late, cross_attention, gated_residual, or a plug-in of "
        "this name",
    )
    sequences: Literal["convolved", "pooled", "both"] = Field(
        default="convolved",
        description="how a sequence enters: through convolutions, by statistics over time among the vectors, or both",
    )
    join: Literal["pooled", "frames"] = Field(
        default="pooled",
        description="what is joined: a branch for each sequence after it is pooled over time, or frame by frame all "
        "sequences, and the vectors repeated, for one convolutional branch",
    )
    time_pooling: Literal["statistics", "attention"] = Field(
        default="statistics",
        description="how frames weigh in mean and deviation of what convolutions give: alike, or by learnt attention",
    )
    conv_filters: tuple[int, ...] = Field(
        default=(48, 64, 96), min_length=1, max_length=8, description="filters of each convolution over time"
    )
    dense_units: tuple[int, ...] = Field(
        default=(64, 64), min_length=1, max_length=8, description="units of each layer of the dense branch"
    )
    embedding: int = Field(default=64, ge=1, le=4096, description="size of each branch's vector")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="share of units dropped in training")
    auxiliary: float = Field(
        default=0.0, ge=0, le=100, description="weight of a loss for each branch on its own, in training; 0: none"
    )
    branch_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of clips that lose a branch in training, never all of them",
    )
    time_masking: float = Field(
        default=0.0, ge=0, lt=1, description="longest span of frames masked in training, as a share of a sequence"
    )
    frequency_masking: float = Field(
        default=0.0, ge=0, lt=1, description="widest band of dimensions masked in training, as a share of all"
    )
    noise: float = Field(
        default=0.0, ge=0, le=10, description="noise on vectors in training, in standard deviations of each dimension"
    )

    @field_validator("fusion")
    @classmethod
    def _known(cls, name: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get("fusions")  # nothing is known where a plug-in folder is wrong
        if known and name not in known:
            raise ValueError(not_one_of(name, known))
        return name

    @model_validator(mode="after")
    def _sizes(self) -> FusionModel:
        for name in ("conv_filters", "dense_units"):
            sizes = getattr(self, name)
            if not all(1 <= size <= 4096 for size in sizes):
                raise ValueError(f"{name}: sizes go from 1 to 4096, found {list(sizes)}")
        return self

    def misfit(self, shapes: dict[str, tuple[int, ...]]) -> str:
        """Return why this model cannot take features of these shapes, or an empty string."""
        if not shapes:
            return "no features"
        if self.join == "pooled":
            return ""
        if self.sequences == "pooled":
            return (
                "join: frames is for a convolutional branch, and sequences: pooled has none; write sequences: both or "
                "convolved, or join: pooled"
            )
        sequences = {name: shape for name, shape in shapes.items() if len(shape) == 2}
        if not sequences:
            found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            return (
                f"join: frames takes at least one feature of shape (frames, dims), found {found}; add one, give a "
                "feature statistics: null where it has that, or write join: pooled"
            )
        (first, (frames, _)), *others = sequences.items()
        for name, shape in others:
            if shape[0] != frames:
                return (
                    f"join: frames takes sequences with the same number of frames, found {first} with {frames} and "
                    f"{name} with {shape[0]}; give both the same hop_length, or write join: pooled"
                )
        return ""

    def loses_branches(self, shapes: dict[str, tuple[int, ...]]) -> bool:
        """Whether clips lose branches in training: one that is alone is never lost."""
        sequences = sum(len(shape) == 2 for shape in shapes.values())
        joined = self.join == "frames"
        convolutional = 0 if self.sequences == "pooled" else min(sequences, 1) if joined else sequences
        dense = self.sequences != "convolved" or (sequences < len(shapes) and not joined)
        return self.branch_dropout > 0 and convolutional + dense > 1


class CourseModel(Network):
    """The course project's network; its layers are fixed."""

    preset: Literal["course"] = "course"

    def misfit(self, shapes: dict[str, tuple[int, ...]]) -> str:
        """Return why this model cannot take features of these shapes, or an empty string."""
        images = [name for name, shape in shapes.items() if len(shape) == 2]
        if len(shapes) != 1 or not images:
            return f"preset: course takes one feature of shape (frames, dims), found {', '.join(shapes)}"
        return _too_small("course", shapes[images[0]])


class NaiveModel(Network):
    """The course project's layers with unscaled vectors beside them: the fusion that never converged."""

    preset: Literal["naive"] = "naive"

    def misfit(self, shapes: dict[str, tuple[int, ...]]) -> str:
        """Return why this model cannot take features of these shapes, or an empty string."""
        images = [name for name, shape in shapes.items() if len(shape) == 2]
        if len(images) != 1 or len(shapes) < 2:
            return (
                "preset: naive takes one feature of shape (frames, dims) and at least one of shape (dims,), "
                f"found {', '.join(f'{name} {shape}' for name, shape in shapes.items())}"
            )
        return _too_small("naive", shapes[images[0]])


def _too_small(preset: str, image: tuple[int, ...]) -> str:
    return "" if min(image) >= 5 else f"preset: {preset} needs at least 5 frames and 5 coefficients, found {min(image)}"


MODELS: dict[str, type[FusionModel] | type[CourseModel] | type[NaiveModel]] = {
    "fusion": FusionModel,
    "course": CourseModel,
    "naive": NaiveModel,
}

ModelSettings = FusionModel | CourseModel | NaiveModel
