"""The report of a study: a short paper whose every sentence follows from its numbers."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.report.study_plots import plot_confusion_pair, plot_gaps, plot_steps, plot_training
from fusion.report.study_sentences import answer, conclusions, data_sentences, gap_sentences, unconverged
from fusion.report.study_tables import arms_table, as_csv, as_latex, published_table, steps_table, study_warnings
from fusion.report.wording import ABOUT_TESTS, looks_text, seeds_option
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
    write_page(
        folder / "report.html",
        "study",
        title=study["study"],
        study=study,
        answer=answer(study),
        sources=" ".join(data_sentences(study)),
        splits=_splits(study),
        warnings=study_warnings(study),
        often=_often(study),
        arms=arms_table(study),
        steps=steps_table(study),
        published=published_table(study),
        plots={name: svg(plot, _CAPTIONS[name]) for name, plot in plots.items()},
        captions=_CAPTIONS,
        failures=[f"{arm['name']}: {text}" for arm in study["arms"] for text in unconverged(arm)[:1]],
        conclusions=conclusions(study),
        gaps=gap_sentences(study),
        about_intervals=ABOUT_TESTS,
        command=_command(study),
        seeds=_seeds(study),
    )
    if paper:
        for name, table in (("arms", arms_table(study)), ("steps", steps_table(study))):
            write_text(folder / "paper" / f"{name}.csv", as_csv(table))
            write_text(folder / "paper" / f"{name}.tex", as_latex(table))
        for name, plot in plots.items():
            save(plot, folder / "paper" / f"{name}.pdf")


def _splits(study: dict[str, Any]) -> list[list[str]]:
    """Return clips and groups of each test's splits."""
    return [
        [arm["dataset"], arm["protocol"], *(f"{arm['clips'][s]} / {arm['groups'][s]}" for s in arm["clips"])]
        for arm in {(arm["dataset"], arm["protocol"]): arm for arm in study["arms"]}.values()
    ]


def _often(study: dict[str, Any]) -> list[str]:
    """Return how often each test was scored, as the arm counted that was scored last."""
    arms = sorted(study["arms"], key=lambda arm: int(arm.get("looks", 0)))
    looks = {(arm["dataset"], arm["protocol"]): arm for arm in arms if "looks" in arm}
    return [f"{', '.join(test)}: {looks_text(arm)}" for test, arm in looks.items()]


def _seeds(study: dict[str, Any]) -> str:
    """Return the seeds of the arms, by arm where they differ."""
    texts = {arm["name"]: ", ".join(map(str, arm["seeds"])) for arm in study["arms"]}
    return texts.popitem()[1] if len(set(texts.values())) == 1 else "; ".join(f"{n}: {own}" for n, own in texts.items())


def _command(study: dict[str, Any]) -> str:
    """Return what repeats the study."""
    folders = " ".join(f"--data {shlex.quote(name + '=' + str(own['folder']))}" for name, own in study["data"].items())
    data, path = "--sample" if study["sample"] else folders, shlex.quote(f"{study['study']}.yaml")
    seeds = sorted(set.intersection(*(set(arm["seeds"]) for arm in study["arms"])))
    return " ".join(["fusion run", path, data, *([seeds_option(seeds)] if seeds else [])])
