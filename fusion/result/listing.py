"""Every result in a folder, with what tells it from the others: for `fusion results`, its index and Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fusion.errors import FusionError, did_you_mean, telling_damage
from fusion.evaluation.label_task import recorded_task
from fusion.result.folder import ResultFolder, of_older_method
from fusion.settings.changes import changed

PAGES = {
    **{name: f"{name}.html" for name in ("report", "ablation", "curve", "stress")},
    "search": "search/report.html",
}
"""Pages that may lie beside metrics.json, and their files."""

_SHOWN = ("experiment", "digest", "dataset", "protocol", "features", "metric", "warnings", "date", "data")


def list_results(top: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return every result in a folder, by experiment and date.

    Parameters
    ----------
    top : Path
        With ``<experiment>/<digest>/metrics.json`` below it.

    Returns
    -------
    rows : list of dict
        ``experiment, digest, dataset, protocol, features, metric, mean, low, high, seeds, folder, warnings`` (their
        fixed words), ``reference`` (the best one that was fitted), ``reference_mean, data`` (name of the folder,
        or sample), ``rendered, date, changes`` (settings that differ from the defaults, by dotted path) and ``pages``
        that lie beside metrics.json.
    damaged : list of str
        What is wrong with those that cannot be listed.

    Raises
    ------
    FusionError
        If there is no such folder.
    """
    if not top.is_dir():
        raise FusionError(f"{top}: no such folder")
    rows, damaged = [], []
    for path in sorted(top.glob("*/*/metrics.json")):
        try:
            rows.append(_row(ResultFolder(path.parent)))
        except FusionError as error:
            damaged.append(str(error))
    return sorted(rows, key=lambda row: (row["experiment"], row["date"])), damaged


def _row(result: ResultFolder) -> dict[str, Any]:
    metrics, folder = result.finished(), result.folder
    with telling_damage(folder / "metrics.json"):
        name = recorded_task(metrics["test"]).headline.name
        score, old = metrics["test"][name], of_older_method(metrics)  # an older interval is by another method
        best = metrics.get("best_reference")
        row = {key: metrics[key] for key in ("experiment", "digest", "dataset", "protocol")}
        if not all(isinstance(text, str) for text in (*row.values(), *metrics["features"])):
            raise TypeError("names of what it is of are no text")
        row |= {"features": list(metrics["features"]), "metric": name, "mean": score["mean"]}
        row |= {end: None if old else score[end] for end in ("low", "high")}
        words = [text.split(":")[0] for text in metrics["warnings"]] + (["older-method"] if old else [])
        row |= {"seeds": len(metrics["seeds"]), "folder": str(folder), "warnings": list(dict.fromkeys(words))}
        row |= {"reference": best, "reference_mean": metrics["references"][best][name]["mean"] if best else None}
        row |= {"data": "sample" if metrics["sample"] else _data(result), "rendered": metrics.get("rendered", False)}
    return {
        **row,
        "date": str(result.environment().get("date", ""))[:10],
        "changes": changed(result.settings()),
        "pages": [name for name, path in PAGES.items() if (folder / path).is_file()],
    }


def _data(result: ResultFolder) -> str:
    return Path(str(result.environment().get("data") or "")).name


def chosen(rows: Sequence[dict[str, Any]], wanted: Iterable[str]) -> list[dict[str, Any]]:
    """Return the results for which each ``key=value`` holds.

    Parameters
    ----------
    rows : sequence of dict
        As `list_results` gives them.
    wanted : iterable of str
        ``features=mfcc,tonnetz``: a result with these, and perhaps others; ``warnings=few-groups``: one that has it;
        ``dataset=irmas`` and the like; ``training.epochs=20``: a setting, whose default is not known here.

    Raises
    ------
    FusionError
        For a text that is no ``key=value``, or a key that no result has.
    """
    kept = list(rows)
    for text in wanted:
        key, equals, value = text.partition("=")
        paths = {path for row in rows for path in row["changes"]}
        if not equals or (rows and key not in _SHOWN and key not in paths):
            known = f"{', '.join(_SHOWN)} or a setting that some result here changes"
            hint = did_you_mean(key, [*_SHOWN, *paths])
            raise FusionError(f"--where {text}: should be key=value with {known}{hint}")
        kept = [row for row in kept if _holds(row, key, value)]
    return kept


def _holds(row: dict[str, Any], key: str, value: str) -> bool:
    if key == "features":
        return set(row["features"]) >= {name.strip() for name in value.split(",")}
    if key == "warnings":
        return value in row["warnings"]
    known = {**row["changes"], **{name: row[name] for name in _SHOWN}}
    return key in known and value in (str(known[key]), json.dumps(known[key]))


def ordered(rows: Sequence[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return results by ``experiment``, ``date``, ``figure`` (the best first), ``features`` or a setting's path.

    Raises
    ------
    FusionError
        For a key that no result has.
    """
    if key == "figure":
        return sorted(rows, key=lambda row: -row["mean"])
    if key in _SHOWN:
        return sorted(rows, key=lambda row: str(row[key]))
    if rows and not any(key in row["changes"] for row in rows):
        raise FusionError(f"--sort {key}: should be figure, {', '.join(_SHOWN)} or a setting that some result changes")
    return sorted(rows, key=lambda row: (key not in row["changes"], json.dumps(row["changes"].get(key))))


def differences(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what all results change alike, and what each changes beside that.

    Returns
    -------
    dict
        Settings with the same value in all results, by dotted path; empty for a single result.
    list of dict
        The others of each, the rarest first.
    """
    if len(rows) < 2:
        return {}, [dict(row["changes"]) for row in rows]
    each = [row["changes"] for row in rows]
    alike = {
        path: value
        for path, value in each[0].items()
        if all(path in changes and changes[path] == value for changes in each)
    }
    shared = Counter((path, json.dumps(value)) for changes in each for path, value in changes.items())
    rare = [sorted(changes.items(), key=lambda change: shared[change[0], json.dumps(change[1])]) for changes in each]
    return alike, [{path: value for path, value in changes if path not in alike} for changes in rare]
