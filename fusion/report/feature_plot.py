"""The plot of a feature under the waveform that it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.report.plots import BLUE, GREY, SERIES, new_figure
from fusion.sound.clip import Clip

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LINES = 6  # more columns are an image
_MOST_NAMES = 40  # rows that can be named beside an image


def plot_series(
    clip: Clip,
    values: NDArray[np.float32],
    step: float,
    names: Sequence[str],
    title: str,
    active: NDArray[np.bool_] | None = None,
) -> Figure:
    """Plot a series over time: few columns as lines, many as an image.

    Parameters
    ----------
    clip : Clip
    values : (frames, dims)
    step : float, s
        From one frame to the next; the first is centred on the clip's beginning.
    names : sequence of str
        Of the columns, with their units, or none. Named rows of an image have a range each, unnamed ones share one.
    title : str
    active : (frames,) bool, optional
        Frames that count; the others are shaded.
    """
    names = list(names)
    image, named = values.shape[1] > _MOST_LINES, 0 < len(names) <= _MOST_NAMES
    height = 0.17 * len(names) if image and named else 3.0
    figure, (above, below) = new_figure(
        9, 1.6 + max(height, 2.4), rows=2, sharex=True, gridspec_kw={"height_ratios": [1.1, max(height, 2.4)]}
    )
    _draw_waveform(above, clip, title)
    times = np.arange(len(values)) * step
    if image:
        edges = (np.arange(len(values) + 1) - 0.5) * step
        _draw_image(figure, below, values, edges, names if named else [])
    else:
        for number, column in enumerate(values.T):
            label = names[number] if names else f"column {number}"
            below.plot(times, column, ".-", ms=3, lw=1, color=SERIES[number], label=label)
        if len(values.T) > 1:
            below.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
        elif names:
            below.set_ylabel(names[0])
        below.grid(alpha=0.25)
    if active is not None and not active.all():
        quiet = [(time - step / 2, step) for time in times[~active]]
        for axes in (above, below):
            axes.broken_barh(quiet, (0, 1), transform=axes.get_xaxis_transform(), color=GREY, alpha=0.3, lw=0, zorder=3)
        above.set_title("grey: left out of statistics", fontsize=8, loc="right", color=GREY)
    below.set_xlabel("time (s)")
    below.set_xlim(0, max(clip.duration, step / 2))
    return figure


def plot_vector(clip: Clip, values: NDArray[np.float32], names: Sequence[str], title: str) -> Figure:
    """Plot the waveform above the values of a clip: as text where they have names, else as bars.

    Parameters
    ----------
    clip : Clip
    values : (dims,)
    names : sequence of str
        With units, or none.
    title : str
    """
    named = 0 < len(names) <= _MOST_NAMES
    height = 0.25 * len(names) if named else 2.4
    figure, (above, below) = new_figure(9, 2.2 + height, rows=2, gridspec_kw={"height_ratios": [1.3, height]})
    _draw_waveform(above, clip, title)
    above.set_xlabel("time (s)")
    above.set_xlim(0, clip.duration)
    if named:
        below.axis("off")
        for row, (name, value) in enumerate(zip(names, values, strict=True)):
            place = 1 - (row + 0.5) / len(names)
            below.text(0.44, place, name, ha="right", va="center", transform=below.transAxes)
            below.text(0.47, place, f"{value:.4g}", weight="bold", va="center", transform=below.transAxes)
    else:
        below.bar(np.arange(len(values)), values, color=BLUE)
        below.set_xlabel("dimension")
        below.grid(alpha=0.25)
    return figure


def _draw_waveform(axes: Axes, clip: Clip, title: str) -> None:
    axes.plot(np.arange(clip.y.size) / clip.sr, clip.y, color=BLUE, lw=0.4, rasterized=True)
    axes.set_ylabel("amplitude")
    axes.set_title(title, fontsize=10, loc="left")


def _draw_image(figure: Figure, axes: Axes, values: NDArray[np.float32], edges: Any, names: list[str]) -> None:
    shown = values
    if names:
        low, high = values.min(axis=0), values.max(axis=0)
        shown = (values - low) / np.where(high > low, high - low, 1)
        labels = [f"{name}  {a:.3g} to {b:.3g}" for name, a, b in zip(names, low, high, strict=True)]
        axes.invert_yaxis()
        axes.set_yticks(np.arange(len(names)), labels, fontsize=7)
        axes.set_ylabel("each row from its lowest (dark) to its highest")
    else:
        axes.set_ylabel("column")
    # the zeroth MFCC and its like must not leave one colour to all others
    ends = (0.0, 1.0) if names else np.percentile(values, [5, 95])
    rows = np.arange(values.shape[1] + 1) - 0.5
    mesh = axes.pcolormesh(edges, rows, shown.T, cmap="magma", vmin=ends[0], vmax=ends[1], rasterized=True)
    if not names:
        figure.colorbar(mesh, ax=axes, label="value (5 % lie beyond either end)", extend="both", pad=0.01)
