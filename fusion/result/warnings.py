"""What a reader of a result must know about its networks."""

from __future__ import annotations

from typing import Any

from fusion.evaluation import convergence
from fusion.evaluation.reference import REFERENCES
from fusion.report.wording import reference_label, significant
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


def below(references: dict[str, dict[str, Any]]) -> list[str]:
    """Say in one warning which reference models the network is not shown to surpass, by a paired test, after Holm.

    Where there is no test, for want of groups or seeds, that the network has not the larger value.
    """
    tests = {name: reference["network_minus"] for name, reference in references.items()}
    names = sorted((name for name in tests if not _above(tests[name])), key=lambda name: tests[name]["difference"])
    if not names:
        return []
    labels = [f"{reference_label(name, references[name])} {_value(tests[name])}" for name in names]
    fitted = [name for name in tests if name in REFERENCES and not REFERENCES[name].trivial]
    if len(names) > 1 and set(names) in (set(tests), set(fitted)):
        which = f"any of {len(names)} {'' if len(names) == len(tests) else 'fitted '}references; the best: {labels[0]}"
    else:
        which = f"{len(names)} of {len(tests)} references: {', '.join(labels)}"
    lower = [name for name in names if significant(tests[name])]
    worse = f"; it is shown to be below {len(lower)} of them" if lower else ""
    verb = "is not shown to be above" if any(tests[name]["p_holm"] is not None for name in names) else "is not above"
    return [f"below-reference: the network ({tests[names[0]]['first']:.3f}) {verb} {which}{worse}"]


def _above(test: dict[str, Any]) -> bool:
    return bool(test["difference"] > 0 and (test["p_holm"] is None or significant(test)))


def _value(test: dict[str, Any]) -> str:
    return f"{test['second']:.3f}" if test["difference"] else "equals it"


def oracle(experiment: Experiment) -> list[str]:
    """Say that a threshold was chosen on the test."""
    if experiment.dataset.decision != "oracle":
        return []
    return ["oracle-threshold: the threshold was chosen on the test clips themselves; nobody can know it before"]
