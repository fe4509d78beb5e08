"""What a stress test says in words: what breaks the network first, and which feature moves most there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fusion.evaluation.metric import metric_label
from fusion.report.wording import looks_text, points_text, score, significant
from fusion.sound.graded import GRADED


def point_text(kind: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    """Return at which level a share is lost: ``18 dB``, ``before 40 dB``, ``not by 0 dB`` or ``unknown``.

    Parameters
    ----------
    kind : dict
        One of the distortions of stress.json.
    point : dict
        Its ``tenth`` or ``half``, or an end of that one's interval.
    """
    levels = [row for row in kind["levels"] if row["lost"] is not None]
    if not levels:
        return "unknown"
    if point["position"] is None:
        return f"not by {levels[-1]['level']:g} {kind['unit']}"
    if point["level"] is None:
        return f"before {levels[0]['level']:g} {kind['unit']}"
    level = float(f"{point['level']:.2g}") if abs(point["level"]) < 100 else round(point["level"])
    return f"{level:g} {kind['unit']}"


def ends_text(kind: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    """Return the 95 % interval of such a level, ``[31 dB, not by 0 dB]``; empty where it is not known."""
    ends = [end for end in (point.get("earliest"), point.get("latest")) if end]  # an older fusion has none
    return f"[{', '.join(point_text(kind, end) for end in ends)}]" if ends else ""


def depth(kind: Mapping[str, Any], point: Mapping[str, Any] | None) -> float | None:
    """Return how far a level lies on the way from no distortion, 0, to the most severe level, 1; None: beyond it."""
    return None if point is None or point["position"] is None else point["position"] / _levels(kind)


def by_weakness(kinds: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the numbers of distortions, the one first that costs a half, or else a tenth, at the mildest level."""
    places = [[depth(kind, kind[share]) for share in ("half", "tenth")] for kind in kinds]
    return sorted(range(len(kinds)), key=lambda number: [2.0 if d is None else d for d in places[number]])


def telling_level(kind: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the level nearest to where a half is lost, or else the most severe one; None where all are silent."""
    levels = [row for row in kind["levels"] if row["mean"] is not None]
    half = kind["half"]
    if not levels or half["position"] is None:
        return levels[-1] if levels else None
    if half["level"] is None:
        return levels[0]
    scale = math.log if GRADED[kind["name"]].log else float
    return min(levels, key=lambda row: abs(scale(row["level"]) - scale(half["level"])))


def _levels(kind: Mapping[str, Any]) -> int:
    return max(1, sum(row["lost"] is not None for row in kind["levels"]))


def stress_rows(result: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row a distortion: name, where a tenth and a half are lost, the figures, whether it was trained with."""
    return [
        (
            kind["name"],
            point_text(kind, kind["tenth"]),
            point_text(kind, kind["half"]),
            " ".join("-" if row["mean"] is None else f"{row['mean']:.2f}" for row in kind["levels"]),
            "yes" if kind["trained"] else "",
        )
        for kind in result["distortions"]
    ]


def stress_answer(result: Mapping[str, Any]) -> str:
    """Return in one sentence what breaks the network first, and at which level."""
    kinds = result["distortions"]
    if result["clean"]["mean"] <= result["chance"]:
        return "The network is not above chance on the clips as they are, so it has no advantage to lose."
    first = kinds[by_weakness(kinds)[0]]
    halves = sum(kind["half"]["position"] is not None for kind in kinds)
    share, count = "half" if halves else "tenth", len(kinds)
    point = first[share]
    if point["position"] is None:
        whose = "any distortion" if count > 1 else first["name"]
        return f"No level of {whose} costs a tenth of the network's advantage over chance."
    alone = str(first["name"]).capitalize()
    begin = f"Of {count} distortions, {first['name']} breaks the network first" if count > 1 else alone
    where = f"{'before' if point['level'] is None else 'at'} {point_text(first, point).removeprefix('before ')}"
    text = f"{begin}: {'' if halves else 'a '}{share} of its advantage over chance is lost {where}"
    parts = [" ".join(filter(None, [text, ends_text(first, point)]))]
    if not any(_costs(row) for row in first["levels"]):
        parts.append("no level of it is shown to cost more than chance")
    if count > 1:
        parts.append(f"{halves if halves else 'none'} of them {'costs' if halves < 2 else 'cost'} a half")
    return f"{'; '.join(parts)}."


def _costs(row: Mapping[str, Any]) -> bool:
    """Say whether a level is shown to cost something."""
    change = row["change"]
    return bool(change) and significant(change) and change["difference"] < 0


def stress_sentences(result: Mapping[str, Any]) -> list[str]:
    """Return in plain words what a stress test shows, the answer first.

    Parameters
    ----------
    result : dict
        The content of stress.json.
    """
    label = metric_label(result["metric"])
    sentences = [
        stress_answer(result),
        f"As they are, the {result['clips']} test clips give {label} {score(result['clean'])}; chance is "
        f"{result['chance']:.3f}.",
    ]
    rows = [(kind, row) for kind in result["distortions"] for row in kind["levels"] if row["change"]]
    shown = [(kind, row) for kind, row in rows if _costs(row)]
    if shown:
        kind, row = min(shown, key=lambda pair: pair[1]["change"]["difference"])
        points = points_text(-100 * row["change"]["difference"])
        sentences.append(f"Most is lost with {kind['name']} at {row['level']:g} {kind['unit']}: {points} points.")
    elif rows and all(row["change"]["p"] is None for _, row in rows):
        sentences.append(f"Whether it changes more than by chance cannot be told: {rows[0][1]['change']['why']}.")
    else:
        sentences.append("No level of any distortion is shown to cost anything, after Holm.")
    return [*sentences, *_shifts(result), *filter(None, [looks_text(result)])]


def _shifts(result: Mapping[str, Any]) -> list[str]:
    """Say which feature moves most where a half of the advantage is lost."""
    sentences = []
    for kind in result["distortions"]:
        row = telling_level(kind)
        if row is None or kind["half"]["position"] is None:
            continue
        name, shift = max(row["shift"].items(), key=lambda pair: pair[1] or 0.0)
        sentences.append(
            f"At {row['level']:g} {kind['unit']}, the level nearest to where {kind['name']} costs a half, {name} moves "
            f"most: by {shift:.1f} standard deviations."
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
    by_result: dict[str, list[str]] = {first: [], second: [], "": []}
    for breaks in comparison["breaks"]:
        by_result[breaks["first"] or ""].append(breaks["name"])
    sentences = [
        f"{digest} breaks first with {', '.join(names)}." for digest, names in by_result.items() if digest and names
    ]
    if by_result[""]:
        sentences.append(f"Neither is shown to break first with {', '.join(by_result[''])}.")
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
            *(
                point_text(kind, kind[share])
                for share in ("tenth", "half")
                for kind in (result["distortions"][number] for result in results)
            ),
            breaks["first"] or "",
        )
        for number, breaks in enumerate(comparison["breaks"])
    ]
