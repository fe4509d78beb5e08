"""The page of one result: what was asked, what came out, what to keep in mind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fusion.evaluation.metric import Metric, ScoreMetric
from fusion.report.html import escape, html_page, html_table, image, warning_box
from fusion.report.plots import save
from fusion.report.result_plots import plot_classes, plot_confusion, plot_curves, plot_reliability
from fusion.report.wording import (
    ABOUT_INTERVALS,
    looks_text,
    reference_label,
    score,
    shown_metrics,
    shown_score_metrics,
    table,
)
from fusion.runtime.files import write_text

_SECONDS = {"train_processor": "processor time of training"}


def write(folder: Path, metrics: dict[str, Any]) -> None:
    """Write the plots, ``confusion.png`` (or ``classes.png``) and others, and the self-contained ``report.html``.

    Parameters
    ----------
    folder : Path
        A result folder with history.csv, spec.yaml and environment.json.
    metrics : dict
        The content of metrics.json.
    """
    if "confusion" in metrics:
        save(plot_confusion(np.array(metrics["confusion"]), metrics["classes"]), folder / "confusion.png")
    else:
        save(plot_classes(metrics["test"]["per_class"]), folder / "classes.png")
    save(plot_curves(folder / "history.csv"), folder / "curves.png")
    if "bins" in metrics.get("calibration", {}):
        several = "confusion" not in metrics
        save(plot_reliability(metrics["calibration"], several), folder / "reliability.png")
    write_text(folder / "report.html", _page(folder, metrics))


def _page(folder: Path, metrics: dict[str, Any]) -> str:
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    spec = (folder / "spec.yaml").read_text(encoding="utf-8")
    title = f"{metrics['experiment']} · {metrics['dataset']}, protocol {metrics['protocol']}"
    headline = shown_metrics(metrics)[0]
    training = f"{headline.label}: {score(metrics['train'][headline.name])}"
    shown, caption = ("confusion.png", "Confusion matrix") if "confusion" in metrics else ("classes.png", "Classes")
    clips, groups = metrics["clips"], metrics["groups"]
    data = [[split, clips[split], groups[split]] for split in clips if clips[split]]
    classes = [
        [
            name,
            *(f"{row[key]:.3f}" for key in ("precision", "recall", "f1")),
            "" if row["low"] is None else f"[{row['low']:.3f}, {row['high']:.3f}]",
            row["support"],
            row["groups"],
        ]
        for name, row in metrics["test"]["per_class"].items()
    ]
    seconds = ", ".join(f"{_SECONDS.get(name, name)} {value:.0f} s" for name, value in metrics["seconds"].items())
    features, seeds = (", ".join(map(str, metrics[key])) for key in ("features", "seeds"))
    libraries = ", ".join(f"{name} {version}" for name, version in environment["libraries"].items())
    body = f"""<p>Features: {escape(features)}. Seeds: {escape(seeds)}.
{metrics["parameters"]:,} parameters. Result {escape(metrics["digest"])}.</p>
{warning_box(metrics["warnings"])}
<h2>Test</h2>
{html_table(["", *(metric.label for metric in shown_metrics(metrics))], table(metrics))}
<p class="note">Mean ± standard deviation over seeds [95 % interval]. {ABOUT_INTERVALS}
Training {escape(training)}.{escape(_gap(metrics))}{escape(_other_metrics(metrics))}{escape(_references(metrics))}
 {escape(looks_text(metrics))}</p>
{image(folder / shown, caption)}
<h2>Classes</h2>
{html_table(["class", "precision", "recall", "F1", "95 %", "clips", "groups"], classes)}
<h2>Training</h2>
{image(folder / "curves.png", "Learning curves")}{_calibration(folder, metrics)}
<h2>Data</h2>
{html_table(["split", "clips", "groups"], data)}
{_trained_on(metrics)}
<h2>To repeat it</h2>
<p>fusion {escape(environment["fusion"])} (commit {escape(environment["commit"])}), Python
{escape(environment["python"])}, {escape(libraries)}; {escape(environment["device"])}, {environment["threads"]}
thread(s) a training. {escape(seconds)}.</p>
<pre>{escape(spec)}</pre>"""
    return html_page(title, body)


def _trained_on(metrics: dict[str, Any]) -> str:
    """Return a paragraph where validation clips were trained on, too."""
    if metrics.get("trained_on", ["train"]) == ["train"]:  # an older result does not have it
        return ""
    return """<p class="note">Nothing was chosen by validation clips: the networks and the references were trained on
training and validation clips, which are counted as train.</p>"""


def _gap(metrics: dict[str, Any]) -> str:
    """Return how far training is above the test as a sentence; an older result does not have it."""
    if "gap" not in metrics:
        return ""
    gap = metrics["gap"]
    points = 100 * gap["difference"]
    ends = "" if gap["low"] is None else f" (95 % interval {100 * gap['low']:.1f} to {100 * gap['high']:.1f})"
    return f" Training less test: {points:.1f} points{ends}."


def _other_metrics(metrics: dict[str, Any]) -> str:
    """Return the metrics that tables do not show as a sentence, and the thresholds where there are any."""
    test = metrics["test"]
    shown: list[Metric | ScoreMetric] = [*shown_metrics(metrics, "detail"), *shown_score_metrics(metrics)]
    details = "; ".join(f"{metric.label} {score(test[metric.name])}" for metric in shown)
    thresholds = ", ".join(f"{value:.3f}" for value in metrics.get("thresholds", ()))
    return (f" Test: {details}." if details else "") + (f" Thresholds: {thresholds}." if thresholds else "")


def _references(metrics: dict[str, Any]) -> str:
    """Return which reference is the best, and the settings that were chosen for them, as sentences."""
    if not metrics.get("best_reference"):  # of an older fusion, or where nothing was fitted
        return ""
    best = metrics["best_reference"]
    chosen = "; ".join(
        f"{reference_label(name, scores)} {', '.join(f'{key} {value:g}' for key, value in scores['settings'].items())}"
        for name, scores in metrics["references"].items()
        if scores.get("settings")
    )
    settings = f" Settings chosen by cross-validation over groups of training clips: {chosen}." if chosen else ""
    return f" Best reference: {reference_label(best, metrics['references'][best])}.{settings}"


def _calibration(folder: Path, metrics: dict[str, Any]) -> str:
    """Return the reliability diagram and what it shows; nothing for an older result, or where a training diverged."""
    calibration, test = metrics.get("calibration", {}), metrics["test"]
    if "bins" not in calibration:
        return ""
    text = (
        f"Scores are on the mean {100 * test['ece']['mean']:.1f} points away from how often they are right (expected "
        f"calibration error), with a negative log-likelihood of {test['nll']['mean']:.3f} nats"
    )
    if "why" in calibration:
        text += f"; no temperature is applied: {calibration['why']}."
    else:
        ends = dict.fromkeys(f"{end(calibration['temperature']):.2f}" for end in (min, max))
        text += (
            f"; divided by a temperature fitted on validation clips ({' to '.join(ends)}), their logits give "
            f"{100 * calibration['ece_after']['mean']:.1f} points and {calibration['nll_after']['mean']:.3f} nats."
        )
    return f"""
<h2>Calibration</h2>
{image(folder / "reliability.png", "Reliability diagram")}
<p class="note">{escape(text)}</p>"""
