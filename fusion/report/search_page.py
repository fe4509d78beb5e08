"""The page of a search: which settings did best, and which of them mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.evaluation.metric import metric_label
from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.report.result_tables import plain, setting_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CAPTIONS = {
    "parallel": "Settings of each trial, a line a trial, coloured by its score",
    "importance": "Which settings matter: loss of a forest's fit when one is shuffled",
}


def write(
    folder: Path,
    experiment: str,
    search: Mapping[str, Any],
    trials: Sequence[Mapping[str, Any]],
    best: Mapping[str, Any],
    plots: Mapping[str, Figure],
    warnings: Sequence[str] = (),
) -> None:
    """Write ``report.html`` of a search, and its plots as PNG.

    Parameters
    ----------
    folder : Path
    experiment : str
        Its name.
    search : dict
        The ``search`` section: trials, folds, tuner, objective, space.
    trials : sequence of dict
        As `fusion.search.trials.Trial` has them; number 0 is the file as it was.
    best : dict
        The one with the best score.
    plots : dict of str to Figure
        ``parallel``, and ``importance`` where there are enough trials.
    warnings : sequence of str
    """
    for name, figure in plots.items():
        save(figure, folder / f"{name}.png")
    objective = search["objective"]
    label = objective if objective == "loss" else metric_label(objective)
    own = next((trial for trial in trials if trial["number"] == 0 and trial["score"] is not None), None)
    tried = sum(trial["number"] > 0 and trial["score"] is not None for trial in trials)
    of = f" of {tried} trials" if best["number"] else ""
    scored = "mean of folds of training clips" if search["folds"] else "on the validation clips"
    answer = f"{_name(best)} has the best {label}{of}, {best['score']:.3f}, {scored}"
    if not best["number"]:
        answer += f"; none of {tried} trials is better"
    elif own:
        answer += f"; the file's own settings have {own['score']:.3f}"
    header = ["trial", label, *search["space"], "seconds", "what went wrong"]
    rows = [
        [
            _name(trial),
            "" if trial["score"] is None else f"{trial['score']:.3f}",
            *(plain(trial["values"].get(path, "")) for path in search["space"]),
            f"{trial['seconds']:.0f}",
            trial["error"],
        ]
        for trial in sorted(trials, key=lambda trial: trial["score"] is None)
    ]
    failed = any(trial["error"] for trial in trials)
    write_page(
        folder / "report.html",
        "search",
        title=f"{experiment}: search of settings",
        search=search,
        answer=[f"{answer}.", "A best score of many is partly luck: the test says how good these settings are."],
        best=setting_table({path: best["values"][path] for path in search["space"] if path in best["values"]}),
        trials=(header, rows) if failed else (header[:-1], [row[:-1] for row in rows]),
        own=_name(best),
        warnings=warnings,
        plots={name: svg(figure, _CAPTIONS[name]) for name, figure in plots.items()},
        captions=_CAPTIONS,
    )


def _name(trial: Mapping[str, Any]) -> str:
    return f"Trial {trial['number']}" if trial["number"] else "The file as it was"
