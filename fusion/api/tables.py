"""What comes out of several results at once: a table, and everything that its JSON file holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from fusion.report.study_tables import arms_table
from fusion.report.wording import arm_label


@dataclass(frozen=True)
class Table:
    """The outcome of a study, an ablation, a curve, a search or a comparison; a notebook shows its table.

    Attributes
    ----------
    folder : Path or None
        Where files about it were written.
    content : dict
        All of it, as its JSON file has it.
    """

    folder: Path | None
    content: dict[str, Any]
    rows: pd.DataFrame = field(repr=False)

    def table(self) -> pd.DataFrame:
        """Return the table: one row an arm, a point, a trial or a metric."""
        return self.rows.copy()

    def __str__(self) -> str:
        return str(self.rows.to_string(index=False))

    def _repr_html_(self) -> str:
        return str(self.rows.to_html(index=False))


def study_rows(content: dict[str, Any]) -> pd.DataFrame:
    """Return one row an arm of a study."""
    header, rows = arms_table(content)
    return pd.DataFrame(rows, columns=header)


def ablation_rows(content: dict[str, Any]) -> pd.DataFrame:
    """Return one row an arm of an ablation, the best first."""
    kept = ("mean", "std", "low", "high", "digest")
    rows = [
        {"features": arm_label(content, arm["features"]), **{key: arm[key] for key in kept}} for arm in content["arms"]
    ]
    return pd.DataFrame(rows).sort_values("mean", ascending=False, ignore_index=True)


def curve_rows(content: dict[str, Any]) -> pd.DataFrame:
    """Return one row a point of a learning curve, the fewest groups first."""
    kept = ("groups", "clips", "mean", "std", "low", "high", "digest")
    points = [(arm["name"], point) for arm in content["arms"] for point in arm["points"]]
    return pd.DataFrame([{"arm": name, **{key: point[key] for key in kept}} for name, point in points])


def trial_rows(content: dict[str, Any]) -> pd.DataFrame:
    """Return one row a trial of a search."""
    kept = ("score", "status", "seconds")
    rows = [
        {"trial": trial["number"], **{key: trial[key] for key in kept}, **trial["values"]}
        for trial in content["trials"]
    ]
    return pd.DataFrame(rows)


def comparison_rows(content: dict[str, Any]) -> pd.DataFrame:
    """Return one row a metric of two results."""
    names = [name for name, value in content.items() if isinstance(value, dict) and "difference" in value]
    return pd.DataFrame([{"metric": name, **content[name]} for name in names])
