"""The registry of metrics: their names, labels and directions, and where pages and tables show them.

A new metric is one entry here; its function stands in `single_label` or `multi_label`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation import multi_label, single_label

MetricFunction = Callable[[NDArray[Any]], NDArray[np.float64]]


@dataclass(frozen=True)
class Metric:
    """A measure of how well predictions agree with what is true.

    Attributes
    ----------
    name : str
        Its key in metrics.json.
    label : str
        As people read it.
    function : callable
        From summed counts ``(..., counts of a label task)`` to values ``(...)``.
    shown : {"headline", "table", "detail", "file"}
        ``headline``: first everywhere, and what results are compared by. ``table``: beside it in every table.
        ``detail``: in a sentence on the page of a result. ``file``: in metrics.json alone.
    direction : {"max", "min"}
        Which values are better; ``max`` for a headline metric, so that whatever sorts by one puts its largest first.
    """

    name: str
    label: str
    function: MetricFunction
    shown: Literal["headline", "table", "detail", "file"]
    direction: Literal["max", "min"] = "max"


SINGLE_LABEL_METRICS = (
    Metric("accuracy", "accuracy", single_label.accuracy, "headline"),
    Metric("macro_f1", "macro F1", single_label.macro_f1, "table"),
    Metric("micro_f1", "micro F1", single_label.accuracy, "file"),
)
"""Where each clip has one label; in the order of metrics.json."""

MULTI_LABEL_METRICS = (
    Metric("micro_f1", "micro F1", multi_label.micro("f1"), "headline"),
    Metric("macro_f1", "macro F1", multi_label.macro("f1"), "table"),
    Metric("micro_precision", "micro precision", multi_label.micro("precision"), "detail"),
    Metric("micro_recall", "micro recall", multi_label.micro("recall"), "detail"),
    Metric("macro_precision", "macro precision", multi_label.macro("precision"), "detail"),
    Metric("macro_recall", "macro recall", multi_label.macro("recall"), "detail"),
    Metric("lrap", "label ranking average precision", multi_label.lrap, "detail"),
    Metric("hamming", "Hamming loss", multi_label.hamming, "detail", "min"),
)
"""Where a clip may have several labels. Micro pools all labels; macro averages the classes that occur among the true
ones."""

_LABELS = {metric.name: metric.label for metric in (*SINGLE_LABEL_METRICS, *MULTI_LABEL_METRICS)}


def metric_label(name: str) -> str:
    """Return how people read the name of a metric."""
    return _LABELS[name]
