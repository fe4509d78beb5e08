"""The page of an ablation: what each feature brings, and how sure that is."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.evaluation.effects import p_text
from fusion.evaluation.metric import metric_label
from fusion.report.ablation_plots import plot_arms, plot_per_class, plot_shapley
from fusion.report.ablation_sentences import ablation_sentences, untested
from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.report.study_sentences import signed
from fusion.report.wording import (
    ABOUT_TESTS,
    arm_label,
    arm_names,
    data_option,
    result_path,
    seeds_option,
    significant,
    span,
    with_article,
)
from fusion.runtime.known_json import read_known

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CAPTIONS = {
    "ablation": "What each arm reaches, with 95 % intervals and seeds",
    "shapley": "What each feature brings: Shapley values",
    "per_class": "What each class loses without a feature",
}


def write(folder: Path, ablation: Mapping[str, Any]) -> None:
    """Write ``ablation.html``, ``ablation.png``, ``shapley.png`` and ``per_class.png``; remove those that it has not.

    Parameters
    ----------
    folder : Path
    ablation : dict
        The content of ablation.json.
    """
    plots: dict[str, Figure] = {"ablation": plot_arms(ablation)}
    if ablation["shapley"]:
        plots["shapley"] = plot_shapley(ablation)
    if ablation["per_class"]:
        plots["per_class"] = plot_per_class(ablation["per_class"])
    for name in _CAPTIONS:
        if name in plots:
            save(plots[name], folder / f"{name}.png")
        else:
            (folder / f"{name}.png").unlink(missing_ok=True)  # of another mode
    most = max(ablation["arms"], key=lambda arm: len(arm["features"]))
    write_page(
        folder / "ablation.html",
        "ablation",
        title=f"{ablation['experiment']}: what does each feature bring?",
        ablation=ablation,
        metric=metric_label(ablation["metric"]),
        answer=_answer(ablation, most),
        sentences=ablation_sentences(ablation),
        arms=_arms(ablation),
        own=arm_label(ablation, most["features"]),
        tests=_tests(ablation),
        plots={name: svg(plot, _CAPTIONS[name]) for name, plot in plots.items()},
        captions=_CAPTIONS,
        about_intervals=ABOUT_TESTS,
        command=_command(folder, ablation),
    )


def _answer(ablation: Mapping[str, Any], most: Mapping[str, Any]) -> list[str]:
    """Return which features are shown to matter, and what all of them reach."""
    metric, tests = metric_label(ablation["metric"]), ablation["tests"]
    interval = "" if most["low"] is None else f" [{100 * most['low']:.1f}, {100 * most['high']:.1f}]"
    reached = f"All features together reach {with_article(metric)} of {100 * most['mean']:.1f} %{interval}; chance is "
    reached += f"{100 * ablation['chance']:.1f} %."
    shown = sorted((test for test in tests if significant(test)), key=lambda test: -abs(test["difference"]))
    if why := untested(ablation):
        return [why, reached]
    if not shown:
        return [f"None of {len(tests)} arms is shown to differ from all features together.", reached]
    listed = [f"{_name(ablation, test)} ({signed(-test['difference'])} points)" for test in shown]
    return [f"{len(shown)} of {len(tests)} arms differ from all features together: {'; '.join(listed)}.", reached]


def _name(ablation: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    """Return what an arm is called beside that of all features."""
    if ablation["mode"] == "only-one":
        return f"{' + '.join(arm_names(ablation, test['features']))} alone"
    word = "masked" if ablation["mode"] == "mask" else "left out"
    return f"{' and '.join(test['without'])} {word}"


def _arms(ablation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            arm_label(ablation, arm["features"]),
            f"{arm['mean']:.3f}" + ("" if arm["std"] is None else f" ± {arm['std']:.3f}"),
            span(arm),
            arm["digest"] or "",
        ]
        for arm in sorted(ablation["arms"], key=lambda arm: -arm["mean"])
    ]
    return ["features", metric_label(ablation["metric"]), "95 %", "result"], rows


def _tests(ablation: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [
            _name(ablation, test),
            signed(-test["difference"]),
            "" if test["low"] is None else f"[{signed(-test['high'])}, {signed(-test['low'])}]",
            p_text(test["p_holm"]).removeprefix("p ").removeprefix("= "),
        ]
        for test in ablation["tests"]
    ]
    return ["arm", "points against all features", "95 %", "p (Holm)"], rows


def _command(folder: Path, ablation: Mapping[str, Any]) -> str:
    """Return what repeats the ablation."""
    paths = (folder / name for name in ("metrics.json", "environment.json"))
    metrics, environment = (read_known(path) if path.is_file() else {} for path in paths)
    trials = f" --tune {ablation['trials']}" if ablation["trials"] else ""
    # what is open to search stands in the experiment's own file alone
    spec = shlex.quote(f"{ablation['experiment']}.yaml") if trials else result_path(ablation, "spec.yaml")
    seeds = seeds_option(ablation.get("seeds") or metrics.get("seeds", []))  # an older fusion did not write them
    options = f"--mode {ablation['mode']}{trials}{_sets(ablation)} {data_option(metrics, environment)} {seeds}"
    return f"fusion ablate {spec} {options}"


def _sets(ablation: Mapping[str, Any]) -> str:
    """Return the section ``ablation`` of the experiment as an option, after a space; empty where it says nothing."""
    groups = {name: own for name, own in ablation.get("feature_groups", {}).items() if own != [name]}
    section = [arm["features"] for arm in ablation["arms"]] if ablation["mode"] == "sets" else groups
    return f" --set {shlex.quote('ablation=' + json.dumps(section))}" if section else ""
