"""Settings of sounds of your own that a table lists."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from fusion.settings.own_sounds import OwnSettings
from fusion.settings.protocols import Threshold, refuse_other_protocols

Column = Literal["path", "label", "group", "split", "start", "duration"]


class TableSettings(OwnSettings):
    """Sounds of your own that a table lists, a row for each clip: a file below ``--data DIR``."""

    name: Literal["table"] = "table"
    file: str = Field(
        default="manifest.csv",
        min_length=1,
        description="CSV, TSV or Parquet file in the data set's folder; columns path and label, and maybe group, "
        "split, start and duration (seconds); paths are relative to it",
    )
    columns: dict[Column, str | None] = Field(
        default_factory=dict,
        description="other names of these columns, as in {label: instrument}; null: a column is not used",
    )
    several: bool = Field(
        default=False,
        description="given: test clips may have several labels, as in oboe;flute; training and validation clips have "
        "one",
    )
    threshold: Threshold = Field(
        default="validation",
        description="several: score from which a class counts as heard; validation: best for mixed validation clips; "
        "oracle: best for the test itself, with a warning",
    )

    @field_validator("columns")
    @classmethod
    def _needed(cls, columns: dict[Column, str | None]) -> dict[Column, str | None]:
        if None in (columns.get("path", ""), columns.get("label", "")):
            raise ValueError("path and label cannot be null")
        return {name: columns[name] for name in sorted(columns)}

    @model_validator(mode="after")
    def _labels_fit(self) -> TableSettings:
        refuse_other_protocols(self, {"several": "given"})
        if self.threshold != "validation" and not self.several:
            raise ValueError("threshold is for several: true")
        return self
