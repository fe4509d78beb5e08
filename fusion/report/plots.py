"""What all plots have in common: one style for files and pages, size, colours, how they are saved.

A plot is returned as matplotlib's `Figure`; code calls nothing else a figure.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from fusion.errors import FusionError
from fusion.runtime.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY, INK = "#0072b2", "#d55e00", "#777777", "#212121"
DARK = "#111111"
"""Of text on a coloured field, whatever the page's colour is."""

SERIES = (BLUE, ORANGE, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d1f", INK)
"""Colours of series, which people with any kind of colour vision can tell apart.

References
----------
M. Okabe and K. Ito: "Color universal design", 2008, https://jfly.uni-koeln.de/color/
"""

_STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "font.size": 9,
    "grid.alpha": 0.25,
    "svg.fonttype": "none",  # text stays text
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

_MARKS = (b"Software\x00fusion", b"/Creator (fusion)")  # of what `save` writes, in a PNG and in a PDF


def new_figure(width: float, height: float, columns: int = 1, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return an empty figure of this size in inches, drawn without a display, and its axes (`options`: subplots')."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with _style():
        figure = Figure(figsize=(width, height), layout="constrained", dpi=110)
        FigureCanvasAgg(figure)
        return figure, figure.subplots(rows, columns, **options)


@contextmanager
def _style() -> Iterator[None]:
    """Draw in the style of all plots; a notebook's own stays what it is."""
    from matplotlib import rc_context

    with rc_context(_STYLE), warnings.catch_warnings():
        # classes may be called by letters that matplotlib's font lacks; on a page the browser's fonts have them
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
        yield


def shortened(name: str, most: int = 24) -> str:
    """Return a name that has room on an axis: of a long one its beginning and its end.

    >>> shortened("a very long name of an instrument, muted")
    'a very long nam…t, muted'
    """
    return name if len(name) <= most else f"{name[: most - 9]}…{name[-8:]}"


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
    as_written(figure)
    with replacing(path) as temporary, _style():
        figure.savefig(temporary, metadata={"Software" if path.suffix == ".png" else "Creator": "fusion"})
    figure.set_layout_engine("none")  # it is laid out, which takes as long as to draw it


def as_written(figure: Figure) -> None:
    """Take no text of a figure for mathematics: a class may be called ``$``."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)


def svg(figure: Figure, label: str) -> Markup:
    """Return a figure as a part of a page, which takes the page's colour for what is written in `INK`.

    Parameters
    ----------
    figure : Figure
    label : str
        What a screen reader says of it; no other picture of the page has the same.
    """
    from matplotlib import rc_context

    data = io.BytesIO()
    as_written(figure)
    with _style(), rc_context({"svg.hashsalt": label}):
        figure.savefig(data, format="svg", transparent=True, metadata={"Date": None})
    text = data.getvalue().decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    text = re.sub(r'<g id="[^"]*"', "<g", text).replace(INK, "currentColor")
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)  # nobody sees more
    width, height = (float(side) for side in figure.get_size_inches())
    head = (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="0 0 {72 * width:g} {72 * height:g}" '
        f'style="--natural:{96 * width:.0f}px" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return Markup(re.sub(r"<svg[^>]*>", head, text, count=1))
