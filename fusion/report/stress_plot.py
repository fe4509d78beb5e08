"""The plot of a stress test: a small one for each distortion, from clips as they are to the most severe level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.evaluation.metric import metric_label
from fusion.report.plots import BLUE, GREY, ORANGE, new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 5
_COLOURS = (BLUE, ORANGE)


def write(path: Path, results: Sequence[Mapping[str, Any]]) -> None:
    """Write the plot of one result, or of two on the same clips."""
    save(plot_stress(results), path)


def plot_stress(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Plot the figure of each level with its 95 % interval, and chance.

    Parameters
    ----------
    results : sequence of dict
        The content of stress.json of one result, or of two.
    """
    kinds = results[0]["distortions"]
    columns = min(_COLUMNS, len(kinds))
    rows = -(-len(kinds) // columns)
    figure, grid = new_figure(0.8 + 2.6 * columns, 0.7 + 2.2 * rows, columns, rows, squeeze=False, sharey=True)
    cells = list(grid.flat)
    for cell in cells[len(kinds) :]:
        cell.set_axis_off()
    for number, cell in enumerate(cells[: len(kinds)]):
        for place, (result, colour) in enumerate(zip(results, _COLOURS, strict=False)):
            _draw(cell, result, result["distortions"][number], colour, 0.12 * place)
        levels = kinds[number]["levels"]
        cell.set_title(_title(kinds[number], results, number), fontsize=9)
        cell.set_xticks(range(len(levels) + 1), ["none", *(f"{row['level']:g}" for row in levels)], fontsize=7)
        cell.set_xlabel(kinds[number]["unit"], fontsize=8)
        cell.axhline(results[0]["chance"], color=GREY, ls=":", lw=1)
        cell.grid(alpha=0.25)
    label = metric_label(results[0]["metric"])
    for row in grid:
        row[0].set_ylabel(label, fontsize=8)
    for result, colour in zip(results, _COLOURS, strict=False):
        cells[0].plot([], [], "o-", ms=3, color=colour, label=f"{result['experiment']} {result['digest']}")
    cells[0].plot([], [], ":", color=GREY, label="chance")
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=len(results) + 1)
    return figure


def _draw(axes: Axes, result: Mapping[str, Any], kind: Mapping[str, Any], colour: str, aside: float) -> None:
    points = [(0, result["clean"]), *((step + 1, row) for step, row in enumerate(kind["levels"]))]
    known = [(step + aside, row) for step, row in points if row["mean"] is not None]
    for place, row in known:
        if row["low"] is not None:
            axes.plot([place] * 2, [row["low"], row["high"]], color=colour, lw=1.2, solid_capstyle="butt")
    axes.plot([place for place, _ in known], [row["mean"] for _, row in known], "o-", ms=3, lw=1, color=colour)


def _title(kind: Mapping[str, Any], results: Sequence[Mapping[str, Any]], number: int) -> str:
    """Return the distortion's name, with a mark where the network was trained with it."""
    trained = any(result["distortions"][number]["trained"] for result in results)
    return f"{kind['name']}{' (trained with)' if trained else ''}"
