"""The page of a stress test: what breaks first, at which level, and which features move there."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.report.pages import address, percent, write_page
from fusion.report.plots import save, svg
from fusion.report.stress_plot import plot_breaks, plot_kind, plot_stress
from fusion.report.stress_sentences import (
    by_weakness,
    comparison_sentences,
    ends_text,
    point_text,
    stress_sentences,
    telling_level,
)
from fusion.report.study_sentences import signed
from fusion.report.wording import ABOUT_TESTS, result_path, score, seeds_option

Table = tuple[list[str], list[list[str]]]

_CAPTION = "Where each distortion costs a half of the advantage over chance, from clips as they are to its most severe"


def write(folder: Path, name: str, content: Mapping[str, Any]) -> None:
    """Write ``<name>.html`` and ``<name>.png``.

    Parameters
    ----------
    folder : Path
        The result folder; of two results, the first one's.
    name : str
    content : dict
        The content of stress.json, or of a comparison of two.
    """
    results = content.get("results", [content])
    two = len(results) > 1
    save(plot_stress(results), folder / f"{name}.png")
    kinds = results[0]["distortions"]
    names = [f"{result['experiment']} {result['digest']}" for result in results]
    sentences = comparison_sentences(content) if two else stress_sentences(content)
    label = metric_label(content["metric"])
    write_page(
        folder / f"{name}.html",
        "stress",
        title=f"{' beside '.join(names) if two else results[0]['experiment']}: how fast does it get worse?",
        results=[
            {
                "name": own,
                "page": _page(folder, result, first=number == 0),
                "shifts": _shifts(result),
                "facts": result,
            }
            for number, (own, result) in enumerate(zip(names, results, strict=True))
        ],
        answer=sentences[:2],
        sentences=sentences[2:] + ([text for result in results for text in stress_sentences(result)] if two else []),
        warnings=content["warnings"],
        breaks=_breaks(results, content),
        plot=svg(plot_breaks(results), _CAPTION),
        caption=_CAPTION,
        plots=[
            {
                **{key: kinds[number][key] for key in ("name", "label", "unit")},
                "trained": [own for own, result in zip(names, results, strict=True) if _trained(result, number)],
                "svg": svg(plot_kind(results, number), f"{label} with {kinds[number]['name']}"),
            }
            for number in by_weakness(kinds)
        ],
        levels=_compared(content) if two else _levels(content),
        about_intervals=ABOUT_TESTS,
        command=_command(results),
    )


def _trained(result: Mapping[str, Any], number: int) -> bool:
    return bool(result["distortions"][number]["trained"])


def _breaks(results: Sequence[Mapping[str, Any]], content: Mapping[str, Any]) -> Table:
    """Return where each distortion costs a tenth and a half, what breaks first on top."""
    header = ["distortion"]
    for share in ("half", "tenth"):
        for result in results:
            header += [f"a {share} lost at{'' if len(results) == 1 else ' ' + result['digest']}", "95 %"]
    rows = []
    for number in by_weakness(results[0]["distortions"]):
        kinds = [result["distortions"][number] for result in results]
        row = [kinds[0]["name"]]
        for share in ("half", "tenth"):
            for kind in kinds:
                row += [point_text(kind, kind[share]), ends_text(kind, kind[share])]
        rows.append(row + ([content["breaks"][number]["first"] or ""] if len(results) > 1 else []))
    return [*header, *(["breaks first"] if len(results) > 1 else [])], rows


def _levels(result: Mapping[str, Any]) -> Table:
    """Return every level of every distortion: the figure, its change, what is lost."""
    header = ["distortion", "level", "clips", metric_label(result["metric"])]
    header += ["change, points", "95 % of the change", "p (Holm)", "lost"]
    rows = []
    for kind in result["distortions"]:
        for row in kind["levels"]:
            change = row["change"]
            shown = [score(row), *_difference(change)] if change else ["", "", "", ""]
            rows.append(
                [kind["name"], f"{row['level']:g} {kind['unit']}", f"{row['clips']}", *shown, percent(row["lost"])]
            )
    return header, rows


def _compared(content: Mapping[str, Any]) -> Table:
    """Return both figures at every level, and the first minus the second."""
    results = content["results"]
    units = {kind["name"]: kind["unit"] for kind in results[0]["distortions"]}
    header = [
        "distortion",
        "level",
        *(result["digest"] for result in results),
        "difference, points",
        "95 %",
        "p (Holm)",
    ]
    rows = [
        [
            test["name"] or "none",
            "" if test["name"] is None else f"{test['level']:g} {units[test['name']]}",
            *(f"{test[which]:.3f}" for which in ("first", "second")),
            *_difference(test),
        ]
        for test in content["tests"]
    ]
    return header, rows


def _difference(test: Mapping[str, Any]) -> list[str]:
    interval = "" if test["low"] is None else f"[{signed(test['low'])}, {signed(test['high'])}]"
    p = "" if test["p_holm"] is None else p_text(test["p_holm"]).removeprefix("p ").removeprefix("= ")
    return [signed(test["difference"]), interval, p]


def _page(folder: Path, result: Mapping[str, Any], first: bool) -> str:
    """Return the link to the page of the first result, whose folder it is, or of another; empty if it is not there."""
    beside = folder.resolve().parent.parent / result["experiment"] / result["digest"]
    page = (folder if first else beside) / "report.html"
    return address(page, folder / "stress.html") if page.is_file() else ""


def _shifts(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far each feature moves where a half is lost, or at the most severe level: a table with shares."""
    rows = []
    for number in by_weakness(result["distortions"]):
        kind = result["distortions"][number]
        level = telling_level(kind)
        if level is None:
            continue
        shifts = [level["shift"].get(feature) for feature in result["features"]]
        cells = [{"text": f"{shift:.1f}", "share": min(1.0, shift / 2)} for shift in shifts if shift is not None]
        rows.append({"name": f"{kind['name']}, {level['level']:g} {kind['unit']}", "cells": cells})
    return {"header": result["features"], "rows": rows}


def _command(results: Sequence[Mapping[str, Any]]) -> str:
    folders = " ".join(map(result_path, results))
    kinds = {kind["name"]: [f"{row['level']:g}" for row in kind["levels"]] for kind in results[0]["distortions"]}
    impulse = " --impulse FILE" if "impulse" in kinds else ""
    asked = ",".join(f"{name}={':'.join(levels)}" for name, levels in kinds.items())
    seeds = f" {seeds_option(results[0]['seeds'])}" if "seeds" in results[0] else ""  # an older fusion has none
    named = dict.fromkeys(folder for result in results for folder in result.get("plugins", ()))
    plugins = "".join(f" --plugins {shlex.quote(folder)}" for folder in named)
    return f"fusion stress {folders} --with {asked}{impulse}{seeds}{plugins}"
