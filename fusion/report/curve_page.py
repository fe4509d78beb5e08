"""The page of a learning curve: what more training groups bring."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.evaluation.metric import metric_label
from fusion.report.curve_plot import plot_curve
from fusion.report.curve_sentences import curve_sentences
from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.report.wording import ABOUT_TESTS, score

_CAPTION = "The metric over the number of training groups, with 95 % intervals and seeds"


def write(folder: Path, curve: Mapping[str, Any]) -> None:
    """Write ``curve.html`` and ``curve.png``.

    Parameters
    ----------
    folder : Path
    curve : dict
        The content of curve.json.
    """
    plot = plot_curve(curve)
    save(plot, folder / "curve.png")
    sentences = curve_sentences(curve)
    labels = dict.fromkeys(metric_label(arm["metric"]) for arm in curve["arms"])
    rows = [
        [arm["name"], f"{point['groups']}", f"{point['clips']}", score(point), point["digest"]]
        for arm in curve["arms"]
        for point in arm["points"]
    ]
    write_page(
        folder / "curve.html",
        "curve",
        title=f"{curve['experiment']}: what do more training groups bring?",
        curve=curve,
        answer=sentences[:1],
        sentences=sentences[1:],
        points=(["arm", "training groups", "clips", " or ".join(labels), "result"], rows),
        plot=svg(plot, _CAPTION),
        caption=_CAPTION,
        about_intervals=ABOUT_TESTS,
    )
