"""The report of a study: a short paper whose every sentence follows from its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fusion.report.html import escape, html_list, html_page, html_table, image
from fusion.report.plots import save
from fusion.report.study_plots import plot_confusion_pair, plot_gaps, plot_steps, plot_training
from fusion.report.study_sentences import conclusions, data_sentences, gap_sentences, unconverged
from fusion.report.study_tables import arms_table, as_csv, as_latex, published_table, steps_table
from fusion.report.wording import ABOUT_INTERVALS, looks_text
from fusion.runtime.files import write_text

_CAPTIONS = {
    "gap": "Training (hollow) and test (filled) score of each arm, with 95 % intervals.",
    "curves": "Training accuracy by epoch, mean over seeds.",
    "steps": "Effect of each step on the test, with 95 % intervals.",
    "confusions": "Confusion before and after: rows are true classes, shares of each row.",
}


def write(folder: Path, study: dict[str, Any], arms: dict[str, Path], paper: bool = False) -> None:
    """Write ``report.html`` and its plots, and where asked ``paper/`` with LaTeX, CSV and PDF.

    Parameters
    ----------
    folder : Path
    study : dict
        The content of study.json.
    arms : dict of str to Path
        Result folder of each arm.
    paper : bool
    """
    possible = {
        "gap": plot_gaps(study),
        "curves": plot_training(study, {name: result / "history.csv" for name, result in arms.items()}),
        "steps": plot_steps(study),
        "confusions": plot_confusion_pair(study),
    }
    plots = {name: plot for name, plot in possible.items() if plot is not None}
    for name, plot in plots.items():
        save(plot, folder / f"{name}.png")
    write_text(folder / "report.html", _page(folder, study, list(plots)))
    if paper:
        for name, table in (("arms", arms_table(study)), ("steps", steps_table(study))):
            write_text(folder / "paper" / f"{name}.csv", as_csv(table))
            write_text(folder / "paper" / f"{name}.tex", as_latex(table))
        for name, plot in plots.items():
            save(plot, folder / "paper" / f"{name}.pdf")


def _page(folder: Path, study: dict[str, Any], plots: list[str]) -> str:
    arms = study["arms"]
    clips = [
        [arm["dataset"], arm["protocol"], *(f"{arm['clips'][s]} / {arm['groups'][s]}" for s in arm["clips"])]
        for arm in {(arm["dataset"], arm["protocol"]): arm for arm in arms}.values()
    ]
    warnings = dict.fromkeys(
        f"{arm['dataset']}, {arm['protocol']}: {text}"
        for arm in arms
        for text in arm["warnings"]
        if not text.startswith(("did-not-converge:", "below-reference:"))
    )
    looks = {
        (arm["dataset"], arm["protocol"]): arm for arm in sorted(arms, key=lambda arm: int(arm.get("looks", 0)))
    }  # the arm of each test that was scored last
    often = "".join(f" {', '.join(test)}: {looks_text(arm)}" for test, arm in looks.items() if "looks" in arm)
    failures = [f"{arm['name']}: {text}" for arm in arms for text in unconverged(arm)[:1]]
    sure, unsure = conclusions(study)
    nothing = "No step differs from the one before by more than chance." if study["tests"] else "Nothing was tested."
    sources = escape(" ".join(data_sentences(study)))
    images = "".join(
        f"<figure>{image(folder / f'{name}.png', _CAPTIONS[name])}<figcaption>{_CAPTIONS[name]} {sources}</figcaption>"
        "</figure>"
        for name in plots
    )
    header, published = published_table(study)
    compared = ", ".join(header[1:-1])
    beside = f"<h3>Beside published results ({compared})</h3>{html_table(header, published)}" if published else ""
    seeds = ", ".join(map(str, arms[0]["seeds"]))
    folders = " ".join(f"--data {name}={data['folder']}" for name, data in study["data"].items())
    options = "--sample" if study["sample"] else folders
    command = f"fusion run experiments/{study['study']}.yaml {options} --seeds {seeds}"
    body = f"""<p><strong>Question.</strong> {escape(study["question"])}</p>
<h2>Data</h2>
<p>{sources} Clips / groups:</p>
{html_table(["data set", "protocol", "train", "validation", "test"], clips)}
{html_list(warnings)}
<h2>What was done</h2>
<p>{len(arms)} arms, each with the seeds {escape(seeds)}; each step is tested against the arm before it on the same test
clips, with p-values adjusted by Holm's method for {len(study["tests"])} tests. {ABOUT_INTERVALS}</p>
<h2>Results</h2>
{html_table(*arms_table(study))}
<p class="note">Mean ± standard deviation over seeds [95 % interval].{escape(often)}</p>
{images}
<h3>Steps</h3>
{html_table(*steps_table(study))}
{beside}
<h2>Trainings that did not converge</h2>
{html_list(failures) if failures else "<p>None.</p>"}
<h2>What is shown</h2>
{html_list(sure) if sure else f"<p>{nothing}</p>"}
<h2>The gap between training and test</h2>
{html_list(gap_sentences(study))}
<h2>What is not shown</h2>
{html_list(unsure) if unsure else "<p>Nothing else was tested.</p>"}
<h2>To repeat it</h2>
<pre>{escape(command)}</pre>"""
    return html_page(study["study"], body)
