"""Which clips a result's networks confuse: those of each cell of the confusion matrix, and the surest mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.runtime.tables import read_table

_LISTED = 40  # clips of a cell
_MISTAKES = 12
_OF_A_CELL = 2  # of these mistakes, and of clips to listen to
_PAIRS = 10
_HEARD = 30  # clips whose sound a page has, which is 40 kB each

OUTCOMES = ("right", "missed", "heard wrongly")
"""Columns of the matrix where clips have several labels."""


@dataclass(frozen=True)
class Cell:
    """Clips with one outcome.

    Attributes
    ----------
    row, column : str
        The true class and the predicted one, or a class and one of `OUTCOMES`.
    right : bool
    clips : (n,) int
        Rows of the table of clips, the surest mistake first; where the outcome is right, the least sure one first.
    seeds : (n,) float
        Share of the predictions of each that have this outcome.
    scores : (n,) float
        Of the class that is predicted (or missed), mean over those predictions.
    count : float
        Clips, mean over seeds.
    """

    row: str
    column: str
    right: bool
    clips: NDArray[np.int64]
    seeds: NDArray[np.float64]
    scores: NDArray[np.float64]
    count: float


@dataclass(frozen=True)
class Clips:
    """The test clips of a result, and what becomes of them.

    Attributes
    ----------
    names, groups : list of str
    classes : list of str
    predictions : int
        Of each clip, by seeds and repeats.
    cells : dict of (str, str) to Cell
    several : bool
        Whether clips may have several labels.
    """

    names: list[str]
    groups: list[str]
    classes: list[str]
    predictions: int
    cells: dict[tuple[str, str], Cell]
    several: bool

    @property
    def columns(self) -> list[str]:
        """The columns of the matrix."""
        return list(OUTCOMES) if self.several else self.classes

    def confused(self) -> list[Cell]:
        """Return the most frequent mistakes, the most frequent one first."""
        wrong = [cell for cell in self.cells.values() if not cell.right and cell.count >= 0.5]
        return sorted(wrong, key=lambda cell: -cell.count)[:_PAIRS]

    def mistakes(self) -> list[tuple[Cell, int]]:
        """Return the surest mistakes that most seeds make, of no cell more than a few: the cell and its clip's place.

        A class that is missed has no score to be sure of.
        """
        wrong = [cell for cell in self.cells.values() if not cell.right and cell.column != "missed"]
        most = [(cell, place) for cell in wrong for place in np.flatnonzero(cell.seeds > 0.5)[:_OF_A_CELL].tolist()]
        return sorted(most, key=lambda pair: -pair[0].scores[pair[1]])[:_MISTAKES]

    def to_hear(self) -> list[int]:
        """Return clips worth listening to: the surest mistakes, some of each confused pair, the least sure others."""
        chosen = [int(cell.clips[place]) for cell, place in self.mistakes()]
        chosen += [int(clip) for cell in self.confused() for clip in cell.clips[:_OF_A_CELL]]
        chosen += [int(cell.clips[0]) for cell in self.cells.values() if cell.right]
        return list(dict.fromkeys(chosen))[:_HEARD]

    def as_data(self) -> dict[str, Any]:
        """Return what the page's script needs: ``clips`` {number: [name, group]} and ``cells`` by row and column."""
        cells: dict[str, dict[str, Any]] = {}
        used: set[int] = set()
        for (row, column), cell in self.cells.items():
            rest = len(cell.clips) - _LISTED
            order = "least" if cell.right else "most"
            note = f"{len(cell.clips)} clips, by at least one prediction; the {order} sure first"
            listed = cell.clips[:_LISTED].tolist()
            used.update(listed)
            cells[f"{self.classes.index(row)}-{self.columns.index(column)}"] = {
                "title": self.title(cell),
                "note": note + (f". {rest} more are in predictions.csv." if rest > 0 else "."),
                "clips": [[clip, self.said(cell, place)] for place, clip in enumerate(listed)],
            }
        return {"cells": cells, "clips": {clip: [self.names[clip], self.groups[clip]] for clip in sorted(used)}}

    def title(self, cell: Cell) -> str:
        """Return what has happened to the clips of a cell, in words."""
        if self.several:
            return f"{cell.row}: {cell.column}"
        return f"{cell.row}, recognised" if cell.right else f"{cell.row} taken for {cell.column}"

    def said(self, cell: Cell, place: int) -> str:
        """Return how sure the networks are of a clip of a cell."""
        times = round(cell.seeds[place] * self.predictions)
        often = "" if self.predictions == 1 else f" in {times} of {self.predictions} predictions"
        return f"score {cell.scores[place]:.2f}{often}"


def read_clips(path: Path, classes: list[str], several: bool) -> Clips | None:
    """Return the clips of a predictions.csv; None where there is none.

    Parameters
    ----------
    path : Path
    classes : list of str
    several : bool
        Whether clips may have several labels.
    """
    if not path.is_file():
        return None
    table = read_table(path).sort_values("clip", kind="stable")
    names = table["clip"].unique().tolist()
    times = len(table) // len(names)
    first = table.iloc[::times]
    scores = table[classes].to_numpy(float).reshape(len(names), times, -1)
    true = _indicators(first["true"], classes)
    said = _indicators(table["predicted"], classes).reshape(scores.shape)
    found = _of_several(classes, true, said, scores) if several else _of_one(classes, true, said, scores)
    cells = {(cell.row, cell.column): cell for cell in found}
    return Clips(names, first["group"].tolist(), classes, times, cells, several)


def _indicators(labels: pd.Series, classes: list[str]) -> NDArray[np.bool_]:
    """Return which classes each text names, ``(texts, classes)``."""
    named = labels.str.get_dummies(";").reindex(columns=classes, fill_value=0)
    return named.to_numpy(dtype=bool)


def _of_one(
    classes: list[str], true: NDArray[np.bool_], said: NDArray[np.bool_], scores: NDArray[np.float64]
) -> Iterator[Cell]:
    """Yield the cells of a confusion matrix that have clips."""
    for row, label in enumerate(classes):
        own = np.flatnonzero(true[:, row])
        for column, other in enumerate(classes):
            cell = _cell(label, other, row == column, own, said[own, :, column], scores[own, :, column])
            if cell is not None:
                yield cell


def _of_several(
    classes: list[str], true: NDArray[np.bool_], said: NDArray[np.bool_], scores: NDArray[np.float64]
) -> Iterator[Cell]:
    """Yield what is right, missed and heard wrongly of each class."""
    for row, label in enumerate(classes):
        for outcome, rows, heard in zip(OUTCOMES, (true, true, ~true), (True, False, True), strict=True):
            own = np.flatnonzero(rows[:, row])
            chosen = said[own, :, row] == heard
            cell = _cell(label, outcome, outcome == "right", own, chosen, scores[own, :, row])
            if cell is not None:
                yield cell


def _cell(
    row: str,
    column: str,
    right: bool,
    clips: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    scores: NDArray[np.float64],
) -> Cell | None:
    """Return a cell of those clips that have it in some predictions, ``(clips, predictions)``; None if none has."""
    some = chosen.any(axis=1)
    if not some.any():
        return None
    means = np.where(chosen, scores, 0).sum(axis=1)[some] / chosen.sum(axis=1)[some]
    seeds = chosen.mean(axis=1)[some]
    ascending = right or column == "missed"
    order = np.lexsort((means if ascending else -means, -seeds if not right else np.zeros(len(seeds))))
    count = float(chosen.mean(axis=1).sum())
    return Cell(row, column, right, clips[some][order], seeds[order], means[order], count)
