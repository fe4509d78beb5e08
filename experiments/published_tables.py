"""What each published table shows, and how it is written, from the JSON files of results alone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

import fusion
from fusion.evaluation.effects import holm, p_text
from fusion.evaluation.label_task import recorded_task
from fusion.evaluation.metric import metric_label
from fusion.report.ablation_sentences import ablation_sentences
from fusion.report.curve_sentences import curve_sentences
from fusion.report.markdown import table as markdown
from fusion.report.pages import without_empty
from fusion.report.stress_sentences import ends_text, point_text, stress_answer, stress_rows
from fusion.report.study_sentences import answer, gap_sentences, signed
from fusion.report.wording import arm_names, headline, reference_label, score, significant
from fusion.result.reference_scores import best_reference
from fusion.runtime.known_json import read_known

Contents = Sequence[tuple[Path, dict[str, Any]]]
"""Folders, and what their JSON files hold."""

POWER = 0.8


@dataclass(frozen=True)
class Table:
    """One published table.

    Attributes
    ----------
    page : str
        Where it stands.
    commands : tuple of str
        What makes it; none where it shows results of the tables that it needs. ``{notes.unknown_fused}`` stands for the
        result of an arm of the study of another table.
    file : str
        Of each result, what it is written from.
    text : callable
        Gives its Markdown.
    data : tuple of str
        Folders that must be there.
    needs : tuple of str
        Other tables.
    """

    page: str
    commands: tuple[str, ...]
    file: str
    text: Callable[[Contents], str]
    data: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def resolved(self, published: Mapping[str, Any], results: Path) -> list[str]:
        """Return the commands with the folders of other tables' arms in their places."""

        def folder(found: re.Match[str]) -> str:
            study = read_known(results / published[found[1]]["folders"][0] / TABLES[found[1]].file)
            (digest,) = (arm["digest"] for arm in study["arms"] if arm["name"] == found[2])
            return f"results/{study['study']}.{found[2]}/{digest}"  # where who types the command has it

        return [re.sub(r"\{(\w+)\.(\w+)\}", folder, command) for command in self.commands]


def block(name: str, published: Mapping[str, Any], results: Path) -> str:
    """Return a table with its commands, after those of the tables that it needs, its result and what all took."""
    table = TABLES[name]
    records = [published[each] for each in (*table.needs, name) if each in published]
    commands = "\n".join(command for each in records for command in each["commands"])
    contents = [
        (results / folder, read_known(results / folder / TABLES[shown].file))
        for shown in shown_by(name)
        for folder in published[shown]["folders"]
    ]
    if not table.commands:
        return table.text(contents)
    minutes = sum(each["processor_seconds"] for each in records) / 60
    took = f"{minutes / 60:.1f} hours" if minutes > 90 else f"{minutes:.0f} minutes"
    peak = max(each["peak_mb"] for each in records)
    cost = f"Made in {took} of processor time, with {peak} MB in the largest process, by"
    return f"{table.text(contents)}\n\n{cost}\n\n```sh\n{commands}\n```"


def shown_by(name: str) -> tuple[str, ...]:
    """Return the tables whose results a table shows: itself, or those that it needs if it has no commands."""
    return (name,) if TABLES[name].commands else TABLES[name].needs


def _link(folder: Path) -> str:
    return f"[{folder.name}](../../{folder.as_posix()}/metrics.json)"


def _scores(metrics: Mapping[str, Any], folder: Path) -> list[str]:
    """Return what a row says of a result: training, test, macro F1, best reference, where it is."""
    name = headline(dict(metrics))
    macro = "" if name == "macro_f1" else score(metrics["test"]["macro_f1"])
    shown = score(metrics["test"][name]) + ("" if name == "accuracy" else f" {metric_label(name)}")
    return [f"{metrics['train'][name]['mean']:.3f}", shown, macro, _best_reference(metrics), _link(folder)]


def _best_reference(metrics: Mapping[str, Any]) -> str:
    """Return the figure and the name of the best reference of a result, if it has one."""
    references, name = metrics["references"], headline(dict(metrics))
    best = best_reference(references, recorded_task(metrics["test"]).headline)
    return "" if best is None else f"{references[best][name]['mean']:.3f} {reference_label(best, references[best])}"


_SCORES = ["training", "test", "macro F1", "best reference", "result"]


def results_text(contents: Contents) -> str:
    """Return a row for each result."""
    rows = [[f"`{own['experiment']}`{_note(own)}", *_scores(own, folder)] for folder, own in contents]
    return markdown(["experiment", *_SCORES], rows)


def _note(metrics: Mapping[str, Any]) -> str:
    return ", `did-not-converge:`" if any("did-not-converge" in text for text in metrics["warnings"]) else ""


def study_text(contents: Contents) -> str:
    """Return a study's answer, its arms and its steps."""
    ((folder, study),) = contents
    rows = []
    for arm in study["arms"]:
        own = folder.parents[1] / f"{study['study']}.{arm['name']}" / arm["digest"]
        seeds = f", {len(arm['seeds'])} seeds"
        rows.append([f"{arm['name']}{_note(arm)}", f"{arm['dataset']}, {arm['protocol']}{seeds}", *_scores(arm, own)])
    groups = {(arm["dataset"], arm["protocol"]): arm["groups"]["test"] for arm in study["arms"]}
    by_name = {arm["name"]: groups[arm["dataset"], arm["protocol"]] for arm in study["arms"]}
    steps = [_step(test, by_name[test["arm"]]) for test in study["tests"]]
    parts = [
        " ".join(answer(study)),
        markdown(["arm", "data", *_SCORES], rows),
        markdown(["step", "points [95 %]", "p after Holm", "smallest to be seen", "groups to settle it"], steps),
        *(" ".join(sentence for sentence in gap_sentences(study) if "groups that training knows" in sentence),),
    ]
    return "\n\n".join(filter(None, parts))


def _step(test: Mapping[str, Any], groups: int) -> list[str]:
    """Return a test as a row, with what it could have seen."""
    points = f"{signed(test['difference'])} [{signed(test['low'])}, {signed(test['high'])}]"
    p = p_text(test["p_holm"]).removeprefix("p ").removeprefix("= ")
    smallest = smallest_seen(test)
    enough = "" if significant(test) or not test["difference"] else _groups(groups, smallest, test["difference"])
    return [f"{test['arm']} against {test['before']}", points, p, f"{100 * smallest:.1f}", enough]


def smallest_seen(test: Mapping[str, Any]) -> float:
    """Return the smallest true difference that a test of this precision shows in four of five repetitions."""
    quantile = student.ppf(0.975, test["df"])
    error = (test["high"] - test["low"]) / 2 / quantile
    return float(error * (quantile + student.ppf(POWER, test["df"])))


def _groups(groups: int, smallest: float, difference: float) -> str:
    """Return how many groups would show a difference as large as the one found; the error falls with their root."""
    enough = math.ceil(groups * (smallest / difference) ** 2)
    return f"about {enough}" if enough < 10_000 else "more than 10,000"


def ablation_text(contents: Contents) -> str:
    """Return what an ablation says, its Shapley values, and what leaving a feature out costs."""
    ((folder, ablation),) = contents
    most = max(ablation["arms"], key=lambda arm: len(arm["features"]))
    costs = {test["without"][0]: test for test in ablation["tests"] if len(test.get("without", ())) == 1}
    families = ((arm_names(ablation, arm["features"]), arm) for arm in ablation["arms"])
    alone = {names[0]: arm for names, arm in families if len(names) == 1}
    shares = ablation["shapley"]  # of all sets alone
    rows = [
        [
            f"`{name}`",
            _with_interval(shares[name], "value") if shares else "",
            _tested(costs[name], "difference") if name in costs else "",
            f"{100 * smallest_seen(costs[name]):.1f}" if name in costs else "",
            f"{alone[name]['mean']:.3f}" if name in alone else "",
        ]
        for name in sorted(
            shares or costs, key=lambda name: -(shares[name]["value"] if shares else costs[name]["difference"])
        )
    ]
    reached = f"All: {most['mean']:.3f} {metric_label(ablation['metric'])}; the same answer always: "
    reached += f"{ablation['chance']:.3f}; {ablation['groups']} groups; [all arms]"
    reached += f"(../../{folder.as_posix()}/ablation.csv)."
    header = [
        "feature",
        "brings, points [95 %]",
        "leaving it out costs, points [95 %], p",
        "smallest to be seen",
        "alone",
    ]
    table = markdown(*without_empty(header, rows))
    return "\n\n".join([" ".join(ablation_sentences(ablation)), reached, table])


def _with_interval(value: Mapping[str, Any], key: str) -> str:
    """Return points with their interval, if they have one."""
    interval = "" if value["low"] is None else f" [{signed(value['low'])}, {signed(value['high'])}]"
    return f"{signed(value[key])}{interval}"


def _tested(test: Mapping[str, Any], key: str) -> str:
    """Return points with interval and p."""
    return _with_interval(test, key) + ("" if test["low"] is None else f", {p_text(test['p_holm'])}")


def curve_text(contents: Contents) -> str:
    """Return what a learning curve says, and its points."""
    ((_, curve),) = contents
    rows = [
        [str(point["groups"]), str(point["clips"]), f"{point['mean']:.3f} [{point['low']:.3f}, {point['high']:.3f}]"]
        for arm in curve["arms"]
        for point in arm["points"]
    ]
    header = ["training instruments", "clips", metric_label(curve["arms"][0]["metric"])]
    return "\n\n".join([" ".join(curve_sentences(curve)), markdown(header, rows)])


def transfer_text(contents: Contents) -> str:
    """Return networks on other recordings, and how the last of them differs from the others."""
    rows = [[folder.parent.name, *_scores(own, folder)] for folder, own in contents]
    *others, (best, own) = contents
    tests = [fusion.compare(best, other).content[headline(own)] for other, _ in others]
    adjusted = holm(np.array([test["p"] for test in tests])).tolist()
    differences = [
        [f"{_arm(best)} minus {_arm(other)}", _tested(test | {"p_holm": p}, "difference")]
        for (other, _), test, p in zip(others, tests, adjusted, strict=True)
    ]
    return "\n\n".join(
        [markdown(["result", *_SCORES], rows), markdown(["difference", "points [95 %], p after Holm"], differences)]
    )


def stress_text(contents: Contents) -> str:
    """Return what breaks each network first, and for each distortion where a half is lost, and what is left."""
    answers = [f"{_arm(folder)}: {stress_answer(own)}" for folder, own in contents]
    header = ["distortion", "levels"]
    for folder, _ in contents:
        header += [f"{_arm(folder)}: a half is lost at [95 %]", "figures", "trained with"]
    rows = []
    for kinds in zip(*(own["distortions"] for _, own in contents), strict=True):
        levels = ", ".join(f"{level['level']:g}" for level in kinds[0]["levels"])
        row = [kinds[0]["label"], f"{levels} {kinds[0]['unit']}"]
        for kind in kinds:
            _, _, _, figures, trained = stress_rows({"distortions": [kind]})[0]
            point, ends = point_text(kind, kind["half"]), ends_text(kind, kind["half"])
            row += [point if ends == f"[{point}, {point}]" else f"{point} {ends}", figures, trained]
        rows.append(row)
    return "\n\n".join([" ".join(answers), markdown(*without_empty(header, rows))])


_OVERVIEW = (
    ("unknown instruments of the font", "plain", "timbre_study", ("mfcc", "five", "timbre_log_mel")),
    ("instruments of another font", "plain", "font_study", ("mfcc_of_five", "five", "timbre_log_mel")),
    ("instruments of another font", "for recordings", "font_study", ("", "", "recorded")),
    ("real notes", "plain", "@real-notes", ("", "plain_five", "")),
    ("real notes", "for recordings", "@real-notes", ("mfcc", "five", "recorded")),
    ("recorded solos", "plain", "@irmas-solos", ("plain_mfcc", "plain_five", "")),
    ("recorded solos", "for recordings", "@irmas-solos", ("mfcc", "five", "recorded")),
)
"""Test clips, settings, whose result, and its arms: MFCCs alone, five features, descriptors fused."""


def overview_text(contents: Contents) -> str:
    """Return how far what is learnt from rendered sound holds, a row for each kind of test clips and of settings."""
    arms: dict[tuple[str, str], Mapping[str, Any]] = {}
    for folder, own in contents:
        name = folder.parent.name
        found = {arm["name"]: arm for arm in own["arms"]} if "arms" in own else {_arm(folder): own}
        arms |= {(f"@{name.partition('@')[2]}" if "@" in name else name, arm): each for arm, each in found.items()}
    rows = []
    for clips, settings, source, names in _OVERVIEW:
        known = [arms.get((source, name)) for name in names]
        figures = ["" if arm is None else score(arm["test"]["accuracy"]) for arm in known]
        reference = _best_reference([arm for arm in known if arm is not None][-1])
        rows.append([clips, settings, *figures, reference])
    return markdown(["test clips", "settings", "MFCCs", "five features", "descriptors", "best reference"], rows)


def _arm(folder: Path) -> str:
    """Return the arm that a result of other recordings is of: ``real_study.mfcc@real-notes`` gives mfcc."""
    return folder.parent.name.partition("@")[0].partition(".")[2]


_DISTORTED = "equalise,narrow,reverb,noise,delay,clip,trailing,mp3,level"
_BOTH = ("practice", "practice-irmas")
_WITH_BOTH = "--data nsynth=practice --data irmas=practice-irmas"
_ABLATE = "fusion ablate experiments/nsynth_fusion.yaml --data practice --mode all"

TABLES = {
    "sample": Table(
        "docs/results/notes.md",
        tuple(f"fusion run experiments/nsynth_{name}.yaml --sample" for name in ("mfcc", "course", "naive_fusion")),
        "metrics.json",
        results_text,
    ),
    "notes": Table(
        "docs/results/notes.md",
        ("fusion run experiments/notes_study.yaml --data practice",),
        "study.json",
        study_text,
        ("practice",),
    ),
    "timbre": Table(
        "docs/results/features.md",
        ("fusion run experiments/timbre_study.yaml --data practice",),
        "study.json",
        study_text,
        ("practice",),
    ),
    "families": Table(
        "docs/results/features.md",
        ("fusion ablate experiments/descriptor_families.yaml --data practice --mode all",),
        "ablation.json",
        ablation_text,
        ("practice",),
    ),
    "descriptors": Table(
        "docs/results/features.md",
        (
            "fusion ablate experiments/descriptor_families.yaml --data practice --features fusion:timbre"
            " --set ablation=null",
        ),
        "ablation.json",
        ablation_text,
        ("practice",),
    ),
    "fusions": Table(
        "docs/results/fusions.md",
        ("fusion run experiments/fusion_study.yaml --data practice",),
        "study.json",
        study_text,
        ("practice",),
    ),
    "music": Table(
        "docs/results/music.md",
        (f"fusion run experiments/music_study.yaml {_WITH_BOTH}",),
        "study.json",
        study_text,
        _BOTH,
    ),
    "study": Table(
        "docs/results/study.md",
        (f"fusion run experiments/irmas_followup.yaml {_WITH_BOTH}",),
        "study.json",
        study_text,
        _BOTH,
    ),
    "real": Table(
        "docs/results/transfer.md",
        ("fusion run experiments/real_study.yaml --data diverse",),
        "study.json",
        study_text,
        ("diverse",),
    ),
    "transfer": Table(
        "docs/results/transfer.md",
        tuple(
            f"fusion evaluate {{real.{arm}}} --data real-notes" for arm in ("plain_five", "mfcc", "five", "recorded")
        ),
        "metrics.json",
        transfer_text,
        ("real-notes",),
        ("real",),
    ),
    "overview": Table(
        "docs/results/transfer.md",
        (),
        "",
        overview_text,
        needs=("timbre", "font", "transfer", "solos"),
    ),
    "stress": Table(
        "docs/results/transfer.md",
        tuple(f"fusion stress {{real.{arm}}} --with {_DISTORTED} --levels 3" for arm in ("plain_five", "recorded")),
        "stress.json",
        stress_text,
        ("diverse",),
        ("real",),
    ),
    "font": Table(
        "docs/results/transfer.md",
        ("fusion run experiments/font_study.yaml --data another-font",),
        "study.json",
        study_text,
        ("another-font",),
    ),
    "font_features": Table(
        "docs/results/transfer.md",
        ("fusion ablate experiments/nsynth_fusion.yaml --data another-font --set training.epochs=20",),
        "ablation.json",
        ablation_text,
        ("another-font",),
    ),
    "curve": Table(
        "docs/results/notes.md",
        ("fusion curve experiments/nsynth_fusion.yaml --data practice --seeds 3 --groups 12,24",),
        "curve.json",
        curve_text,
        ("practice",),
    ),
    "unknown": Table(
        "docs/results/features.md",
        (f"{_ABLATE} --seeds 3 --set dataset.protocol=cv --set dataset.folds=3 --set training.epochs=20",),
        "ablation.json",
        ablation_text,
        ("practice",),
    ),
    "known": Table(
        "docs/results/features.md",
        (f"{_ABLATE} --seeds 3 --set dataset.protocol=course --set training.epochs=20",),
        "ablation.json",
        ablation_text,
        ("practice",),
    ),
    "songs": Table(
        "docs/results/features.md",
        ("fusion ablate experiments/irmas_fusion.yaml --data practice-irmas --mode all --set training.epochs=30",),
        "ablation.json",
        ablation_text,
        ("practice-irmas",),
    ),
    "folds": Table(
        "docs/explanation/leakage.md",
        tuple(
            f"fusion run experiments/irmas_cv.yaml --data practice-irmas{extra}"
            for extra in ("", " --set dataset.grouped=false")
        ),
        "metrics.json",
        results_text,
        ("practice-irmas",),
    ),
    "solo_study": Table(
        "docs/results/transfer.md",
        ("fusion run experiments/solo_study.yaml --data practice-irmas",),
        "study.json",
        study_text,
        ("practice-irmas",),
    ),
    "solos": Table(
        "docs/results/transfer.md",
        tuple(
            f"fusion evaluate {{solo_study.{arm}}} --data irmas-solos"
            for arm in ("plain_mfcc", "plain_five", "mfcc", "five", "recorded")
        ),
        "metrics.json",
        transfer_text,
        ("irmas-solos",),
        ("solo_study",),
    ),
}
"""In the order in which they are made."""
