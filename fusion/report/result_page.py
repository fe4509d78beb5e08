"""Plots and the page of one result: what was asked, what came out, what to keep in mind."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.evaluation.label_task import recorded_task
from fusion.report.html import STYLE, escape, html_table, image
from fusion.report.plots import BLUE, GREY, ORANGE, new_figure, save
from fusion.report.wording import score, shown_metrics, table
from fusion.runtime.files import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write(folder: Path, metrics: dict[str, Any]) -> None:
    """Write ``confusion.png`` (or ``classes.png``), ``curves.png`` and the self-contained ``report.html``.

    Parameters
    ----------
    folder : Path
        A result folder with history.csv, spec.yaml and environment.json.
    metrics : dict
        The content of metrics.json.
    """
    if "confusion" in metrics:
        save(confusion_figure(np.array(metrics["confusion"]), metrics["classes"]), folder / "confusion.png")
    else:
        save(classes_figure(metrics["test"]["per_class"]), folder / "classes.png")
    save(curves_figure(folder / "history.csv"), folder / "curves.png")
    write_text(folder / "report.html", _page(folder, metrics))


def confusion_figure(confusion: np.ndarray[Any, Any], classes: list[str]) -> Figure:
    """Return the confusion matrix with counts and row percentages.

    Parameters
    ----------
    confusion : (classes, classes) float
        True classes in rows; the mean over seeds.
    classes : list of str
    """
    figure, axes = new_figure(1.6 + 0.72 * len(classes), 1.2 + 0.62 * len(classes))
    share = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1e-12)
    decimals = 0 if np.all(confusion == np.round(confusion)) else 1
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*confusion.shape):
        count, part = confusion[row, column], share[row, column]
        if count > 0:
            axes.text(
                column,
                row,
                f"{count:.{decimals}f}\n{100 * part:.0f} %",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if part > 0.55 else "black",
            )
    axes.set_xticks(range(len(classes)), classes, rotation=40, ha="right")
    totals = confusion.sum(axis=1)
    axes.set_yticks(range(len(classes)), [f"{name} ({total:.0f})" for name, total in zip(classes, totals, strict=True)])
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (clips)")
    axes.set_title("Confusion: clips (mean of seeds) and share of the row", fontsize=10)
    return figure


def classes_figure(rows: dict[str, dict[str, Any]]) -> Figure:
    """Return precision, recall and F1 of each class; an interval of F1 where there are groups enough for one.

    Parameters
    ----------
    rows : dict
        ``per_class`` of metrics.json.
    """
    names = sorted(rows, key=lambda name: -rows[name]["f1"])
    figure, axes = new_figure(7.5, 1.2 + 0.36 * len(names))
    places = np.arange(len(names))
    axes.barh(places, [rows[name]["f1"] for name in names], color=BLUE, height=0.62, label="F1")
    for place, name in zip(places, names, strict=True):
        row = rows[name]
        if row["low"] is not None:
            axes.plot([row["low"], row["high"]], [place, place], color="black", lw=1.2, zorder=3)
    for figure_name, marker, colour in (("precision", "|", ORANGE), ("recall", "x", GREY)):
        values = [rows[name][figure_name] for name in names]
        axes.scatter(values, places, marker=marker, s=60, color=colour, zorder=4, label=figure_name)
    axes.set_yticks(places, [f"{name} ({rows[name]['support']} in {rows[name]['groups']})" for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("mean over seeds; line: 95 % interval of F1 over groups")
    axes.set_ylabel("class (clips in groups)")
    axes.grid(axis="x", alpha=0.25)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def curves_figure(history: Path) -> Figure:
    """Return loss and accuracy by epoch, one line a seed, from a history.csv."""
    with history.open(encoding="utf-8", newline="") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    figure, axes = new_figure(9.5, 3.6, columns=2)
    for panel, name in zip(axes, ("loss", "accuracy"), strict=True):
        for training in sorted({(row["seed"], row.get("fold", 0.0)) for row in rows}):
            mine = [row for row in rows if (row["seed"], row.get("fold", 0.0)) == training]
            epochs = [row["epoch"] for row in mine]
            panel.plot(epochs, [row[name] for row in mine], color=BLUE, alpha=0.7, lw=1.2)
            panel.plot(epochs, [row[f"val_{name}"] for row in mine], color=ORANGE, alpha=0.7, lw=1.2)
        panel.set_xlabel("epoch")
        panel.set_ylabel("loss (nats)" if name == "loss" else name)
        panel.set_ylim(bottom=0, top=1.02 if name == "accuracy" else None)
        panel.grid(alpha=0.25)
    axes[0].plot([], [], color=BLUE, label="training (with dropout)")
    axes[0].plot([], [], color=ORANGE, label="validation")
    axes[0].legend(frameon=False, fontsize=8)
    figure.suptitle("Learning curves, one line a training", fontsize=10)
    return figure


def _page(folder: Path, metrics: dict[str, Any]) -> str:
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    spec = (folder / "spec.yaml").read_text(encoding="utf-8")
    title = f"{metrics['experiment']} · {metrics['dataset']}, protocol {metrics['protocol']}"
    warnings = "".join(f"<li>{escape(text)}</li>" for text in metrics["warnings"])
    headline = shown_metrics(metrics)[0]
    shown, caption = ("confusion.png", "Confusion matrix") if "confusion" in metrics else ("classes.png", "Classes")
    clips, groups = metrics["clips"], metrics["groups"]
    data = [[split, clips[split], groups[split]] for split in clips]
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
    seconds = ", ".join(f"{name} {value:.0f} s" for name, value in metrics["seconds"].items())
    libraries = ", ".join(f"{name} {version}" for name, version in environment["libraries"].items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>Features: {escape(", ".join(metrics["features"]))}. Seeds: {escape(", ".join(map(str, metrics["seeds"])))}.
{metrics["parameters"]:,} parameters. Result {escape(metrics["digest"])}.</p>
{f'<div class="warnings"><h2>Keep in mind</h2><ul>{warnings}</ul></div>' if warnings else ""}
<h2>Test</h2>
{html_table(["", *(metric.label for metric in shown_metrics(metrics))], table(metrics))}
<p class="note">Mean ± standard deviation over seeds [95 % bootstrap interval over groups, within class].
Training {escape(headline.label)}: {escape(score(metrics["train"][headline.name]))}.{escape(_more(metrics))}</p>
{image(folder / shown, caption)}
<h2>Classes</h2>
{html_table(["class", "precision", "recall", "F1", "95 %", "clips", "groups"], classes)}
<h2>Training</h2>
{image(folder / "curves.png", "Learning curves")}
<h2>Data</h2>
{html_table(["split", "clips", "groups"], data)}
<h2>To repeat it</h2>
<p>fusion {escape(environment["fusion"])} (commit {escape(environment["commit"])}), Python
{escape(environment["python"])}, {escape(libraries)}; {escape(environment["device"])}, {environment["threads"]}
thread(s) a training. {escape(seconds)}.</p>
<pre>{escape(spec)}</pre>
</body></html>
"""


def _more(metrics: dict[str, Any]) -> str:
    """Return the metrics that tables do not show in a sentence, and the thresholds where there are any."""
    test = metrics["test"]
    details = "; ".join(f"{metric.label} {score(test[metric.name])}" for metric in recorded_task(test).shown("detail"))
    thresholds = ", ".join(f"{value:.3f}" for value in metrics.get("thresholds", ()))
    return (f" Test: {details}." if details else "") + (f" Thresholds: {thresholds}." if thresholds else "")
