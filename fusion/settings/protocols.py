"""What settings of data sets have in common: fewer training groups, and settings that are for one protocol alone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field


def _share(threshold: float | str) -> float | str:
    if isinstance(threshold, float) and not 0 < threshold < 1:
        raise ValueError(f"a threshold lies between 0 and 1, found {threshold:g}")
    return threshold


Threshold = Annotated[float | Literal["validation", "oracle"], AfterValidator(_share)]
TrainGroups = Annotated[int | None, Field(ge=1, description="train on so many groups at most, with all classes")]
SubsetSeed = Annotated[int, Field(ge=0, description="which groups these are; fewer of one seed are among more")]


def refuse_other_protocols(settings: Any, needs: dict[str, str]) -> None:
    """Raise a ValueError for a setting that was changed and is for another protocol."""
    for name, protocol in needs.items():
        if getattr(settings, name) != type(settings).model_fields[name].default and settings.protocol != protocol:
            raise ValueError(f"{name} is for protocol: {protocol}, this is {settings.protocol}")
