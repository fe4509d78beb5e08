"""How scores and p-values are written, on pages and on the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from fusion.evaluation.effects import LEVEL
from fusion.evaluation.label_task import recorded_task
from fusion.evaluation.metric import Metric, ScoreMetric
from fusion.evaluation.reference import REFERENCES

HOW_TESTED = "how: docs/explanation/groups_and_intervals.md."

ABOUT_INTERVALS = f"Mean ± standard deviation over seeds [95 % interval over groups and seeds]; {HOW_TESTED}"
"""What stands wherever an interval is explained."""

ABOUT_TESTS = (
    f"Mean ± standard deviation over seeds [95 % interval over groups and seeds]; p by the same method; {HOW_TESTED}"
)
"""What stands where p is shown, too."""


def score(summary: dict[str, Any]) -> str:
    """Return ``0.912 ± 0.010 [0.881, 0.934]``: mean, standard deviation over seeds, 95 % interval.

    An interval of an older fusion, by another method, is left out.
    """
    spread = f" ± {summary['std']:.3f}" if len(summary["per_seed"]) > 1 else ""
    interval = "" if summary.get("df") is None else f" [{summary['low']:.3f}, {summary['high']:.3f}]"
    return f"{summary['mean']:.3f}{spread}{interval}"


def percentage(summary: dict[str, Any]) -> str:
    """Return ``97.2 % [95.4, 99.0]``: a share of clips with its 95 % interval, for a sentence."""
    interval = "" if summary.get("df") is None else f" [{100 * summary['low']:.1f}, {100 * summary['high']:.1f}]"
    return f"{100 * summary['mean']:.1f} %{interval}"


def span(summary: Mapping[str, Any]) -> str:
    """Return ``[0.954, 0.990]``; empty where there is no interval."""
    return "" if summary["low"] is None else f"[{summary['low']:.3f}, {summary['high']:.3f}]"


def shown_metrics(metrics: dict[str, Any], *places: str) -> list[Metric]:
    """Return the metrics of a result, or an arm of a study, that are shown in some places: in tables by default.

    There the first is what it is compared by. A result that is older than a metric does not have it.
    """
    test = metrics["test"]
    return [metric for metric in recorded_task(test).shown(*(places or ("headline", "table"))) if metric.name in test]


def shown_score_metrics(metrics: dict[str, Any]) -> list[ScoreMetric]:
    """Return the metrics of scores that a result has; one that is older has none."""
    test = metrics["test"]
    return [metric for metric in recorded_task(test).score_metrics if metric.name in test]


def reference_label(name: str, scores: dict[str, Any]) -> str:
    """Return what people read for a reference model; one that is not registered always names the same class."""
    return REFERENCES[name].label if name in REFERENCES else f"always {scores.get('class')}"


def table(metrics: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the rows (name and `shown_metrics`) of the network and its reference models, best first."""
    shown = [metric.name for metric in shown_metrics(metrics)]
    rows = [("network", metrics["test"])]
    for name, scores in metrics["references"].items():
        note = scores.get("note") if name in REFERENCES else "the test's largest class"
        rows.append((reference_label(name, scores) + (f", {note}" if note else ""), scores))
    rows.sort(key=lambda row: -row[1][shown[0]]["mean"])
    return [(name, *(score(scores[key]) for key in shown)) for name, scores in rows]


OF_START = "the networks that this result starts from"
"""How warnings call them, by which `start_knows` finds these."""


def start_knows(metrics: Mapping[str, Any]) -> bool:
    """Say whether networks that a result starts from know groups of its test, or that cannot be told."""
    return any(text.startswith("shared-groups:") and OF_START in text for text in metrics["warnings"])


def arm_names(ablation: Mapping[str, Any], features: Sequence[str]) -> list[str]:
    """Return what an arm of an ablation has, by the names of feature groups where these are whole.

    Parameters
    ----------
    ablation : dict
        The content of ablation.json; one of an older fusion has no feature groups.
    features : sequence of str
        Of the arm.
    """
    groups = ablation.get("feature_groups", {}).items()
    named = {feature: name for name, own in groups if set(own) <= set(features) for feature in own}
    return list(dict.fromkeys(named.get(feature, feature) for feature in features))


def arm_label(ablation: Mapping[str, Any], features: Sequence[str]) -> str:
    """Return what an arm of an ablation is called: by what it has, or by the one thing that it lacks.

    Parameters
    ----------
    ablation : dict
        The content of ablation.json.
    features : sequence of str
        Of the arm.
    """
    names = arm_names(ablation, features)
    everything = arm_names(ablation, max((arm["features"] for arm in ablation["arms"]), key=len))
    missing = [name for name in everything if name not in names]
    if not missing:
        return "all features"
    if len(missing) == 1 and ablation["mode"] == "mask":
        return f"{missing[0]} masked"
    if len(missing) == 1 and (ablation["mode"] == "leave-one-out" or len(names) > 2):
        return f"without {missing[0]}"
    return " + ".join(names)


def significant(test: Mapping[str, Any]) -> bool:
    """Say whether a test shows a difference; one without p does not."""
    return test["p_holm"] is not None and test["p_holm"] < LEVEL


def headline(metrics: dict[str, Any]) -> str:
    """Return the metric that a result, or an arm of a study, is compared by."""
    return recorded_task(metrics["test"]).headline.name


def points_text(points: float) -> str:
    """Return percentage points with one decimal, never -0.0."""
    return f"{points:.1f}" if round(points, 1) else "0.0"


def looks_text(metrics: Mapping[str, Any]) -> str:
    """Return how often test clips were scored, as a sentence.

    Parameters
    ----------
    metrics : dict
        Of a result, an ablation, a curve or a comparison; the text is empty for one that does not say.
    """
    if "looks" not in metrics:
        return ""
    times, results = metrics["looks"], metrics["looks_experiments"]
    often = "once" if times == 1 else f"{times} times"
    whose = "1 result" if results == 1 else f"{results} results"
    return (
        f"These test clips were scored {often} so far, for {whose} in this folder: the more often, the more a "
        "best score is luck."
    )


def with_article(metric: str) -> str:
    """Return ``an accuracy``, ``a micro F1``."""
    return f"{'an' if metric == 'accuracy' else 'a'} {metric}"


def seeds_option(seeds: Sequence[int]) -> str:
    """Return ``--seeds 1,2``; of one seed ``--seeds 1,``, because ``1`` alone is a number of seeds."""
    return f"--seeds {','.join(map(str, seeds))}{',' * (len(seeds) == 1)}"


def data_option(metrics: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    """Return ``--sample``, or ``--data`` with the folder of a result where it is known."""
    folder = environment.get("data")
    return "--sample" if metrics.get("sample") else f"--data {shlex.quote(str(folder)) if folder else 'DIR'}"


def result_path(content: Mapping[str, Any], *names: str) -> str:
    """Return where a result lies for who made it, as it is typed in a shell."""
    return shlex.quote("/".join(["results", str(content["experiment"]), str(content["digest"]), *names]))
