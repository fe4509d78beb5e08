"""The ``search`` section: which settings are open, and how they are searched."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from fusion.errors import FusionError, did_you_mean
from fusion.settings.messages import explain
from fusion.settings.section import Section
from fusion.settings.strict_yaml import kind

_NEAR = 0.02  # of a range


class Choices(Section):
    """A list of values."""

    values: tuple[Any, ...]

    @model_validator(mode="after")
    def _different(self) -> Choices:
        if len(set(map(repr, self.values))) < max(2, len(self.values)):
            raise ValueError(f"a list needs at least two values, all different, found {list(self.values)}")
        return self

    @property
    def examples(self) -> tuple[Any, ...]:
        """Every value."""
        return self.values


class Range(Section):
    """A range of numbers: whole ones if both ends are, else real ones."""

    min: int | float
    max: int | float
    step: int | float | None = Field(default=None, gt=0)
    log: bool = False

    @model_validator(mode="after")
    def _sensible(self) -> Range:
        if not self.min < self.max:
            raise ValueError(f"min should be below max, found {self.min!r} and {self.max!r}")
        if self.log and self.step is not None:
            raise ValueError("step and log exclude each other")
        if self.log and self.min <= 0:
            raise ValueError(f"log needs a min above 0, found {self.min!r}")
        if self.step is not None and self.step > self.max - self.min:
            raise ValueError(f"step {self.step!r} is wider than the range from {self.min!r} to {self.max!r}")
        return self

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.min, int) and isinstance(self.max, int)

    @property
    def examples(self) -> tuple[int | float, ...]:
        """The ends."""
        return self.min, self.max

    def end_near(self, value: float) -> float | None:
        """Return the end that a value is at, or no farther from than a fiftieth of the range; else None."""
        low, high, here = (math.log(number) if self.log else number for number in (self.min, self.max, value))
        place = (here - low) / (high - low)
        return self.min if place <= _NEAR else self.max if place >= 1 - _NEAR else None


class SearchSettings(Section):
    """How ``fusion tune`` searches."""

    trials: int = Field(default=30, ge=1, le=100_000, description="combinations of settings that are tried")
    folds: int | None = Field(
        default=3, ge=2, le=1000, description="folds of the training clips; null: score on the validation clips"
    )
    tuner: Literal["bayesian", "random"] = Field(default="bayesian", description="KerasTuner's oracle")
    objective: Literal["accuracy", "macro_f1", "loss"] = Field(default="accuracy", description="what a trial scores")
    seed: int = Field(default=1, ge=1, lt=2**31, description="of the search, its folds and its trainings")
    space: dict[str, Any] = Field(
        min_length=1, description="open settings by dotted path: a list of choices or {min, max, step or log}"
    )


Space = dict[str, Choices | Range]


def _as_taken(values: Range, take: Callable[[Any], object]) -> Range:
    """Return a range with whole ends as one of real numbers, where the setting takes such."""
    try:
        take(values.min + 0.5)  # between the ends, since these are whole
    except (ValidationError, FusionError):
        if isinstance(values.step, float):
            raise FusionError(f"a range of whole numbers needs a whole step, found {values.step!r}") from None
        return values
    return values.model_copy(update={"min": float(values.min), "max": float(values.max)})


def read_space(
    written: Mapping[str, Any], takes: Mapping[str, Callable[[Any], object]]
) -> tuple[Space, list[tuple[str, str]]]:
    """Check a search space.

    Parameters
    ----------
    written : dict
        By dotted path: a list of choices, or a mapping that is a range.
    takes : dict of str to callable
        By the path of every setting that may be searched: raises unless the setting takes a value.

    Returns
    -------
    space : dict of str to Choices or Range
        Without what is wrong.
    mistakes : list of tuple of str
        Path and message.
    """
    space: Space = {}
    mistakes: list[tuple[str, str]] = []
    for path, values in written.items():
        if path not in takes:
            mistakes.append((path, f"no such setting to search{did_you_mean(path, takes)}"))
            continue
        try:
            if isinstance(values, list):
                space[path] = Choices(values=tuple(values))
            elif isinstance(values, dict):
                space[path] = Range.model_validate(values)
            else:
                mistakes.append((path, f"should be a list of choices or {{min, max}}, found {kind(values)}"))
                continue
            for value in space[path].examples:
                takes[path](value)
            opened = space[path]
            if isinstance(opened, Range) and opened.whole:
                space[path] = _as_taken(opened, takes[path])
        except ValidationError as error:
            details: list[dict[str, Any]] = [dict(detail) for detail in error.errors()]
            messages = dict.fromkeys(explain(detail, Range.model_fields, "part of a range") for detail in details)
            mistakes.append((path, "; ".join(messages)))
        except FusionError as error:
            mistakes.append((path, str(error)))
    return space, mistakes
