"""Sounds of your own that a table lists, a row for each clip.

| | |
|---|---|
| Table | CSV, TSV or Parquet; ``path``, ``label``, maybe ``group``, ``split``, ``start``, ``duration``, ``weight`` |
| Sound | any length, rate and number of channels; formats that libsndfile decodes |
| Classes | the labels |
| Groups | the column ``group``; without one, each file alone |

How its rows are read from a file stands in `table_rows`, what a row may hold in `rows`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator, model_validator

from fusion.datasets.dataset import Dataset
from fusion.datasets.table_rows import read_rows
from fusion.runtime.names import readable
from fusion.settings.protocols import Threshold, refuse_other_protocols

if TYPE_CHECKING:
    import pandas as pd

Column = Literal["path", "label", "group", "split", "start", "duration", "weight"]


class Table(Dataset):
    """Sounds of your own that a table lists, a row for each clip: a file below ``--data DIR``."""

    title = "a table of sounds of your own"
    splits_from = "a column split, which dataset.columns: {split: null} passes over"

    name: Literal["table"] = "table"
    file: str = Field(
        default="manifest.csv",
        min_length=1,
        description="CSV, TSV or Parquet file in the data set's folder; columns path and label, and maybe group, "
        "split, start and duration (seconds), weight (how much a clip counts in training); paths are relative to it",
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
    def _labels_fit(self) -> Table:
        refuse_other_protocols(self, {"several": "given"})
        if self.threshold != "validation" and not self.several:
            raise ValueError("threshold is for several: true")
        return self

    @property
    def several_labels(self) -> bool:
        """Whether a test clip may have several labels."""
        return self.several

    @property
    def decision(self) -> float | str | None:
        """Score from which a class counts as heard, or what chooses it."""
        return self.threshold

    def read(self, root: Path) -> pd.DataFrame:
        """Return the table's rows, their paths below the data set's folder."""
        import pandas as pd

        file = root / self.file
        names: dict[str, str | None] = {"path": "path", "label": "label"}
        rows, columns = read_rows(file, names | dict(self.columns.items()), root)
        table = pd.DataFrame([row.values for row in rows], columns=list(columns)).rename(columns={"label": "labels"})
        home, paths, mistakes = root.resolve(), [], []
        for row in rows:
            path, mistake = row.values["path"], ""
            if path and readable(path):  # else it is told with all that is wrong with rows
                real = (file.parent / path).resolve()
                if real.is_relative_to(home):
                    path = real.relative_to(home).as_posix()
                else:  # by a link, too
                    mistake = f"path: {path} lies outside the data set's folder {root}"
            paths.append(path)
            mistakes.append(mistake)
        return table.assign(path=paths, mistake=mistakes, where=[row.where for row in rows])
