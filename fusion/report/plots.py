"""What all plots have in common: size, colours, how they are saved.

A plot is returned as matplotlib's `Figure`; code calls nothing else a figure.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.errors import FusionError
from fusion.runtime.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#2c5f8a", "#d1691e", "#777777"

_MARKS = (b"Software\x00fusion", b"/Creator (fusion)")  # of what `save` writes, in a PNG and in a PDF


def new_figure(width: float, height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return an empty figure of this size in inches, drawn without a display, and its axes (`options`: subplots')."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **options)


def interactive_axes() -> Axes:
    """Return new axes that a notebook or a window shows, as pyplot makes them."""
    from matplotlib import pyplot

    return pyplot.figure(layout="constrained").subplots()


def check_target(path: Path) -> None:
    """Raise FusionError unless a plot may be written there: PNG or PDF, and nothing there that is not fusion's plot."""
    if path.suffix not in (".png", ".pdf"):
        raise FusionError(f"{path}: a plot is a .png or a .pdf; name one with --out")
    if path.is_dir() or (path.exists() and not any(mark in path.read_bytes() for mark in _MARKS)):
        raise FusionError(f"{path}: is there already, and is no plot of fusion's; name another file with --out")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG or PDF, by its suffix, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software" if path.suffix == ".png" else "Creator": "fusion"})
