"""The report of a study: a short paper whose every sentence follows from its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.evaluation.label_task import recorded_task
from fusion.evaluation.metric import metric_label
from fusion.report import study_plots as figures
from fusion.report.html import STYLE, escape, html_table, image
from fusion.report.plots import save
from fusion.report.wording import p_text, reference_label, score
from fusion.runtime.files import write_text

_LEVEL = 0.05

PUBLISHED = (
    ("Bosch et al. 2012, ISMIR, 559-564", "0.503", "0.432", ""),
    ("Han et al. 2017, https://doi.org/10.1109/TASLP.2016.2632307", "0.602", "0.503", ""),
    ("Reghunath and Rajan 2022, https://doi.org/10.1186/s13636-022-00245-8", "0.66", "0.62", "its own aggregation"),
    ("Zhong et al. 2023, https://doi.org/10.48550/arXiv.2306.08850", "0.674", "", "threshold chosen on the test"),
)
"""Published micro and macro F1 on IRMAS's testing data, and what differs."""

_REAL = (2874, 208)  # clips and songs of IRMAS's testing data


def write(folder: Path, study: dict[str, Any], arms: dict[str, Path], paper: bool = False) -> None:
    """Write ``report.html`` and its figures, and where asked ``paper/`` with LaTeX, CSV and PDF.

    Parameters
    ----------
    folder : Path
    study : dict
        The content of study.json.
    arms : dict of str to Path
        Result folder of each arm.
    paper : bool
    """
    drawn = {
        "gap": figures.gap_figure(study),
        "curves": figures.curves_figure(study, {name: of / "history.csv" for name, of in arms.items()}),
        "steps": figures.steps_figure(study),
        "confusions": figures.confusions_figure(study),
    }
    shown = {name: figure for name, figure in drawn.items() if figure is not None}
    for name, figure in shown.items():
        save(figure, folder / f"{name}.png")
    write_text(folder / "report.html", _page(folder, study, list(shown)))
    if paper:
        header, rows = main_table(study)
        write_text(folder / "paper" / "arms.csv", _csv(header, rows))
        write_text(folder / "paper" / "arms.tex", _latex(header, rows))
        header, rows = steps_table(study)
        write_text(folder / "paper" / "steps.csv", _csv(header, rows))
        write_text(folder / "paper" / "steps.tex", _latex(header, rows))
        for name, figure in shown.items():
            save(figure, folder / "paper" / f"{name}.pdf")


def figure_of(arm: dict[str, Any]) -> str:
    """Return the figure that an arm is told by."""
    return recorded_task(arm["test"]).headline.name


def flagged(arm: dict[str, Any]) -> list[str]:
    """Return the warnings of an arm's trainings that did not converge."""
    return [text for text in arm["warnings"] if text.startswith("did-not-converge:")]


def main_table(study: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: every arm, and the reference lines of the last arm of each test."""
    header = ["arm", "test", "features", "figure", "training", "test score", "macro F1", "note"]
    rows = []
    for arm in study["arms"]:
        name = figure_of(arm)
        of = "" if arm["protocol"] == "cv" else f" of {len(arm['seeds'])}"  # there, each seed has several trainings
        note = f"{len(flagged(arm))}{of} did not converge" if flagged(arm) else ""
        rows.append(
            [
                arm["name"],
                f"{arm['dataset']}, {arm['protocol']}",
                f"{len(arm['features'])}: {', '.join(arm['features'])}"
                if len(arm["features"]) < 4
                else f"{len(arm['features'])} features",
                metric_label(name),
                f"{arm['train'][name]['mean']:.3f}",
                score(arm["test"][name]),
                score(arm["test"]["macro_f1"]),
                note,
            ]
        )
    last = {(arm["dataset"], arm["protocol"]): arm for arm in study["arms"]}
    for (dataset, protocol), arm in last.items():
        name = figure_of(arm)
        for line, of in arm["references"].items():
            rows.append(
                [
                    f"{reference_label(line, of)} (features of {arm['name']})",
                    f"{dataset}, {protocol}",
                    "",
                    metric_label(name),
                    "",
                    score(of[name]),
                    score(of["macro_f1"]),
                    "reference",
                ]
            )
    return header, rows


def steps_table(study: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of all tests."""
    header = ["arm", "against", "figure", "difference, points", "95 %", "p", "p (Holm)"]
    rows = [
        [
            test["arm"],
            test["before"],
            metric_label(test["metric"]),
            _signed(test["difference"]),
            "" if test["low"] is None else f"[{_signed(test['low'])}, {_signed(test['high'])}]",
            *(p_text(test[key]).removeprefix("p ").removeprefix("= ") for key in ("p", "p_holm")),
        ]
        for test in study["tests"]
    ]
    return header, rows


def step_sentence(test: dict[str, Any]) -> str:
    """Return in words what one test shows, and what it does not."""
    points = 100 * test["difference"]
    figure = metric_label(test["metric"])
    same = round(points, 1) == 0
    if same:
        said = f"has the same {figure} as" if points == 0 else f"is less than 0.1 points of {figure} from"
    else:
        said = f"is {abs(points):.1f} points of {figure} " + ("above" if points > 0 else "below")
    interval = "" if test["low"] is None else f"95 % interval {_signed(test['low'])} to {_signed(test['high'])}, "
    if test["p_holm"] >= _LEVEL:
        verdict = "not shown to differ"
    else:  # the test is of clips: their answers may differ where the figure does not
        verdict = "what is said of the clips is shown to differ" if same else "more than chance"
    return f"{test['arm']} {said} {test['before']} ({interval}{p_text(test['p_holm'])} after Holm): {verdict}."


def _signed(share: float) -> str:
    """Return points with their sign, never -0.0."""
    points = round(100 * share, 1)
    return f"{points:+.1f}" if points else "0.0"


def gap_sentences(study: dict[str, Any]) -> list[str]:
    """Return how far training is above the test, for each arm, and how that changes at each step."""
    gaps = {}
    for arm in study["arms"]:
        name = figure_of(arm)
        gaps[arm["name"]] = 100 * (arm["train"][name]["mean"] - arm["test"][name]["mean"])
    found = []
    for test in study["tests"]:
        before, after = gaps[test["before"]], gaps[test["arm"]]
        change = round(abs(after), 1) - round(abs(before), 1)
        said = "stays as wide" if not change else "narrows" if change < 0 else "widens"
        found.append(
            f"From {test['before']} to {test['arm']} the gap between training and test {said}, from {before:.1f} to "
            f"{after:.1f} points."
        )
    return found


def shown(study: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return sentences on what is shown, and on what is not."""
    sure = [step_sentence(test) for test in study["tests"] if test["p_holm"] < _LEVEL]
    unsure = [step_sentence(test) for test in study["tests"] if test["p_holm"] >= _LEVEL]
    for arm in study["arms"]:
        unsure += [f"{arm['name']}: {text.split(': ', 1)[1]}." for text in arm["warnings"] if text.startswith("below-")]
    if study["sample"]:
        unsure.append("These are figures of the embedded sample, which proves that everything works and ranks nothing.")
    unsure += [
        f"{name}'s figures come from rendered practice data, not from {name} itself: nothing here says how it would be "
        "on real recordings."
        for name, of in study["data"].items()
        if of["rendered"] and not study["sample"]
    ]
    return sure, unsure


def published(study: dict[str, Any]) -> list[list[str]]:
    """Return published results beside ours; empty unless ours are on IRMAS's real test, protocol official."""
    rows = []
    for arm in study["arms"]:
        real = (arm["clips"]["test"], arm["groups"]["test"]) == _REAL and not study["data"][arm["dataset"]]["rendered"]
        if arm["dataset"] == "irmas" and arm["protocol"] == "official" and real and not study["sample"]:
            test = arm["test"]
            rows.append(
                [arm["name"], f"{test['micro_f1']['mean']:.3f}", f"{test['macro_f1']['mean']:.3f}", "this study"]
            )
    return [*rows, *map(list, PUBLISHED)] if rows else []


def _sources(study: dict[str, Any]) -> list[str]:
    found = []
    for name, of in study["data"].items():
        where = (
            "the embedded sample"
            if study["sample"]
            else f"rendered practice data in {of['folder']}"
            if of["rendered"]
            else f"the data set in {of['folder']}"
        )
        found.append(f"{name}: {where}.")
    return found


def _page(folder: Path, study: dict[str, Any], shown_figures: list[str]) -> str:
    arms = study["arms"]
    data = [
        [arm["dataset"], arm["protocol"], *(f"{arm['clips'][s]} / {arm['groups'][s]}" for s in arm["clips"])]
        for arm in {(arm["dataset"], arm["protocol"]): arm for arm in arms}.values()
    ]
    warnings = dict.fromkeys(
        f"{arm['dataset']}, {arm['protocol']}: {text}"
        for arm in arms
        for text in arm["warnings"]
        if not text.startswith(("did-not-converge:", "below-reference:"))
    )
    failures = [f"{arm['name']}: {text}" for arm in arms for text in flagged(arm)[:1]]
    sure, unsure = shown(study)
    nothing = "No step differs from the one before by more than chance." if study["tests"] else "Nothing was tested."
    captions = {
        "gap": "Training (hollow) and test (filled) score of each arm, with 95 % intervals over groups.",
        "curves": "Training accuracy by epoch, mean over seeds.",
        "steps": "Effect of each step on the test, with 95 % intervals over groups.",
        "confusions": "Confusion before and after: rows are true classes, shares of each row.",
    }
    pictures = "".join(
        f"<figure>{image(folder / f'{name}.png', captions[name])}<figcaption>{captions[name]} "
        f"{escape(' '.join(_sources(study)))}</figcaption></figure>"
        for name in shown_figures
    )
    others = published(study)
    beside = (
        f"<h3>Beside published results (micro F1, macro F1)</h3>{html_table(['', 'micro F1', 'macro F1', ''], others)}"
        if others
        else ""
    )
    seeds = ", ".join(map(str, arms[0]["seeds"]))
    options = " ".join(f"--data {name}={of['folder']}" for name, of in study["data"].items())
    command = (
        f"fusion run experiments/{study['study']}.yaml {'--sample' if study['sample'] else options} --seeds {seeds}"
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(study["study"])}</title><style>{STYLE}</style></head><body>
<h1>{escape(study["study"])}</h1>
<p><strong>Question.</strong> {escape(study["question"])}</p>
<h2>Data</h2>
<p>{escape(" ".join(_sources(study)))} Clips / groups:</p>
{html_table(["data set", "protocol", "train", "validation", "test"], data)}
{_list(warnings)}
<h2>What was done</h2>
<p>{len(arms)} arms, each with the seeds {escape(seeds)}; each step is tested against the arm before it on the same test
clips, by a sign-flip test over songs or instruments, with p-values adjusted by Holm's method for {len(study["tests"])}
tests. Intervals are 95 % bootstrap intervals over the same groups.</p>
<h2>Results</h2>
{html_table(*main_table(study))}
<p class="note">Mean ± standard deviation over seeds [95 % interval over groups].</p>
{pictures}
<h3>Steps</h3>
{html_table(*steps_table(study))}
{beside}
<h2>Trainings that did not converge</h2>
{_list(failures) if failures else "<p>None.</p>"}
<h2>What is shown</h2>
{_list(sure) if sure else f"<p>{nothing}</p>"}
<h2>The gap between training and test</h2>
{_list(gap_sentences(study))}
<h2>What is not shown</h2>
{_list(unsure) if unsure else "<p>Nothing else was tested.</p>"}
<h2>To repeat it</h2>
<pre>{escape(command)}</pre>
</body></html>
"""


def _list(texts: Any) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>" if texts else ""


def _csv(header: list[str], rows: list[list[str]]) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


def _latex(header: list[str], rows: list[list[str]]) -> str:
    def cell(text: str) -> str:
        for mark in ("\\", "&", "%", "#", "_", "$", "{", "}"):
            text = text.replace(mark, "\\textbackslash{}" if mark == "\\" else f"\\{mark}")
        return text.replace("±", "$\\pm$")

    lines = [" & ".join(map(cell, row)) + r" \\" for row in (header, *rows)]
    body = "\n".join([lines[0], r"\midrule", *lines[1:]])
    return f"\\begin{{tabular}}{{{'l' * len(header)}}}\n\\toprule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"
