"""What a training left for the page of its result: a map of test clips, and how features are spread in each class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fusion.errors import FusionError
from fusion.report.plots import BLUE, GREY, INK, SERIES, new_figure
from fusion.report.wording import start_knows
from fusion.runtime.arrays import read_arrays
from fusion.runtime.tables import read_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_AGAIN = "run the experiment again, which makes it anew"
_MARKS = ("o", "|", "_")  # of classes that share a colour
_DOT, _ARM = 2.6, 0.007  # points; of the map's half width
_LETTER, _LINE = 0.085, 0.15  # inches that a label's letter and line take


@dataclass(frozen=True)
class EmbeddingMap:
    """Test clips as the last layer of one network reads them, on two principal axes.

    Attributes
    ----------
    points : (clips, 2) float
        From -1 to 1.
    labels : (clips,) int
        The class of each; -1: several.
    shares : (2,) float
        Of the variance, that each axis has.
    known : (clips,) bool
        Whether clips of their group trained the network.
    of : int
        Test clips of that network.
    """

    points: NDArray[np.float64]
    labels: NDArray[np.int64]
    shares: NDArray[np.float64]
    known: NDArray[np.bool_]
    of: int


def read_map(folder: Path, metrics: dict[str, Any]) -> EmbeddingMap | None:
    """Return the map of a result's first training; None where it has none, as those of an older fusion.

    Raises
    ------
    FusionError
        If the file is not as it was written.
    """
    training = _first_training(folder, metrics)
    arrays = _arrays(training / "map.npz", "clips", "labels", "points", "shares")
    if arrays is None:
        return None
    clips, labels, points, shares = arrays
    try:
        ids = read_table(training / "predictions.csv")["clip"]
    except (OSError, ValueError, KeyError) as error:
        raise FusionError(f"{training / 'predictions.csv'}: damaged ({error}); {_AGAIN}") from None
    fits = points.shape == (len(clips), 2) and labels.shape == clips.shape and shares.shape == (2,)
    if not (fits and len(clips) and np.isfinite(points).all() and clips.min() >= 0 and clips.max() < len(ids)):
        raise FusionError(f"{training / 'map.npz'}: damaged; {_AGAIN}")
    if labels.max() >= len(metrics["classes"]):
        raise FusionError(f"{training / 'map.npz'}: has classes that the result has not; {_AGAIN}")
    known = _known(folder, metrics, ids)[clips]
    return EmbeddingMap(points.astype(float), labels.astype(np.int64), shares, known, len(ids))


def _known(folder: Path, metrics: dict[str, Any], ids: pd.Series) -> NDArray[np.bool_]:
    """Say which clips are of a group that trained; only some may be."""
    if start_knows(metrics):  # which clips that are is not told apart
        return np.zeros(len(ids), dtype=bool)
    shared = metrics.get("shared_groups", {}).get("train", 0)
    trained_on = folder / "trained_on.csv.gz"
    tested = read_table(folder / "predictions.csv")[["clip", "group"]]
    groups = tested.drop_duplicates("clip").set_index("clip")["group"]
    if len(ids) < len(groups):  # of the first fold, whose network trained on the others' clips
        return groups.reindex(ids).isin(groups[~groups.index.isin(ids)]).to_numpy()
    if shared in (0, metrics["groups"]["test"]) or not trained_on.is_file():
        return np.full(len(ids), bool(shared))
    return groups.reindex(ids).isin(read_table(trained_on)["group"]).to_numpy()


def plot_map(drawn: EmbeddingMap, classes: list[str]) -> Figure:
    """Plot the map: clips of groups that trained and of others side by side, where there are both."""
    parts = [(word, mask) for word, mask in (("known", drawn.known), ("unknown", ~drawn.known)) if mask.any()]
    low, high = drawn.points.min(axis=0) - 0.03, drawn.points.max(axis=0) + 0.03
    width, height = 6.2 if len(parts) == 1 else 4.6, 1.0
    height += (width - 0.5) * min(1.2, max(0.4, (high[1] - low[1]) / (high[0] - low[0])))
    figure, grid = new_figure(width * len(parts) + 1.3, height, len(parts), squeeze=False, sharex=True, sharey=True)
    for axes, (word, mask) in zip(grid[0], parts, strict=True):
        for label in np.unique(drawn.labels[mask]):
            points = drawn.points[mask & (drawn.labels == label)]
            colour = GREY if label < 0 else SERIES[label % len(SERIES)]
            mark = _MARKS[max(0, label) // len(SERIES) % len(_MARKS)]
            _draw(axes, points, colour, mark)
        inch = (high[0] - low[0]) / (width - 0.5)  # on the map
        labels = [label for label in np.unique(drawn.labels[mask]) if label >= 0]
        middles = np.array([np.median(drawn.points[mask & (drawn.labels == label)], axis=0) for label in labels])
        lengths = np.array([_LETTER * len(classes[label]) * inch for label in labels])
        for label, middle in zip(labels, apart(middles.reshape(-1, 2), lengths, _LINE * inch), strict=True):
            axes.text(*middle, classes[label], ha="center", va="center", fontsize=9, weight="bold", color=INK)
        axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[], aspect="equal")
        axes.set_title(f"clips of {word} groups" if len(parts) > 1 else "", fontsize=10)
        axes.set_xlabel(f"first principal axis ({100 * drawn.shares[0]:.0f} % of the variance)")
    grid[0, 0].set_ylabel(f"second ({100 * drawn.shares[1]:.0f} %)")
    handles, names = [], []
    for label in np.unique(drawn.labels):
        colour = GREY if label < 0 else SERIES[label % len(SERIES)]
        mark = _MARKS[max(0, label) // len(SERIES) % len(_MARKS)]
        handles += grid[0, -1].plot([], [], mark, ms=4, color=colour)
        names.append("several" if label < 0 else classes[label])
    figure.legend(handles, names, frameon=False, fontsize=8, loc="outside right upper")
    return figure


def apart(middles: NDArray[np.float64], lengths: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    """Return where labels stand so that none covers another: from the lowest on, moved up where there is no room.

    Parameters
    ----------
    middles : (labels, 2)
    lengths : (labels,)
    height : float
        Of each.
    """
    places = middles.copy()
    done: list[int] = []
    for label in np.argsort(middles[:, 1]):
        for other in sorted(done, key=lambda other: places[other, 1]):
            beside = abs(places[label, 0] - places[other, 0]) >= (lengths[label] + lengths[other]) / 2
            if not beside and abs(places[label, 1] - places[other, 1]) < height:
                places[label, 1] = places[other, 1] + height
        done.append(label)
    return places


def _draw(axes: Axes, points: NDArray[np.float64], colour: str, mark: str) -> None:
    """Draw points as one path, which takes a page a tenth of what a marker each does."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Outline

    arm = np.array({"o": (0.0, 0.0), "|": (0.0, _ARM), "_": (_ARM, 0.0)}[mark])
    vertices = np.stack([points - arm, points + arm], axis=1).reshape(-1, 2)
    outline = Outline(vertices, np.tile([Outline.MOVETO, Outline.LINETO], len(vertices) // 2))
    outline.should_simplify = False
    wide = _DOT if mark == "o" else 1.1
    axes.add_patch(PathPatch(outline, fill=False, edgecolor=colour, lw=wide, alpha=0.55, capstyle="round"))


def read_quantiles(folder: Path, metrics: dict[str, Any]) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the values that tell classes apart best, the best first: name and quantiles, ``(classes, 5)``.

    Those of the first training's training clips; empty where it has none, as those of an older fusion.

    Raises
    ------
    FusionError
        If the file is not as it was written.
    """
    path = _first_training(folder, metrics) / "classes.npz"
    arrays = _arrays(path, "names", "quantiles")
    if arrays is None:
        return []
    names, quantiles = arrays
    if quantiles.shape != (len(names), len(metrics["classes"]), 5) or np.isinf(quantiles).any():
        raise FusionError(f"{path}: damaged; {_AGAIN}")
    return [(str(name), own.astype(float)) for name, own in zip(names, quantiles, strict=True)]


def plot_quantiles(name: str, quantiles: NDArray[np.float64], classes: list[str]) -> Figure:
    """Plot one value by class: the median, the middle half, and nine tenths."""
    width, height = 3.4, 0.62 + 0.19 * len(classes)
    figure, axes = new_figure(width, height)
    figure.set_layout_engine(None)  # it would draw all once more
    left = 0.3 + 0.062 * max(map(len, classes))
    axes.set_position((left / width, 0.5 / height, 1 - (left + 0.1) / width, 1 - 0.56 / height))
    places = np.arange(len(classes))
    low, lower, middle, upper, high = quantiles.T
    axes.hlines(places, low, high, color=GREY, lw=1)
    axes.hlines(places, lower, upper, color=BLUE, lw=6)
    axes.plot(middle, places, "|", color=INK, ms=8, mew=1.6)
    axes.set_yticks(places, classes, fontsize=8)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.tick_params(axis="x", labelsize=7)
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(name, fontsize=8)
    axes.grid(axis="x", alpha=0.25)
    return figure


def _first_training(folder: Path, metrics: dict[str, Any]) -> Path:
    seed = folder / f"seed-{metrics['seeds'][0]}"
    return seed / "fold-0" if (seed / "fold-0").is_dir() else seed


def _arrays(path: Path, *names: str) -> list[NDArray[Any]] | None:
    """Return arrays of a file; None where it is not there."""
    if not path.is_file():
        return None
    try:
        return read_arrays(path, *names)
    except ValueError as error:
        raise FusionError(f"{path}: damaged ({error}); {_AGAIN}") from None
