"""The registry of metrics: their names, labels and directions, and where pages and tables show them.

A new metric is one entry here. The function of one of decisions stands in `single_label` or `multi_label`; that of one
of scores is what `fusion.evaluation.influence` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation import multi_label, single_label
from fusion.evaluation.calibration import ece, nll
from fusion.evaluation.influence import ScoreFunction
from fusion.evaluation.ranking import mean_average_precision, top

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


@dataclass(frozen=True)
class ScoreMetric:
    """A measure of the network's scores on the test, whatever is decided; in a sentence on the page of a result.

    Attributes
    ----------
    name : str
        Its key in metrics.json.
    label : str
        As people read it.
    function : callable
        From labels and scores to the value and each clip's influence on it.
    direction : {"max", "min"}
    largest : float
        It is between 0 and this.
    least_classes : int
        With fewer classes it says nothing.
    probabilistic : bool
        Whether it takes scores as probabilities, so that a temperature changes it.
    """

    name: str
    label: str
    function: ScoreFunction
    direction: Literal["max", "min"] = "max"
    largest: float = 1.0
    least_classes: int = 2
    probabilistic: bool = False


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


def _calibration(several: bool) -> tuple[ScoreMetric, ...]:
    return (
        ScoreMetric("nll", "negative log-likelihood (nats)", nll(several), "min", np.inf, probabilistic=True),
        ScoreMetric("ece", "expected calibration error", ece(several), "min", probabilistic=True),
    )


SINGLE_LABEL_SCORE_METRICS = (
    *_calibration(several=False),
    ScoreMetric("top_2", "top 2", top(2), least_classes=3),
    ScoreMetric("top_3", "top 3", top(3), least_classes=4),
)
MULTI_LABEL_SCORE_METRICS = (
    *_calibration(several=True),
    ScoreMetric("map", "mean average precision", mean_average_precision),
)

_LABELS = {metric.name: metric.label for metric in (*SINGLE_LABEL_METRICS, *MULTI_LABEL_METRICS)}


def metric_label(name: str) -> str:
    """Return how people read the name of a metric."""
    return _LABELS[name]
