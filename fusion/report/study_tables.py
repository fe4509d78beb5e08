"""The tables of a study: its arms, its tests, published results beside them; as text, as CSV, as LaTeX."""

from __future__ import annotations

import csv
import io
from typing import Any

from fusion.evaluation.metric import metric_label
from fusion.report.study_sentences import cells_of_test, unconverged
from fusion.report.wording import headline, reference_label, score, shown_metrics

Table = tuple[list[str], list[list[str]]]
"""Header and rows."""


def arms_table(study: dict[str, Any]) -> Table:
    """Return every arm, and the references of the last arm of each test."""
    beside = list(dict.fromkeys(metric.name for arm in study["arms"] for metric in shown_metrics(arm, "table")))
    labels = map(metric_label, beside)
    header = ["arm", "test", "features", "figure", "training", "test score", *labels, "note"]
    rows = []
    for arm in study["arms"]:
        metric, features = headline(arm), arm["features"]
        listed = f": {', '.join(features)}" if len(features) < 4 else " features"
        scores = [f"{arm['train'][metric]['mean']:.3f}", *_scores(arm["test"], [metric, *beside])]
        folds = arm["protocol"] in ("cv", "sources")  # a seed of folds has several trainings
        of_all = "" if folds else f" of {len(arm['seeds'])}"
        note = f"{len(unconverged(arm))}{of_all} did not converge" if unconverged(arm) else ""
        test = f"{arm['dataset']}, {arm['protocol']}"
        rows.append([arm["name"], test, f"{len(features)}{listed}", metric_label(metric), *scores, note])
    for (dataset, protocol), arm in {(arm["dataset"], arm["protocol"]): arm for arm in study["arms"]}.items():
        metric = headline(arm)
        for name, reference in arm["references"].items():
            label = f"{reference_label(name, reference)} (features of {arm['name']})"
            scores = ["", *_scores(reference, [metric, *beside])]
            note = ", ".join(filter(None, ["reference", reference.get("note")]))
            rows.append([label, f"{dataset}, {protocol}", "", metric_label(metric), *scores, note])
    return header, rows


def short_table(study: dict[str, Any]) -> Table:
    """Return every arm in a line that a terminal has room for: its figure and its best reference, by test."""
    header, rows = ["arm", "test score", "best reference"], []
    tests = dict.fromkeys((arm["dataset"], arm["protocol"]) for arm in study["arms"])
    for test in tests:
        arms = [arm for arm in study["arms"] if (arm["dataset"], arm["protocol"]) == test]
        if len(tests) > 1:
            rows.append([f"{', '.join(test)}:", "", ""])
        for arm in arms:
            metric = headline(arm)
            shown = score(arm["test"][metric]) + ("" if metric == "accuracy" else f" {metric_label(metric)}")
            best = max(arm["references"].items(), key=lambda item: float(item[1][metric]["mean"]), default=None)
            beside = "" if best is None else f"{best[1][metric]['mean']:.3f} {reference_label(*best)}"
            name = f"{arm['name']}, did not converge" if unconverged(arm) else arm["name"]
            rows.append([name, shown, beside])
    return header, rows


def _scores(metrics: dict[str, Any], names: list[str]) -> list[str]:
    """Return scores as text; an empty one where an older result does not have the metric."""
    return [score(metrics[name]) if name in metrics else "" for name in names]


def steps_table(study: dict[str, Any]) -> Table:
    """Return all tests."""
    header = ["arm", "against", "figure", "difference, points", "95 %", "p", "p (Holm)"]
    rows = [
        [
            test["arm"],
            test["before"],
            *cells_of_test(test),
        ]
        for test in study["tests"]
    ]
    return header, rows


def study_warnings(study: dict[str, Any]) -> list[str]:
    """Return what must be known of the data, each with its fixed word and where it holds."""
    texts = [
        (arm, *text.partition(": ")[::2])
        for arm in study["arms"]
        for text in arm["warnings"]
        if not text.startswith(("did-not-converge:", "below-reference:"))
    ]
    return list(dict.fromkeys(f"{word}: {arm['dataset']}, {arm['protocol']}: {text}" for arm, word, text in texts))


def published_table(study: dict[str, Any]) -> Table:
    """Return published results beside ours; nothing unless ours are on the same test, all of it."""
    for name, data in study["data"].items():
        published = data.get("published")
        if not published or data["rendered"] or study["sample"]:
            continue
        metrics = published["metrics"]
        wanted = (name, published["protocol"], published["clips"], published["groups"])
        ours = [
            [arm["name"], *(f"{arm['test'][metric]['mean']:.3f}" for metric in metrics), "this study"]
            for arm in study["arms"]
            if (arm["dataset"], arm["protocol"], arm["clips"]["test"], arm["groups"]["test"]) == wanted
        ]
        if ours:
            return ["", *map(metric_label, metrics), ""], [*ours, *published["rows"]]
    return [], []


def as_csv(table: Table) -> str:
    """Return a table as CSV."""
    header, rows = table
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def as_latex(table: Table) -> str:
    """Return a table as LaTeX's ``tabular``, with the rules of the package booktabs."""
    header, rows = table
    lines = [" & ".join(map(_latex_cell, row)) + r" \\" for row in (header, *rows)]
    body = "\n".join([lines[0], r"\midrule", *lines[1:]])
    return f"\\begin{{tabular}}{{{'l' * len(header)}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


_LATEX = str.maketrans({"\\": r"\textbackslash{}", "±": r"$\pm$"} | {mark: f"\\{mark}" for mark in "&%#_${}"})


def _latex_cell(text: str) -> str:
    return text.translate(_LATEX)
