"""What all plots have in common: size, colours, how they are saved.

A plot is returned as matplotlib's `Figure`; code calls nothing else a figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.runtime.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#2c5f8a", "#d1691e", "#777777"


def new_figure(width: float, height: float, columns: int = 1) -> tuple[Figure, Any]:
    """Return an empty figure of this size in inches, drawn without a display, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def interactive_axes() -> Axes:
    """Return new axes that a notebook or a window shows, as pyplot makes them."""
    from matplotlib import pyplot

    return pyplot.figure(layout="constrained").subplots()


def save(figure: Figure, path: Path) -> None:
    """Write a PNG or PDF, by its suffix, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software" if path.suffix == ".png" else "Creator": "fusion"})
