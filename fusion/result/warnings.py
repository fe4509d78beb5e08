"""What a reader of a result must know about its networks."""

from __future__ import annotations

from typing import Any

from fusion.evaluation import convergence
from fusion.evaluation.effects import LEVEL
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


def below(references: dict[str, dict[str, Any]], metric: Metric) -> list[str]:
    """Say which reference models the network is not shown to surpass, by a paired test of each, after Holm.

    Where there is no test, for want of groups or seeds, that the network has not the larger value.
    """
    warnings = []
    for name, reference in references.items():
        test = reference["network_minus"]
        tested = test["p_holm"] is not None
        if test["difference"] > 0 and (not tested or test["p_holm"] < LEVEL):
            continue
        if tested:
            shown = "shown to be below" if test["p_holm"] < LEVEL else "not shown to be above"
            low, high = (f"{100 * test[end]:.1f}" for end in ("low", "high"))
            evidence = f" (difference {100 * test['difference']:+.1f} points, 95 % interval {low} to {high})"
        else:
            shown, evidence = "not above", ""
        warnings.append(
            f"below-reference: the network's {metric.label} of {test['first']:.3f} is {shown} {test['second']:.3f}, "
            f"that of {name} on the same clips and features{evidence}"
        )
    return warnings


def oracle(experiment: Experiment) -> list[str]:
    """Say that a threshold was chosen on the test."""
    if experiment.dataset.decision != "oracle":
        return []
    return ["oracle-threshold: the threshold was chosen on the test clips themselves; nobody can know it before"]
