"""What can be said of an ablation in words: of each test, and of the Shapley values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.estimate import ONE_SEED
from fusion.evaluation.metric import metric_label
from fusion.report.wording import arm_names, looks_text, points_text, significant, with_article

_TINY = 0.05  # points: less is 0.0 when rounded
_MANY = 3  # so many that are not shown to matter share a sentence


def ablation_sentences(ablation: Mapping[str, Any]) -> list[str]:
    """Return in plain words what the tests and the Shapley values show.

    Parameters
    ----------
    ablation : dict
        The content of ablation.json.

    Returns
    -------
    list of str
        Why nothing was tested, if so; one for each arm, the largest loss first, and one for all that are not shown
        to matter where these are three or more; one of the Shapley values, and how often the test clips were scored.
    """
    alone = ablation["mode"] == "only-one"  # the strongest first, there and here
    tests = sorted(ablation["tests"], key=lambda test: test["difference"], reverse=not alone)
    describe = _alone if alone else _without
    weak = [test for test in tests if test["low"] is not None and not significant(test)]
    if alone or untested(ablation) or len(weak) < _MANY:
        weak = []
    sentences = [describe(ablation, test) for test in tests if test not in weak]
    sentences += [_not_shown(ablation, weak)] if weak else []
    shares = [_shares(ablation)] if ablation["shapley"] else []
    return [*filter(None, [untested(ablation)]), *sentences, *shares, *filter(None, [looks_text(ablation)])]


def untested(ablation: Mapping[str, Any]) -> str:
    """Return why no difference was tested, as a sentence; empty where one was."""
    if not ablation["tests"] or any(test["p_holm"] is not None for test in ablation["tests"]):
        return ""
    why = ablation["tests"][0]["why"]
    needs = ": that takes several seeds (--seeds 3)" if why == ONE_SEED else f"; {why}"
    return f"Differences are not tested{needs}."


def _without(ablation: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    names, points = _listed(test["without"]), 100 * test["difference"]
    metric = metric_label(ablation["metric"])
    doing = "Masking" if ablation["mode"] == "mask" else "Leaving out"
    if _rounds_to_nothing(points):
        change = f"changes {metric} by less than 0.1 points" if test["difference"] else f"leaves {metric} as it is"
    else:
        change = f"{'costs' if points > 0 else 'gains'} {_points(abs(points))} of {metric}"
    if untested(ablation):
        return f"{doing} {names} {change}."
    evidence = _evidence(test, len(ablation["tests"]), reverse=points < 0 and not _rounds_to_nothing(points))
    if not significant(test):
        verdict = "not shown to matter"
    else:
        verdict = f"shown to matter on these {ablation['groups']} test groups"
    return f"{doing} {names} {change} ({evidence}): {verdict}."


def _not_shown(ablation: Mapping[str, Any], tests: Sequence[Mapping[str, Any]]) -> str:
    which = "None is" if len(tests) == len(ablation["tests"]) else f"The other {len(tests)} are not"
    smallest = min(test["p_holm"] for test in tests)
    evidence = f"{p_text(smallest)}{' or more' if smallest < 1 else ''} after Holm"
    doing = "masking one" if ablation["mode"] == "mask" else "leaving one out"
    costs = [
        f"{_listed(test['without'])} {points_text(100 * test['difference'])} "
        f"({'' if number else '95 % interval '}{_interval(test['low'], test['high'])})"
        for number, test in enumerate(tests)
    ]
    metric = metric_label(ablation["metric"])
    return f"{which} shown to matter ({evidence}): {doing} costs, in points of {metric}, {_listed(costs)}."


def _alone(ablation: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    arm = next(arm for arm in ablation["arms"] if arm["features"] == test["features"])
    points = 100 * test["difference"]
    alone = arm_names(ablation, test["features"])
    count = len(alone) + len(test["without"])
    noun = (
        "groups of features"
        if max(map(len, ablation.get("feature_groups", {}).values()), default=1) > 1
        else "features"
    )
    whole = f"both {noun}" if count == 2 else f"all {count} {noun}"
    if _rounds_to_nothing(points):
        change = f"less than 0.1 points from {whole}" if test["difference"] else f"the same as {whole}"
    else:
        change = f"{_points(abs(points))} {'less' if points > 0 else 'more'} than {whole}"
    metric = metric_label(ablation["metric"])
    reached = f"{_listed(alone)} alone reaches {with_article(metric)} of {points_text(100 * arm['mean'])} %"
    if untested(ablation):
        return f"{reached}, {change}."
    evidence = _evidence(test, len(ablation["tests"]), reverse=points < 0 and not _rounds_to_nothing(points))
    if not significant(test):
        verdict = "not shown to differ"
    else:
        verdict = f"shown to differ on these {ablation['groups']} test groups"
    return f"{reached}, {change} ({evidence}): {verdict}."


def _shares(ablation: Mapping[str, Any]) -> str:
    rows = sorted(ablation["shapley"].items(), key=lambda item: -item[1]["value"])
    parts = []
    for number, (name, row) in enumerate(rows):
        interval = "no interval" if row["low"] is None else _interval(row["low"], row["high"])
        named = f"95 % interval {interval}" if not number and row["low"] is not None else interval
        verb = " brings" if not number else ""
        parts.append(f"{name}{verb} {points_text(100 * row['value'])} ({named})")
    whole = 100 * sum(row["value"] for _, row in rows)
    metric, shares = metric_label(ablation["metric"]), _listed(parts)
    if whole > 0 and not _rounds_to_nothing(whole):
        return f"Of the {_points(whole)} of {metric} above chance, {shares}."
    apart = "less than 0.1 points from chance" if _rounds_to_nothing(whole) else f"{_points(-whole)} less than chance"
    return f"The {metric} of all features is {apart}; of these {points_text(whole)}, {shares}."


def _evidence(test: Mapping[str, Any], tests: int, reverse: bool) -> str:
    """Return the interval, of the gain if `reverse`, and p."""
    if test["low"] is None:
        return f"no interval and no p: {test['why']}"
    ends = (-test["high"], -test["low"]) if reverse else (test["low"], test["high"])
    return f"95 % interval {_interval(*ends)}, {p_text(test['p_holm'])}{' after Holm' if tests > 1 else ''}"


def _rounds_to_nothing(points: float) -> bool:
    return abs(points) < _TINY


def _points(points: float) -> str:
    text = points_text(points)
    return f"{text} point{'' if text == '1.0' else 's'}"


def _interval(low: float, high: float) -> str:
    return f"{points_text(100 * low)} to {points_text(100 * high)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
