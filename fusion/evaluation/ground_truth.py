"""What is true of some clips, and how well predictions agree: metrics over seeds, with intervals over groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.intervals import bootstrap_interval
from fusion.evaluation.label_task import LabelTask

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GroundTruth:
    """Labels and groups of some clips.

    Attributes
    ----------
    task : LabelTask
    targets : (clips, classes) bool
        Which classes each clip has.
    groups : (clips,) int
        Numbered from 0.
    """

    task: LabelTask
    targets: Bools
    groups: Ints

    @cached_property
    def strata(self) -> Ints | None:
        """The class of each group, ``(groups,)``; None where groups have clips of several classes."""
        return self.task.strata(self.targets, self.groups)

    def counts(self, predictions: Sequence[tuple[NDArray[Any], Bools]]) -> NDArray[Any]:
        """Return what metrics are functions of, ``(groups, seeds, ...)``.

        Parameters
        ----------
        predictions : sequence of two (clips, classes)
            Scores and decisions of each seed.
        """
        return np.stack([self.task.counts(self.targets, *seed, self.groups) for seed in predictions], axis=1)

    def over_seeds(self, counts: NDArray[Any]) -> dict[str, dict[str, Any]]:
        """Return every metric over seeds, with an interval over groups.

        Parameters
        ----------
        counts : (groups, seeds, ...)

        Returns
        -------
        dict
            Metric to ``{mean, std, low, high, per_seed}``: mean and standard deviation (ddof 1; 0 for one seed)
            over seeds, a 95 % BCa interval of the seed mean over groups (None with one group).
        """
        table = {}
        for metric in self.task.metrics:
            per_seed = metric.function(counts.sum(axis=0))

            def seed_mean(sums: Floats, function: Any = metric.function) -> Floats:
                return np.asarray(function(sums).mean(axis=-1))

            low, high = bootstrap_interval(counts, seed_mean, self.strata) or (None, None)
            std = float(per_seed.std(ddof=1)) if len(per_seed) > 1 else 0.0
            spread = {"std": std, "low": low, "high": high, "per_seed": per_seed.tolist()}
            table[metric.name] = {"mean": float(per_seed.mean()), **spread}
        return table

    def by_class(self, counts: NDArray[Any], classes: Sequence[str], enough: int) -> dict[str, dict[str, Any]]:
        """Return each class' scores, means over seeds; with `enough` groups also an interval of its F1.

        Parameters
        ----------
        counts : (groups, seeds, ...)
        classes : sequence of str
        enough : int
            Groups that a class needs for an interval of its own.

        Returns
        -------
        dict
            Class to ``{precision, recall, f1, support, groups, low, high}``.
        """
        scores = {name: values.mean(axis=0) for name, values in self.task.class_scores(counts.sum(axis=0)).items()}
        support = self.task.class_scores(counts[:, 0])["support"]
        table = {}
        for number, label in enumerate(classes):
            groups = int(np.count_nonzero(support[:, number]))

            def f1(sums: Floats, number: int = number) -> Floats:
                return np.asarray(self.task.class_scores(sums)["f1"][..., number].mean(axis=-1))

            interval = bootstrap_interval(counts, f1, self.strata) if groups >= enough else None
            low, high = interval or (None, None)
            row = {name: float(values[number]) for name, values in scores.items()}
            table[label] = {**row, "support": round(row["support"]), "groups": groups, "low": low, "high": high}
        return table

    def chance(self) -> float:
        """Return the headline metric of the best prediction that is the same for every clip."""
        constant = self.counts([(decisions, decisions) for decisions in self.task.constant_decisions(self.targets)])
        return float(self.task.headline.function(constant.sum(axis=0)).max())
