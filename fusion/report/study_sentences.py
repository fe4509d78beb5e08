"""What a study says in words: each sentence follows from its numbers, and says no more than they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.evaluation.reference import REFERENCES
from fusion.report.wording import headline, percentage, reference_label, significant


def answer(study: dict[str, Any]) -> list[str]:
    """Return what the study's tests say to its question.

    First what the steps of the arms show that the file names in ``answered_by``; then the best arm, and which steps are
    shown to change the test. Of several tests, the best arm of the one with the most arms is named, of each of them if
    several have as many.
    """
    tests, shown = study["tests"], [test for test in study["tests"] if significant(test)]
    steps = "step" if len(tests) == 1 else "steps"
    if not tests:
        said = ["Nothing was tested: no two arms share their test."]
    elif not shown:
        said = [f"Of {len(tests)} {steps}, none is shown to change the test by more than chance."]
    else:
        changes = "changes" if len(shown) == 1 else "change"
        said = [f"{len(shown)} of {len(tests)} {steps} {changes} the test by more than chance: {_changes(shown)}."]
    by_test: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for arm in study["arms"]:
        tested = (arm["clips"]["test"], arm["groups"]["test"], *arm["classes"])
        by_test.setdefault((arm["dataset"], arm["protocol"], *tested), []).append(arm)
    most = max(map(len, by_test.values()))
    asked = study.get("answered_by", ())  # older studies have none
    first = [step_sentence(test) for name in asked for test in tests if test["arm"] == name]
    first += [f"{name} was tested against no other arm." for name in asked if all(name != t["arm"] for t in tests)]
    return [*first, *(_best(arms) for arms in by_test.values() if len(arms) == most), *said]


def _best(arms: list[dict[str, Any]]) -> str:
    """Return which of some arms with the same test is the best, and how good its best reference is."""
    best = max(arms, key=lambda arm: float(arm["test"][headline(arm)]["mean"]))
    name = headline(best)
    fitted = {key: scores for key, scores in best["references"].items() if key in REFERENCES}
    reached = f"The best of {len(arms)} arms on {best['dataset']}, {best['protocol']}, is {best['name']}, with"
    reached += f" {metric_label(name)} {percentage(best['test'][name])}"
    if fitted:
        key = max(fitted, key=lambda key: float(fitted[key][name]["mean"]))
        reached += f"; its best reference, {reference_label(key, fitted[key])}, has {percentage(fitted[key][name])}"
    return f"{reached}."


def _changes(tests: list[dict[str, Any]]) -> str:
    return "; ".join(f"{test['arm']} {signed(test['difference'])} points from {test['before']}" for test in tests)


def unconverged(arm: dict[str, Any]) -> list[str]:
    """Return the warnings of an arm's trainings that did not converge."""
    return [text for text in arm["warnings"] if text.startswith("did-not-converge:")]


def step_sentence(test: dict[str, Any]) -> str:
    """Return in words what one test shows, and what it does not."""
    points = 100 * test["difference"]
    metric = metric_label(test["metric"])
    same = round(points, 1) == 0
    if same:
        relation = f"has the same {metric} as" if points == 0 else f"is less than 0.1 points of {metric} from"
    else:
        relation = f"is {abs(points):.1f} points of {metric} " + ("above" if points > 0 else "below")
    evidence = (
        f"no interval and no p: {test['why']}"
        if test["low"] is None
        else f"95 % interval {signed(test['low'])} to {signed(test['high'])}, {p_text(test['p_holm'])} after Holm"
    )
    verdict = "more than chance" if significant(test) else "not shown to differ"
    return f"{test['arm']} {relation} {test['before']} ({evidence}): {verdict}."


def cells_of_test(test: Mapping[str, Any]) -> list[str]:
    """Return what a table says of a test: metric, points, interval, p, and p after Holm."""
    return [
        metric_label(test["metric"]),
        signed(test["difference"]),
        "" if test["low"] is None else f"[{signed(test['low'])}, {signed(test['high'])}]",
        *(p_text(test[key]).removeprefix("p ").removeprefix("= ") for key in ("p", "p_holm")),
    ]


def signed(share: float) -> str:
    """Return a share as points with their sign, never -0.0."""
    points = round(100 * share, 1)
    return f"{points:+.1f}" if points else "0.0"


def gap_sentences(study: dict[str, Any]) -> list[str]:
    """Return, for each step, the gaps between training and test, and then those of known and unknown groups."""
    gaps, intervals = {}, {}
    for arm in study["arms"]:
        metric = headline(arm)
        gaps[arm["name"]] = 100 * (arm["train"][metric]["mean"] - arm["test"][metric]["mean"])
        ends = arm.get("gap", {"low": None})
        intervals[arm["name"]] = "" if ends["low"] is None else f" [{signed(ends['low'])}, {signed(ends['high'])}]"
    sentences = []
    for test in study["tests"]:
        before, after = gaps[test["before"]], gaps[test["arm"]]
        sentences.append(
            f"The gap between training and test is {before:.1f}{intervals[test['before']]} points for {test['before']} "
            f"and {after:.1f}{intervals[test['arm']]} for {test['arm']}."
        )
    for gap in study.get("known_groups", ()):
        interval = "" if gap["low"] is None else f" (95 % interval {signed(gap['low'])} to {signed(gap['high'])})"
        points = 100 * gap["difference"]
        relation = f"{abs(points):.1f} points of {metric_label(gap['metric'])} " + ("above" if points > 0 else "below")
        if round(points, 1) == 0:
            relation = f"less than 0.1 points of {metric_label(gap['metric'])} from"
        sentences.append(
            f"{gap['known']}, whose test has groups that training knows, is {relation} {gap['unknown']}, whose test "
            f"has unknown ones{interval}."
        )
    return sentences


def conclusions(study: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return sentences on what is shown, and on what is not."""
    sure = [step_sentence(test) for test in study["tests"] if significant(test)]
    unsure = [step_sentence(test) for test in study["tests"] if not significant(test)]
    for arm in study["arms"]:
        unsure += [f"{arm['name']}: {text.split(': ', 1)[1]}." for text in arm["warnings"] if text.startswith("below-")]
    if study["sample"]:
        unsure.append("These are scores of the embedded sample, which proves that everything works and ranks nothing.")
    unsure += [
        f"{name}'s scores come from rendered practice data, not from {name} itself: nothing here says how it would be "
        "on real recordings."
        for name, data in study["data"].items()
        if data["rendered"] and not study["sample"]
    ]
    return sure, unsure


def data_sentences(study: dict[str, Any]) -> list[str]:
    """Return where the clips of each data set come from."""
    sentences = []
    for name, data in study["data"].items():
        kind = "rendered practice data in" if data["rendered"] else "the data set in"
        origin = "the embedded sample" if study["sample"] else f"{kind} {data['folder']}"
        sentences.append(f"{name}: {origin}.")
    return sentences
