"""What a reader of a result must know about its networks."""

from __future__ import annotations

from typing import Any

from fusion.evaluation import convergence
from fusion.evaluation.metric import Metric
from fusion.result.trainings import Trainings
from fusion.settings.experiment import Experiment


def unconverged(trainings: Trainings, activation: str) -> list[str]:
    """Say which trainings have learnt nothing, and the likely cause."""
    warnings = []
    targets = trainings.dataset.targets
    for number, summary in enumerate(trainings.summaries):
        fold = trainings.folds[number % len(trainings.folds)]
        loss = summary["train"]["loss"]  # null: not a number
        loss = float("inf") if loss is None else loss
        why = convergence.why_not_converged(loss, summary["train"]["accuracy"], targets[fold.train], activation)
        if why:
            where = f"seed {summary['seed']}" + ("" if fold.fold is None else f", fold {fold.fold}")
            warnings.append(f"did-not-converge: {where}: {why}; {summary['cause']}")
    return warnings


def below(scores: dict[str, Any], references: dict[str, dict[str, Any]], metric: Metric) -> list[str]:
    """Say which reference models the network does not surpass."""
    own = scores[metric.name]["mean"]
    return [
        f"below-reference: the network's {metric.label} of {own:.3f} is not above "
        f"{reference[metric.name]['mean']:.3f}, that of {name} on the same clips and features"
        for name, reference in references.items()
        if own <= reference[metric.name]["mean"]
    ]


def oracle(experiment: Experiment) -> list[str]:
    """Say that a threshold was chosen on the test."""
    if experiment.dataset.threshold != "oracle":
        return []
    return ["oracle-threshold: the threshold was chosen on the test clips themselves; nobody can know it before"]
