"""What was checked of a result and is in order: what no warning speaks of."""

from __future__ import annotations

from typing import Any

from fusion.evaluation.reference import REFERENCES


def checked(metrics: dict[str, Any], stops: bool = True) -> list[str]:
    """Return a sentence for each check that gave no warning.

    Parameters
    ----------
    metrics : dict
        Of a result; what an older fusion did not check is left out.
    stops : bool
        Whether validation clips chose the epoch whose weights a network has; if not, it is always the last one.
    """
    words = {text.split(":")[0] for text in metrics["warnings"]}
    noun, groups = metrics.get("group_noun", "groups"), metrics["groups"]
    fitted = [name for name in metrics["references"] if name in REFERENCES and not REFERENCES[name].trivial]
    in_order = {
        "shared-groups": "shared_groups" in metrics
        and f"No test clip is of {noun} that the networks have trained on, by name or by sound.",
        "duplicates": metrics["duplicates"].get("pairs") == 0 and "No two clips are byte-identical.",
        "did-not-converge": f"The networks have learnt something.{_still_improving(metrics) if stops else ''}",
        "below-reference": _tested(metrics, fitted)
        and f"The network is shown to be above each of {len(fitted)} references.",
        "few-groups": f"{groups['test']} test {noun} are enough for intervals, of every class, too.",
        "missing-class": "Every class has training and test clips.",
        "damaged": "No clip was left out as damaged.",
        "oracle-threshold": "thresholds" in metrics and "The threshold was not chosen on test clips.",
    }
    return [text for word, text in in_order.items() if text and word not in words]


def _tested(metrics: dict[str, Any], fitted: list[str]) -> bool:
    """Say whether the network was tested against fitted references; one seed or few groups allow no test."""
    tests = [metrics["references"][name].get("network_minus", {"p_holm": None}) for name in fitted]
    return bool(tests) and all(test["p_holm"] is not None for test in tests)


def _still_improving(metrics: dict[str, Any]) -> str:
    """Return a sentence on trainings whose last epoch was their best, after a space; empty where there is none."""
    epochs = metrics.get("epochs", [])
    last = sum(best == count for best, count in zip(metrics.get("best_epochs", []), epochs, strict=False))
    if last == len(epochs) > 0:
        return " Training was still improving when it ended: more epochs may help."
    verb = "was" if last == 1 else "were"
    return (
        f" {last} of {len(epochs)} trainings {verb} still improving at the end: more epochs may help." if last else ""
    )
