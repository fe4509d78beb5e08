"""What a stress test says in words: what breaks the network first, and which feature moves most there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fusion.evaluation.metric import metric_label
from fusion.report.wording import looks_text, points_text, score, significant


def point_text(kind: Mapping[str, Any], share: str) -> str:
    """Return at which level a share is lost: ``18 dB``, ``before 40 dB``, ``not by 0 dB`` or ``unknown``."""
    levels = [row for row in kind["levels"] if row["lost"] is not None]
    point = kind[share]
    if not levels:
        return "unknown"
    if point["position"] is None:
        return f"not by {levels[-1]['level']:g} {kind['unit']}"
    if point["level"] is None:
        return f"before {levels[0]['level']:g} {kind['unit']}"
    level = point["level"]
    return f"{level:.0f} {kind['unit']}" if abs(level) >= 100 else f"{level:.2g} {kind['unit']}"


def stress_rows(result: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a distortion: name, where a tenth and a half are lost, the figures, whether it was trained with."""
    return [
        (
            kind["name"],
            point_text(kind, "tenth"),
            point_text(kind, "half"),
            " ".join("-" if row["mean"] is None else f"{row['mean']:.2f}" for row in kind["levels"]),
            "yes" if kind["trained"] else "",
        )
        for kind in result["distortions"]
    ]


def stress_sentences(result: Mapping[str, Any]) -> list[str]:
    """Return in plain words what a stress test shows.

    Parameters
    ----------
    result : dict
        The content of stress.json.
    """
    label = metric_label(result["metric"])
    sentences = [
        f"As they are, the {result['clips']} test clips give {label} {score(result['clean'])}; chance is "
        f"{result['chance']:.3f}."
    ]
    rows = [(kind, row) for kind in result["distortions"] for row in kind["levels"] if row["change"]]
    shown = [(kind, row) for kind, row in rows if significant(row["change"]) and row["change"]["difference"] < 0]
    if shown:
        kind, row = min(shown, key=lambda pair: pair[1]["change"]["difference"])
        points = points_text(-100 * row["change"]["difference"])
        sentences.append(f"Most is lost with {kind['name']} at {row['level']:g} {kind['unit']}: {points} points.")
    else:
        sentences.append("No level of any distortion is shown to change it, after Holm.")
    return [*sentences, *_shifts(result), *filter(None, [looks_text(result)])]


def _shifts(result: Mapping[str, Any]) -> list[str]:
    """Say which feature moves most where a half of the advantage is lost."""
    sentences = []
    for kind in result["distortions"]:
        position = kind["half"]["position"]
        if position is None:
            continue
        levels = [row for row in kind["levels"] if row["lost"] is not None]
        row = levels[min(max(1, round(position)), len(levels)) - 1]
        name, shift = max(row["shift"].items(), key=lambda pair: pair[1] or 0.0)
        sentences.append(
            f"Where {kind['name']} costs a half, at {row['level']:g} {kind['unit']}, {name} moves most: by "
            f"{shift:.1f} standard deviations."
        )
    return sentences


def comparison_sentences(comparison: Mapping[str, Any]) -> list[str]:
    """Return which of two results breaks first, distortion by distortion.

    Parameters
    ----------
    comparison : dict
        As `fusion stress A B --json` prints it.
    """
    first, second = (result["digest"] for result in comparison["results"])
    by_result: dict[str | None, list[str]] = {first: [], second: [], None: []}
    for breaks in comparison["breaks"]:
        by_result[breaks["first"]].append(breaks["name"])
    sentences = [
        f"{digest} breaks first with {', '.join(names)}." for digest, names in by_result.items() if digest and names
    ]
    if by_result[None]:
        sentences.append(f"Neither breaks first with {', '.join(by_result[None])}.")
    shown = [test for test in comparison["tests"] if significant(test)]
    sentences += [f"{_where(test)}: {first} minus {second} is {_points(test)} points." for test in shown]
    if not shown:
        sentences.append("No level shows a difference between the two, after Holm.")
    return sentences


def _where(test: Mapping[str, Any]) -> str:
    return "As they are" if test["name"] is None else f"{test['name']} {test['level']:g}"


def _points(test: Mapping[str, Any]) -> str:
    low, high = (f"{100 * test[end]:+.1f}" for end in ("low", "high"))
    return f"{100 * test['difference']:+.1f} [{low}, {high}]"


def comparison_rows(comparison: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a distortion: where each result has lost a tenth and a half, and which breaks first."""
    results: Sequence[Mapping[str, Any]] = comparison["results"]
    return [
        (
            breaks["name"],
            *(point_text(result["distortions"][number], share) for share in ("tenth", "half") for result in results),
            breaks["first"] or "",
        )
        for number, breaks in enumerate(comparison["breaks"])
    ]
