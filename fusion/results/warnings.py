"""What a reader of a result must know about its networks."""

from __future__ import annotations

from typing import Any

from fusion.datasets.table import Dataset, Fold
from fusion.evaluation import convergence
from fusion.settings.experiment import Experiment


def unconverged(summaries: list[dict[str, Any]], dataset: Dataset, folds: list[Fold], activation: str) -> list[str]:
    """Say which trainings have learnt nothing, and the likely cause."""
    warnings = []
    targets = dataset.targets
    for number, summary in enumerate(summaries):
        of = folds[number % len(folds)]
        loss = summary["train"]["loss"]  # null: not a number
        loss = float("inf") if loss is None else loss
        why = convergence.why_not_converged(loss, summary["train"]["accuracy"], targets[of.train], activation)
        if why:
            fold = "" if of.fold is None else f", fold {of.fold}"
            warnings.append(f"did-not-converge: seed {summary['seed']}{fold}: {why}; {summary['cause']}")
    return warnings


def below(scores: dict[str, Any], lines: dict[str, dict[str, Any]], figure: str) -> list[str]:
    """Say which reference lines the network does not reach."""
    own = scores[figure]["mean"]
    name_of = figure.replace("micro_f1", "micro F1")
    return [
        f"below-reference: the network's {name_of} of {own:.3f} is not above {line[figure]['mean']:.3f}, that of "
        f"{name} on the same clips and features"
        for name, line in lines.items()
        if own <= line[figure]["mean"]
    ]


def oracle(experiment: Experiment) -> list[str]:
    """Say that a threshold was chosen on the test."""
    if experiment.dataset.threshold != "oracle":
        return []
    return ["oracle-threshold: the threshold was chosen on the test clips themselves; nobody can know it before"]
