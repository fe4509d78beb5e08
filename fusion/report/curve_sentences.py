"""What a learning curve says in words: what doubling the training groups brings, and how far that may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.report.study_sentences import signed
from fusion.report.wording import looks_text, points_text, significant

EXTRAPOLATION = (
    "A line beyond the last point is a guess: trust it for one more doubling at most. The intervals are over test "
    "groups and seeds; other training groups (dataset.subset_seed) would give another line."
)
"""What stands wherever a line is shown."""


def curve_sentences(curve: Mapping[str, Any]) -> list[str]:
    """Return in plain words what the points and the lines show.

    Parameters
    ----------
    curve : dict
        The content of curve.json.
    """
    sentences: list[str] = []
    for arm in curve["arms"]:
        label = f"{arm['name']}: " if len(curve["arms"]) > 1 else ""
        *_, step = (step for step in curve["steps"] if step["arm"] == arm["name"])
        fits = [fit for fit in curve["fits"] if fit["arm"] == arm["name"]]
        texts = [_last(step, metric_label(arm["metric"]))]
        if fits:
            texts = [_slope(fits[0], arm), *texts, _bend(fits[0]), _ahead(fits[0], arm)]
        sentences += [f"{label}{text}" if label else text[0].upper() + text[1:] for text in texts]
    sentences += [_apart(test) for test in curve["tests"]]
    guess = [EXTRAPOLATION] if curve["fits"] else []
    return [*sentences, *guess, *filter(None, [looks_text(curve)])]


def _slope(fit: Mapping[str, Any], arm: Mapping[str, Any]) -> str:
    first, last = (arm["points"][place]["groups"] for place in (0, -1))
    verdict = "more than chance" if significant(fit) else "not shown to change anything"
    brought = f"brought {signed(fit['slope'])} points of {metric_label(arm['metric'])} on average"
    return f"doubling the training groups {brought} from {first} to {last} ({_evidence(fit)}): {verdict}."


def _last(step: Mapping[str, Any], metric: str) -> str:
    before, after = step["groups"]
    each = "" if after == 2 * before else f", {signed(step['a_doubling'])} a doubling"
    verdict = "more than chance" if significant(step) else "not shown to differ"
    return (
        f"the last step, from {before} to {after}, brought {signed(step['difference'])} points of {metric}{each} "
        f"({_evidence(step)}): {verdict}."
    )


def _bend(fit: Mapping[str, Any]) -> str:
    bend = fit["bend"]
    less, points = bend["difference"] < 0, points_text(abs(100 * bend["difference"]))
    step = f"that is {points} points a doubling {'less' if less else 'more'} than the line"
    if bend["p"] is None:
        return f"{step}; whether the curve bends cannot be told."
    if significant(bend):
        shape = "flattens, and the line promises too much" if less else "steepens, and the line promises too little"
        return f"{step} ({_evidence(bend)}): the curve {shape}."
    near = f"the points lie within {points_text(100 * fit['residual'])} points of the line"
    return f"{step} ({_evidence(bend)}): no bend is shown, which few points can hardly show; {near}."


def _ahead(fit: Mapping[str, Any], arm: Mapping[str, Any]) -> str:
    ahead, metric = fit["ahead"], metric_label(arm["metric"])
    if ahead["value"] > 1:
        return f"with {ahead['groups']} training groups the line is above 100 % of {metric}, so it cannot go on."
    interval = "" if ahead["low"] is None else f" [{100 * ahead['low']:.1f}, {100 * ahead['high']:.1f}]"
    flat = significant(fit["bend"]) and fit["bend"]["difference"] < 0
    caution = "; less is likely, since the last step brought less than the line has" if flat else ""
    return (
        f"with {ahead['groups']} training groups, where nothing was measured, the line has "
        f"{points_text(100 * max(ahead['value'], 0))} %{interval} of {metric}{caution}."
    )


def _apart(test: Mapping[str, Any]) -> str:
    verdict = "more than chance" if significant(test) else "not shown to differ"
    return (
        f"A doubling brings {test['arm']} {signed(test['difference'])} points more than {test['before']} "
        f"({_evidence(test)}): {verdict}."
    )


def _evidence(test: Mapping[str, Any]) -> str:
    if test["low"] is None:
        return f"no interval and no p: {test['why']}"
    holm = f"{p_text(test['p_holm'])} after Holm" if "p_holm" in test else p_text(test["p"])
    return f"95 % interval {signed(test['low'])} to {signed(test['high'])}, {holm}"
