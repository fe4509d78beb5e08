"""What a result says in words: its answer in a sentence or two, and the notes below its tables."""

from __future__ import annotations

from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import Metric, ScoreMetric, metric_label
from fusion.evaluation.reference import REFERENCES
from fusion.report.wording import (
    headline,
    percentage,
    reference_label,
    score,
    shown_metrics,
    shown_score_metrics,
    significant,
    start_knows,
)


def answer(metrics: dict[str, Any]) -> list[str]:
    """Return what the network reaches beside the best reference, and whether they are shown to differ.

    Parameters
    ----------
    metrics : dict
        The content of metrics.json.
    """
    name, test = headline(metrics), metrics["test"]
    own = percentage(test[name])
    if name == "accuracy":
        reached = f"The network recognises {own} of {metrics['clips']['test']:,} test clips{_of(metrics)}"
    else:
        reached = (
            f"The network's {metric_label(name)} on {metrics['clips']['test']:,} test clips{_of(metrics)} is {own}"
        )
    trivial = [key for key in metrics["references"] if key in REFERENCES]  # what knows the test's classes is none
    best = metrics.get("best_reference") or next(iter(trivial), None)
    practice = _practice(metrics)
    if best is None:
        return [f"{reached}.", *practice]
    reference = metrics["references"][best]
    label = reference_label(best, reference)
    beside = f"the best reference, {label}," if metrics.get("best_reference") else f"the trivial reference, {label},"
    verb = "" if name == "accuracy" else "has "
    return [f"{reached}; {beside} {verb}{percentage(reference[name])}.", *_difference(reference), *practice]


def _practice(metrics: dict[str, Any]) -> list[str]:
    """Return a sentence where the figures are none of the real data; an older result does not say so."""
    if not metrics.get("rendered"):
        return []
    return [f"The test clips are rendered practice data, not {metrics['dataset']} itself."]


def _of(metrics: dict[str, Any]) -> str:
    """Return of which groups the test clips are; of an older result that is not known."""
    if "shared_groups" not in metrics:
        return ""
    noun, known = metrics.get("group_noun", "groups"), metrics["shared_groups"]["train"]
    if start_knows(metrics):
        return ""
    if not known:
        return f", all of unknown {noun}"
    return f" of known {noun}" if known >= metrics["groups"]["test"] else f", {known} of whose {noun} are known"


def _difference(reference: dict[str, Any]) -> list[str]:
    test = reference.get("network_minus")
    if not test or test["low"] is None:
        return []
    low, high = (f"{100 * test[end]:+.1f}" for end in ("low", "high"))
    verdict = "is more than chance" if significant(test) else "is not shown to be more than chance"
    p = f"{p_text(test['p_holm'])} after Holm"  # so that an interval without 0 may stand beside "not shown"
    return [f"The difference of {100 * test['difference']:+.1f} points [{low}, {high}] {verdict} ({p})."]


def notes(metrics: dict[str, Any]) -> list[str]:
    """Return sentences on training, on metrics that tables do not show, on thresholds and on references' settings."""
    first = shown_metrics(metrics)[0]
    sentences = [f"Training {first.label}: {score(metrics['train'][first.name])}."]
    if "gap" in metrics:
        gap = metrics["gap"]
        ends = "" if gap["low"] is None else f" (95 % interval {100 * gap['low']:.1f} to {100 * gap['high']:.1f})"
        sentences.append(
            f"Training {first.label} minus test {first.label}: {100 * gap['difference']:.1f} points{ends}."
        )
    shown: list[Metric | ScoreMetric] = [*shown_metrics(metrics, "detail"), *shown_score_metrics(metrics)]
    if shown:
        details = "; ".join(f"{metric.label} {score(metrics['test'][metric.name])}" for metric in shown)
        sentences.append(f"Test: {details}.")
    if metrics.get("thresholds"):
        sentences.append(f"Thresholds: {', '.join(f'{value:.3f}' for value in metrics['thresholds'])}.")
    chosen = "; ".join(
        f"{reference_label(name, scores)} {', '.join(f'{key} {value:g}' for key, value in scores['settings'].items())}"
        for name, scores in metrics["references"].items()
        if scores.get("settings")
    )
    if chosen:
        sentences.append(f"Settings chosen by cross-validation over groups of training clips: {chosen}.")
    return sentences


def calibration_sentence(metrics: dict[str, Any]) -> str:
    """Return what a reliability diagram shows; empty for an older result, or where a training diverged."""
    calibration, test = metrics.get("calibration", {}), metrics["test"]
    if "bins" not in calibration:
        return ""
    text = (
        f"Scores are on the mean {100 * test['ece']['mean']:.1f} points away from how often they are right (expected "
        f"calibration error), with a negative log-likelihood of {test['nll']['mean']:.3f} nats"
    )
    if "why" in calibration:
        return f"{text}; no temperature is applied: {calibration['why']}."
    ends = dict.fromkeys(f"{end(calibration['temperature']):.2f}" for end in (min, max))
    return (
        f"{text}; divided by a temperature fitted on validation clips ({' to '.join(ends)}), their logits give "
        f"{100 * calibration['ece_after']['mean']:.1f} points and {calibration['nll_after']['mean']:.3f} nats."
    )
