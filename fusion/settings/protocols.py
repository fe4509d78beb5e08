"""What settings of data sets have in common: their types, and that some are for one protocol alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from fusion.evaluation.aggregate import Aggregate


def _share(threshold: float | str) -> float | str:
    if isinstance(threshold, float) and not 0 < threshold < 1:
        raise ValueError(f"a threshold lies between 0 and 1, found {threshold:g}")
    return threshold


Threshold = Annotated[float | Literal["validation", "oracle"], AfterValidator(_share)]
Window = Annotated[float, Field(ge=0.1, le=60, description="seconds that a network hears at once")]
Hop = Annotated[float, Field(ge=0.05, le=60, description="seconds from one window of a clip to the next")]
WindowsToClip = Annotated[
    Aggregate,
    Field(
        description="windows to clip: mean, mean of logits, sum over windows divided by its largest class, or maximum"
    ),
]
Folds = Annotated[int, Field(ge=2, le=100)]
Repeats = Annotated[int, Field(ge=1, le=100)]
Rate = Annotated[int, Field(ge=4000, le=192000, description="sampling rate, Hz; other rates are converted")]
TrainGroups = Annotated[int | None, Field(ge=1, description="train on so many groups at most, with all classes")]
SubsetSeed = Annotated[int, Field(ge=0, description="which groups these are; fewer of one seed are among more")]


def refuse_other_protocols(settings: Any, needs: dict[str, str]) -> None:
    """Raise a ValueError for a setting that was changed and is for another protocol."""
    for name, protocol in needs.items():
        if getattr(settings, name) != type(settings).model_fields[name].default and settings.protocol != protocol:
            raise ValueError(f"{name} is for protocol: {protocol}, this is {settings.protocol}")


def refuse_gaps(window: float, hop: float) -> None:
    """Raise a ValueError if windows leave sound out."""
    if hop > window:
        raise ValueError(f"hop {hop:g} is longer than window {window:g}: sound between would be lost")
