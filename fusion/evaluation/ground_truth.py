"""What is true of some clips, and how well predictions agree: metrics over seeds, with intervals over groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.estimate import Estimate, linearise, of_arm, strata_of
from fusion.evaluation.label_task import LabelTask
from fusion.evaluation.metric import MetricFunction

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
    repeats : int
        Predictions are of each seed in turn, and within a seed of each repeat of cross-validation. With several,
        repeats vary as seeds do otherwise: each is the mean over seeds.
    """

    task: LabelTask
    targets: Bools
    groups: Ints
    repeats: int = 1

    @cached_property
    def strata(self) -> Ints:
        """The stratum of each group, ``(groups,)``: the classes that it has; one for all where clips have several."""
        return strata_of(int(self.groups.max()) + 1, self.task.strata(self.targets, self.groups))

    def counts(self, predictions: Sequence[tuple[NDArray[Any], Bools]]) -> NDArray[Any]:
        """Return what metrics are functions of, ``(groups, seeds, ...)``.

        Parameters
        ----------
        predictions : sequence of two (clips, classes)
            Scores and decisions of each seed.
        """
        return np.stack([self.task.counts(self.targets, *seed, self.groups) for seed in predictions], axis=1)

    def linearised(self, counts: NDArray[Any], metric: MetricFunction, draws: int = 1) -> tuple[Floats, Floats]:
        """Return a metric of each seed, or of each repeat where there are several, and what each group contributes.

        Parameters
        ----------
        counts : (groups, seeds, ...)
        metric : callable
        draws : int
            Predictions of each seed and repeat that differ by chance alone; their mean is taken.

        Returns
        -------
        (seeds,), (groups, seeds)
            As `fusion.evaluation.estimate.linearise` gives them; with several repeats, repeats in place of seeds.
        """
        return self._drawn(*linearise(metric, counts), draws)

    def _drawn(self, values: Floats, by_group: Floats, draws: int = 1) -> tuple[Floats, Floats]:
        """Return the means over draws and repeats of each seed, or over draws and seeds of each repeat."""
        columns = np.concatenate([values[np.newaxis], by_group]).reshape(1 + len(by_group), -1, self.repeats, draws)
        each = columns.mean(axis=(1, 3)) if self.repeats > 1 else columns.mean(axis=(2, 3))
        return each[0], each[1:]

    def estimate(self, counts: NDArray[Any], metric: MetricFunction, seeded: bool = True) -> Estimate:
        """Return a metric's mean over seeds, with what is needed to say how sure it is.

        Parameters
        ----------
        counts : (groups, seeds, ...)
        metric : callable
        seeded : bool
            Whether predictions vary with the seed.
        """
        return of_arm(*self.linearised(counts, metric), self.strata, seeded or self.repeats > 1)

    def over_seeds(self, counts: NDArray[Any], seeded: bool = True) -> dict[str, dict[str, Any]]:
        """Return every metric over seeds, with an interval over groups and seeds.

        Parameters
        ----------
        counts : (groups, seeds, ...)
        seeded : bool
            Whether predictions vary with the seed.

        Returns
        -------
        dict
            Metric to ``mean`` and ``std`` (ddof 1; 0 for one seed) over seeds, ``per_seed``, and ``low``, ``high``,
            ``se_groups``, ``se_seeds``, ``df`` as `Estimate.spread` gives them, the interval within 0 and 1.
        """
        return {
            metric.name: {
                **self._seeds(metric.function(counts.sum(axis=0))),
                **bounded(self.estimate(counts, metric.function, seeded)),
            }
            for metric in self.task.metrics
        }

    def of_scores(self, scores: Sequence[NDArray[Any]], probabilistic: bool = False) -> dict[str, dict[str, Any]]:
        """Return every metric of scores over seeds, as `over_seeds` does those of decisions.

        Parameters
        ----------
        scores : sequence of (clips, classes)
            Of each seed.
        probabilistic : bool
            Only those that take scores as probabilities.
        """
        table = {}
        for metric in self.task.score_metrics:
            if self.targets.shape[1] < metric.least_classes or probabilistic > metric.probabilistic:
                continue
            found = [metric.function(self.targets, seed) for seed in scores]
            values = np.array([value for value, _ in found])
            by_group = np.stack([np.bincount(self.groups, by_clip).astype(np.float64) for _, by_clip in found], axis=1)
            estimate = of_arm(*self._drawn(values, by_group), self.strata)
            table[metric.name] = {**self._seeds(values), **bounded(estimate, metric.largest)}
        return table

    def _seeds(self, values: Floats) -> dict[str, Any]:
        """Return mean, deviation and values of the seeds, each the mean over its repeats."""
        per_seed = values.reshape(-1, self.repeats).mean(axis=1)
        std = float(per_seed.std(ddof=1)) if len(per_seed) > 1 else 0.0
        return {"mean": float(per_seed.mean()), "std": std, "per_seed": per_seed.tolist()}

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
            Class to ``{precision, recall, f1, support, groups, low, high, se_groups, se_seeds, df}``.
        """
        scores = {name: values.mean(axis=0) for name, values in self.task.class_scores(counts.sum(axis=0)).items()}
        support = self.task.class_scores(counts[:, 0])["support"]
        table = {}
        for number, label in enumerate(classes):
            groups = int(np.count_nonzero(support[:, number]))

            def f1(sums: NDArray[Any], number: int = number) -> Floats:
                return self.task.class_scores(sums)["f1"][..., number]

            unknown = dict.fromkeys(("low", "high", "se_groups", "se_seeds", "df"))
            spread = bounded(self.estimate(counts, f1)) if groups >= enough else unknown
            row = {name: float(values[number]) for name, values in scores.items()}
            table[label] = {**row, "support": round(row["support"]), "groups": groups, **spread}
        return table

    def chance(self) -> float:
        """Return the headline metric of the best prediction that is the same for every clip."""
        constant = self.counts([(decisions, decisions) for decisions in self.task.constant_decisions(self.targets)])
        return float(self.task.headline.function(constant.sum(axis=0)).max())


def bounded(estimate: Estimate, largest: float = 1.0) -> dict[str, Any]:
    """Return how sure a share is: `Estimate.spread` without p, the interval within 0 and the largest value."""
    spread = estimate.spread()
    del spread["p"]
    if spread["low"] is not None:
        spread["low"], spread["high"] = (min(max(0.0, spread[end]), largest) for end in ("low", "high"))
    return spread
