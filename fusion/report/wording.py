"""How scores and p-values are written, on pages and on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


NAMES = {
    "majority": "majority class",
    "top_k": "always top k",
    "svm": "SVM (RBF)",
    "random_forest": "random forest",
}


def score(summary: dict[str, Any]) -> str:
    """Return ``0.912 ± 0.010 [0.881, 0.934]``: mean, standard deviation over seeds, interval over groups."""
    spread = f" ± {summary['std']:.3f}" if len(summary["per_seed"]) > 1 else ""
    interval = "" if summary["low"] is None else f" [{summary['low']:.3f}, {summary['high']:.3f}]"
    return f"{summary['mean']:.3f}{spread}{interval}"


def figures_of(metrics: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the figures that a result is shown by, with their names: the first is what it is compared by."""
    first = ("accuracy", "accuracy") if "accuracy" in metrics["test"] else ("micro_f1", "micro F1")
    return [first, ("macro_f1", "macro F1")]


def table(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows (name and `figures_of`) of the network and its reference lines, best first."""
    figures = [key for key, _ in figures_of(metrics)]
    lines = [("network", metrics["test"])]
    for name, line in metrics["references"].items():
        lines.append((NAMES.get(name) or f"always {line['class']}, the test's largest class", line))
    lines.sort(key=lambda line: -line[1][figures[0]]["mean"])
    return [(name, *(score(line[key]) for key in figures)) for name, line in lines]


LEVEL = 0.05  # of the tests, after Holm


def p_text(value: float) -> str:
    """Return ``p = .11``, never rounded to the other side of .05."""
    if value < 0.001:
        return "p < .001"
    if value > 0.99:
        return "p = 1" if value == 1 else "p > .99"
    text = f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
    return "p < .05" if value < LEVEL and float(text) >= LEVEL else f"p = {text[1:]}"


def headline(metrics: dict[str, Any]) -> str:
    """Return the metric that a result, or an arm of a study, is compared by."""
    return "accuracy" if "accuracy" in metrics["test"] else "micro_f1"


def metric_name(metric: str) -> str:
    """Return a metric's key as it is written: ``micro F1`` for ``micro_f1``."""
    return metric.replace("_f1", " F1")


def points_text(points: float) -> str:
    """Return percentage points with one decimal, never -0.0."""
    return f"{points:.1f}" if round(points, 1) else "0.0"
