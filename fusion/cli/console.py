"""What the command line prints: tables of results, of a data set's counts, of features."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.table import Table

from fusion.cli.terminal import Console
from fusion.evaluation.label_task import recorded_task
from fusion.evaluation.metric import metric_label
from fusion.report.study_sentences import step_sentence
from fusion.report.study_tables import short_table, study_warnings
from fusion.report.wording import ABOUT_INTERVALS, HOW_TESTED, arm_label, looks_text, score, shown_metrics, table
from fusion.result.compare import sentence
from fusion.result.folder import of_older_method
from fusion.runtime.names import in_spreadsheet
from fusion.search.trials import DIRECTIONS
from fusion.studies.prediction import Prediction

if TYPE_CHECKING:
    from fusion.api.result import Result

_BEST = 5  # trials shown
_CHANGED = 10  # clips shown


def print_features(features: list[dict[str, Any]], lists: Mapping[str, Iterable[str]]) -> None:
    """Print the registry, then the named lists of features."""
    grid = Table(caption="shape: of a 4 s clip at 16 kHz with default parameters; fusion features NAME shows them")
    for column in ("feature", "shape", "what", "from"):
        grid.add_column(column, overflow="fold")
    for entry in features:
        origin = "built in" if entry["origin"].startswith("fusion_features.") else entry["origin"]
        grid.add_row(entry["name"], _shape(entry), entry.get("error") or entry["summary"], origin)
    console = Console()
    console.print(grid)
    for name, listed in lists.items():
        console.print(f"{name}: {', '.join(listed)}")


def print_feature(entry: dict[str, Any]) -> None:
    """Print one feature: what it is, its parameters, its shape."""
    console = Console()
    console.print(f"{entry['name']}, version {entry['version']}, from {entry['origin']}\n")
    console.print(entry["documentation"] + "\n")
    grid = Table(title="parameters", title_justify="left")
    for column in ("name", "default", "meaning and unit"):
        grid.add_column(column, overflow="fold")
    for parameter in entry["parameters"]:
        default = "null" if parameter["default"] is None else json.dumps(parameter["default"])
        grid.add_row(parameter["name"], default, parameter["description"])
    console.print(grid)
    console.print(f"shape for a 4 s clip at 16 kHz: {entry.get('error') or _shape(entry)}")


def _shape(entry: dict[str, Any]) -> str:
    if "needs" in entry:
        return f"by {', '.join(entry['needs'])}"
    return "broken" if "error" in entry else f"({', '.join(map(str, entry['shape']))})"


def print_result(result: Result, as_json: bool) -> None:
    """Print the network, its reference models and the warnings of a result, or its metrics as JSON; then its folder."""
    metrics = result.metrics
    if as_json:
        print(json.dumps(metrics, indent=2))
        return
    console = Console()
    grid = Table(title=f"{metrics['experiment']}: {metrics['dataset']}, protocol {metrics['protocol']}, test")
    for column in ("", *(metric.label for metric in shown_metrics(metrics))):
        grid.add_column(column, no_wrap=bool(column))
    for row in table(metrics):
        grid.add_row(*row, style="bold" if row[0] == "network" else None)
    console.print(grid)
    console.print(ABOUT_INTERVALS)
    if why := metrics["test"][shown_metrics(metrics)[0].name].get("why"):
        console.print(f"no interval: {why}")
    if of_older_method(metrics):
        console.print("! older-method: intervals of an older fusion are left out; `fusion report` computes them anew")
    for warning in metrics["warnings"]:
        console.print(f"! {warning}")
    print(result.folder)


def print_results(lines: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print a list of results: a line each, and what is said of it below."""
    console = Console()
    for line, below in lines:
        console.print(line, style="bold", soft_wrap=True)
        for text in below:
            console.print(Padding(text, (0, 0, 0, 4)))


def print_ablation(ablation: dict[str, Any], sentences: Sequence[str]) -> None:
    """Print the arms of an ablation, best first, and what its tests say."""
    console = Console()
    label = metric_label(ablation["metric"])
    grid = Table(title=f"{ablation['experiment']}: {ablation['mode']}, {ablation['groups']} test groups")
    for column in ("features", label, "95 %"):
        grid.add_column(column, overflow="fold", no_wrap=column != "features")
    most = max(len(arm["features"]) for arm in ablation["arms"])
    for arm in sorted(ablation["arms"], key=lambda arm: -arm["mean"]):
        interval = "" if arm["low"] is None else f"[{arm['low']:.3f}, {arm['high']:.3f}]"
        spread = "" if arm["std"] is None else f" ± {arm['std']:.3f}"
        style = "bold" if len(arm["features"]) == most else None
        grid.add_row(arm_label(ablation, arm["features"]), f"{arm['mean']:.3f}{spread}", interval, style=style)
    console.print(grid)
    for text in (*sentences, *(f"! {warning}" for warning in ablation["warnings"])):
        console.print(text)


def print_curve(curve: dict[str, Any], sentences: Sequence[str]) -> None:
    """Print the points of a learning curve, and what they say."""
    console = Console()
    tested = " or ".join(dict.fromkeys(str(arm["test_groups"]) for arm in curve["arms"]))
    grid = Table(title=f"{curve['experiment']}: {tested} test groups")
    labels = dict.fromkeys(metric_label(arm["metric"]) for arm in curve["arms"])
    for column in ("", "training groups", "clips", " or ".join(labels)):
        grid.add_column(column, overflow="fold")
    for arm in curve["arms"]:
        for point in arm["points"]:
            grid.add_row(arm["name"], str(point["groups"]), str(point["clips"]), score(point))
    console.print(grid)
    console.print(ABOUT_INTERVALS)
    for text in (*sentences, *(f"! {warning}" for warning in curve["warnings"])):
        console.print(text)


def print_study(content: dict[str, Any]) -> None:
    """Print the arms of a study, what its tests say, and warnings."""
    console = Console()
    header, rows = short_table(content)
    grid = Table(*header, title=f"{content['study']}: {content['question']}", title_justify="left")
    for row in rows:
        grid.add_row(*row)
    console.print(grid)
    for text in (*map(step_sentence, content["tests"]), *(f"! {warning}" for warning in study_warnings(content))):
        console.print(text)


def print_comparison(comparison: dict[str, Any]) -> None:
    """Print the metrics of two results, what their difference shows, and the clips that changed most."""
    console = Console()
    title = f"{comparison['clips']} clips in {comparison['groups']} groups"
    grid = Table("", "first", "second", "difference", "95 %", title=title)
    for metric in recorded_task(comparison).shown("headline", "table"):
        row = comparison[metric.name]
        interval = "" if row["low"] is None else f"[{row['low']:+.3f}, {row['high']:+.3f}]"
        values = (f"{row['first']:.3f}", f"{row['second']:.3f}", f"{row['difference']:+.3f}")
        grid.add_row(metric.label, *values, interval)
    console.print(grid)
    console.print(f"{sentence(comparison)}. Intervals and p are over groups and seeds; {HOW_TESTED}")
    for text in (*filter(None, [looks_text(comparison)]), *(f"! {warning}" for warning in comparison["warnings"])):
        console.print(text)
    changed = sorted(comparison["changed"], key=lambda clip: (-abs(clip["second"] - clip["first"]), clip["clip"]))
    most = f"; the {_CHANGED} that changed most:" if len(changed) > _CHANGED else ":" if changed else ""
    console.print(f"{len(changed)} clips changed{most}")
    share = "mean F1 of its labels" if recorded_task(comparison).several else "of seeds right"
    for clip in changed[:_CHANGED]:
        first, second = (f"{100 * clip[which]:.0f} %" for which in ("first", "second"))
        console.print(f"  {clip['clip']} ({clip['true']}): first {first}, second {second} {share}")


def print_trials(content: dict[str, Any]) -> None:
    """Print the best trials of a search."""
    trials = content["trials"]
    scored = [trial for trial in trials if trial["score"] is not None]
    if not scored:
        return
    objective = content["search"]["objective"]
    sign = 1 if DIRECTIONS[objective] == "max" else -1
    count = sum(trial["number"] > 0 for trial in trials)
    grid = Table(title=f"best of {count} trials ({len(trials) - len(scored)} without a score)")
    for column in ("trial", objective, *content["search"]["space"]):
        grid.add_column(column, overflow="fold")
    ranked = sorted(scored, key=lambda trial: -sign * trial["score"])
    for trial in [*ranked[:_BEST], *(trial for trial in ranked[_BEST:] if not trial["number"])]:
        grid.add_row(
            str(trial["number"] or "own"),
            f"{trial['score']:.3f}",
            *(json.dumps(value) for value in trial["values"].values()),
        )
    console = Console()
    console.print(grid, *(f"! {warning}" for warning in content["warnings"]), sep="\n")


def print_audit(report: dict[str, Any], noun: str) -> None:
    """Print the counts of a data set and its warnings."""
    console = Console()
    splits = list(report["clips"])
    grid = Table("class", title=f"{report['dataset']}, protocol {report['protocol']}: clips")
    for split in splits:
        grid.add_column(split, justify="right")
    for label in sorted({label for counts in report["classes"].values() for label in counts}):
        grid.add_row(label, *(str(report["classes"][split].get(label, 0)) for split in splits))
    grid.add_section()
    grid.add_row("all", *(str(report["clips"][split]) for split in splits))
    grid.add_row(noun, *(str(report["groups"][split]) for split in splits))
    grid.add_row(f"{noun} shared with test", *(str(report["shared_groups"].get(split, "")) for split in splits))
    grid.add_row("largest class to smallest", *(str(report["balance"].get(split, "")) for split in splits))
    console.print(grid)
    from fusion.report.audit_page import DUPLICATES

    pairs = ", ".join(f"{DUPLICATES[name]}: {n}" for name, n in report["duplicates"].items() if n is not None)
    console.print(f"pairs of clips: {pairs}")
    for warning in report["warnings"]:
        console.print(f"! {warning}")


def print_predictions(predictions: list[Prediction], form: str, timeline: bool) -> None:
    """Print what networks say of files, as ``table``, ``json`` or ``csv``, of each window where `timeline`."""
    if form == "json":
        print(json.dumps([prediction.content(timeline) for prediction in predictions], indent=2))
        return
    rows = [
        (prediction, start.get("start"), values)
        for prediction in predictions
        for start, values in prediction.rows(timeline)
    ]
    if form == "csv":
        classes = predictions[0].classes if predictions else ()
        writer = csv.writer(sys.stdout)
        writer.writerow(["file", *(["start"] if timeline else []), *map(in_spreadsheet, classes)])
        for prediction, start, values in rows:
            place = (in_spreadsheet(str(prediction.path)), *([start] if timeline else []))
            writer.writerow([*place, *(f"{value:.6g}" for value in values)])
        return
    console = Console()
    for prediction, start, values in rows:
        best = sorted(zip(prediction.classes, values, strict=True), key=lambda pair: -pair[1])
        named = ", ".join(f"{label} {value:.2f}" for label, value in best if value >= 0.005)
        where = str(prediction.path) if start is None else f"{prediction.path} {start:.1f} s"
        heard = ""
        if start is None and prediction.threshold is not None:
            heard = f"; heard, from {prediction.threshold:.2f} on: {', '.join(prediction.heard) or 'none'}"
        console.print(f"{where}: {named}{heard}", soft_wrap=True)
