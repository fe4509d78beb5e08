"""Plots of a stress test: each distortion from clips as they are to the most severe level, and what breaks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fusion.evaluation.metric import metric_label
from fusion.report.plots import BLUE, GREY, ORANGE, new_figure
from fusion.report.stress_sentences import by_weakness, depth, point_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 5
_COLOURS = (BLUE, ORANGE)


def plot_stress(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Plot the figure of each level with its 95 % interval, and chance: all distortions, for a file.

    Parameters
    ----------
    results : sequence of dict
        The content of stress.json of one result, or of two on the same clips.
    """
    kinds = results[0]["distortions"]
    columns = min(_COLUMNS, len(kinds))
    rows = -(-len(kinds) // columns)
    figure, grid = new_figure(0.8 + 2.6 * columns, 0.7 + 2.2 * rows, columns, rows, squeeze=False, sharey=True)
    cells = list(grid.flat)
    for cell in cells[len(kinds) :]:
        cell.set_axis_off()
    for number, cell in enumerate(cells[: len(kinds)]):
        _levels(cell, results, number)
        cell.set_title(_title(results, number), fontsize=9)
    label = metric_label(results[0]["metric"])
    for row in grid:
        row[0].set_ylabel(label, fontsize=8)
    _series(cells[0], results)
    cells[0].plot([], [], ":", color=GREY, label="chance")
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=len(results) + 1)
    return figure


def plot_kind(results: Sequence[Mapping[str, Any]], number: int) -> Figure:
    """Plot one distortion alone, for a page: all of them from the same floor, as `plot_stress` has them."""
    figure, axes = new_figure(3.4, 2.3)
    figure.set_layout_engine(None)  # it would draw all once more, and they are all alike
    axes.set_position((0.16, 0.2, 0.82, 0.76))
    _levels(axes, results, number)
    rows = [row for result in results for kind in result["distortions"] for row in (result["clean"], *kind["levels"])]
    ends = [row[key] for row in rows for key in ("mean", "low", "high") if row[key] is not None]
    least, most = min(*ends, results[0]["chance"]), max(ends)
    margin = 0.04 * (most - least) or 0.01
    axes.set_ylim(least - margin, most + margin)
    axes.set_ylabel(metric_label(results[0]["metric"]), fontsize=8)
    return figure


def plot_breaks(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Plot where each distortion costs a tenth and a half of the advantage over chance, what breaks first on top."""
    kinds = results[0]["distortions"]
    order = by_weakness(kinds)
    figure, axes = new_figure(7.5, 1.2 + 0.33 * len(kinds))
    for place, number in enumerate(order):
        for which, (result, colour) in enumerate(zip(results, _COLOURS, strict=False)):
            beside = place + 0.26 * (which - (len(results) - 1) / 2)
            _breaks(axes, result["distortions"][number], beside, colour)
    axes.plot([], [], "o", color=GREY, ms=6, label="a half is lost, 95 % interval")
    axes.plot([], [], "o", color=GREY, mfc="none", ms=5, label="a tenth is lost")
    axes.plot([], [], ">", color=GREY, ms=6, label="not by the most severe level")
    if len(results) > 1:
        _series(axes, results)
    axes.set_yticks(range(len(order)), [_where(kinds[number], len(results)) for number in order])
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, 1.06)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["as it is", "", "halfway", "", "most severe"])
    axes.grid(axis="x", alpha=0.25)
    figure.legend(frameon=False, fontsize=8, loc="outside upper left", ncols=3)
    return figure


def _breaks(axes: Axes, kind: Mapping[str, Any], place: float, colour: str) -> None:
    tenth, half = (depth(kind, kind[share]) for share in ("tenth", "half"))
    if all(row["lost"] is None for row in kind["levels"]):
        return  # nothing is known
    if half is None:
        axes.plot(1.03, place, ">", color=colour, ms=6)
    else:
        axes.plot(half, place, "o", color=colour, ms=6, zorder=3)
    if kind["half"].get("earliest"):
        ends = [depth(kind, kind["half"][end]) for end in ("earliest", "latest")]
        if ends[0] is not None:
            axes.plot([ends[0], 1.03 if ends[1] is None else ends[1]], [place] * 2, color=colour, lw=1.5)
    if tenth is not None:
        axes.plot(tenth, place, "o", color=colour, mfc="none", ms=5)


def _where(kind: Mapping[str, Any], results: int) -> str:
    return f"{kind['name']}: {point_text(kind, kind['half'])}" if results == 1 else str(kind["name"])


def _levels(axes: Axes, results: Sequence[Mapping[str, Any]], number: int) -> None:
    """Draw one distortion of all results."""
    for place, (result, colour) in enumerate(zip(results, _COLOURS, strict=False)):
        _draw(axes, result, result["distortions"][number], colour, 0.12 * place)
    kind = results[0]["distortions"][number]
    levels = kind["levels"]
    axes.set_xticks(range(len(levels) + 1), ["none", *(f"{row['level']:g}" for row in levels)], fontsize=7)
    axes.set_xlabel(kind["unit"], fontsize=8)
    axes.axhline(results[0]["chance"], color=GREY, ls=":", lw=1)
    axes.grid(alpha=0.25)


def _series(axes: Axes, results: Sequence[Mapping[str, Any]]) -> None:
    """Name each result in the legend."""
    for result, colour in zip(results, _COLOURS, strict=False):
        axes.plot([], [], "o-", ms=3, color=colour, label=f"{result['experiment']} {result['digest']}")


def _draw(axes: Axes, result: Mapping[str, Any], kind: Mapping[str, Any], colour: str, aside: float) -> None:
    points = [(0, result["clean"]), *((step + 1, row) for step, row in enumerate(kind["levels"]))]
    known = [(step + aside, row) for step, row in points if row["mean"] is not None]
    for place, row in known:
        if row["low"] is not None:
            axes.plot([place] * 2, [row["low"], row["high"]], color=colour, lw=1.2, solid_capstyle="butt")
    axes.plot([place for place, _ in known], [row["mean"] for _, row in known], "o-", ms=3, lw=1, color=colour)


def _title(results: Sequence[Mapping[str, Any]], number: int) -> str:
    """Return the distortion's name, with a mark where the network was trained with it."""
    trained = any(result["distortions"][number]["trained"] for result in results)
    return f"{results[0]['distortions'][number]['name']}{' (trained with)' if trained else ''}"
