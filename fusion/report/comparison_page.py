"""The page of several results side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.report.pages import address, percent, write_page
from fusion.report.result_tables import plain
from fusion.report.study_sentences import cells_of_test, signed
from fusion.report.wording import (
    ABOUT_TESTS,
    headline,
    looks_text,
    percentage,
    reference_label,
    score,
    shown_metrics,
    significant,
)

_CHANGED = 20  # clips

Table = tuple[list[str], list[list[str]]]


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write the page.

    Parameters
    ----------
    path : Path
    content : dict
        As `fusion.result.side_by_side.side_by_side` returns it.
    """
    results = content["results"]
    names = [result["name"] for result in results]
    changed = sorted(content["changed"]["clips"], key=lambda clip: (-abs(clip["second"] - clip["first"]), clip["clip"]))
    write_page(
        path,
        "comparison",
        title=" beside ".join(names) if len(names) == 2 else f"{len(names)} results side by side",
        content=content,
        answer=_answer(content),
        names=names,
        pages=[address(Path(own["folder"]) / "report.html", path) for own in results],
        figures=_figures(results),
        tests=_tests(content),
        settings=_settings(results),
        alike="; ".join(f"{setting}={plain(value)}" for setting, value in content["alike"].items()),
        classes=_classes(results),
        warnings=[f"{word}: {name}: {text}" for name, word, text in _warnings(content)],
        changed=(
            ["clip", "label", names[0], content["changed"]["result"]],
            [
                [clip["clip"], clip["true"], percent(clip["second"]), percent(clip["first"])]
                for clip in changed[:_CHANGED]
            ],
        ),
        count=len(changed),
        share="the mean F1 of its labels" if content["changed"]["several"] else "the share of seeds that are right",
        looks=looks_text(content),
        about_intervals=ABOUT_TESTS,
    )


def _answer(content: Mapping[str, Any]) -> list[str]:
    """Return a sentence of each test, or of each result where nothing can be tested."""
    first = content["results"][0]["name"]
    sentences = []
    for test in content["tests"]:
        points = f"{signed(test['difference'])} points of {metric_label(test['metric'])}"
        if test["p"] is None:
            sentences.append(f"{test['result']} minus {first}: {points}; no interval: {test['why']}.")
            continue
        verdict = "more than chance" if significant(test) else "not shown to differ"
        evidence = f"[{signed(test['low'])}, {signed(test['high'])}], {p_text(test['p_holm'])}"
        sentences.append(f"{test['result']} minus {first}: {points} {evidence}: {verdict}.")
    if not sentences:
        for result in content["results"]:
            name = headline(result["metrics"])
            sentences.append(f"{result['name']}: {metric_label(name)} {percentage(result['metrics']['test'][name])}.")
    return [*sentences, *(f"{text}." for text in content["why"])]


def _figures(results: list[dict[str, Any]]) -> Table:
    labels = list(dict.fromkeys(metric.label for result in results for metric in shown_metrics(result["metrics"])))
    header = ["result", "test", *labels, "training", "best reference", "seeds"]
    rows = []
    for result in results:
        metrics = result["metrics"]
        by_label = {metric.label: score(metrics["test"][metric.name]) for metric in shown_metrics(metrics)}
        name, best = headline(metrics), metrics.get("best_reference")
        reference = metrics["references"][best] if best else None
        rows.append(
            [
                result["name"],
                f"{metrics['dataset']}, {metrics['protocol']}",
                *(by_label.get(label, "") for label in labels),
                f"{metrics['train'][name]['mean']:.3f}",
                f"{reference[name]['mean']:.3f} {reference_label(best, reference)}" if reference else "",
                f"{len(metrics['seeds'])}",
            ]
        )
    return header, rows


def _tests(content: Mapping[str, Any]) -> Table:
    header = ["minus " + content["results"][0]["name"], "figure", "points", "95 %", "p", "p (Holm)"]
    rows = [
        [
            test["result"],
            *cells_of_test(test),
        ]
        for test in content["tests"]
    ]
    return header, rows


def _settings(results: list[dict[str, Any]]) -> Table:
    """Return the settings that differ; an empty cell is the default."""
    paths = list(dict.fromkeys(path for result in results for path in result["changes"]))
    rows = [
        [path, *(plain(result["changes"][path]) if path in result["changes"] else "" for result in results)]
        for path in paths
    ]
    features = [", ".join(result["metrics"]["features"]) for result in results]
    rows = ([["features", *features]] if len(set(features)) > 1 else []) + rows
    return ["setting", *(result["name"] for result in results)], rows


def _classes(results: list[dict[str, Any]]) -> Table:
    """Return the recall of each class."""
    each = [result["metrics"]["test"]["per_class"] for result in results]
    names = sorted({name for classes in each for name in classes})
    rows = [[name, *(percent(own[name]["recall"]) if name in own else "" for own in each)] for name in names]
    return ["class: recall", *(result["name"] for result in results)], rows


def _warnings(content: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    own = [
        (result["name"], *text.partition(": ")[::2])
        for result in content["results"]
        for text in result["metrics"]["warnings"]
    ]
    return own + [("these", *text.partition(": ")[::2]) for text in content["warnings"]]
