"""The page of one result: what came out, what to keep in mind, which clips are confused, how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fusion.report import result_sentences, result_tables
from fusion.report.checks import checked
from fusion.report.clip_sounds import ClipFile, clip_sounds
from fusion.report.clips import Clips, read_clips
from fusion.report.pages import write_page
from fusion.report.plots import save, svg
from fusion.report.result_insides import plot_map, plot_quantiles, read_map, read_quantiles
from fusion.report.result_plots import plot_classes, plot_confusion, plot_curves, plot_reliability
from fusion.report.wording import (
    ABOUT_INTERVALS,
    data_option,
    looks_text,
    result_path,
    seeds_option,
    shown_metrics,
    start_knows,
    table,
)
from fusion.runtime.known_json import read_known
from fusion.settings.changes import changed
from fusion.settings.strict_yaml import parse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SECONDS = {"train_processor": "processor time of training"}


def write(folder: Path, metrics: dict[str, Any], files: Mapping[str, ClipFile]) -> None:
    """Write the plots, ``confusion.png`` (or ``classes.png``) and others, and the self-contained ``report.html``.

    Parameters
    ----------
    folder : Path
        A result folder with history.csv, spec.yaml, environment.json and predictions.csv.
    metrics : dict
        The content of metrics.json.
    files : dict of str to ClipFile
        Where the sounds of test clips are, by id; those that are not there are named alone.
    """
    several = "confusion" not in metrics
    plots = _plots(folder, metrics, several)
    for name, figure in plots.items():
        save(figure, folder / f"{name}.png")
    environment = read_known(folder / "environment.json")
    spec = (folder / "spec.yaml").read_text(encoding="utf-8")
    settings = parse(spec, "spec.yaml")
    changes = changed(settings)
    clips = read_clips(folder / "predictions.csv", metrics["classes"], several)
    seconds = ", ".join(f"{_SECONDS.get(name, name)} {value:.0f} s" for name, value in metrics["seconds"].items())
    write_page(
        folder / "report.html",
        "result",
        title=metrics["experiment"],
        metrics=metrics,
        answer=result_sentences.answer(metrics),
        checked=checked(metrics, stops=changes.get("training.patience", True) is not None),
        figures=(["", *(metric.label for metric in shown_metrics(metrics))], table(metrics)),
        notes=[*result_sentences.notes(metrics), *filter(None, [looks_text(metrics)])],
        about_intervals=ABOUT_INTERVALS,
        plots={name: svg(figure, _CAPTIONS[name]) for name, figure in plots.items() if name != "confusion"},
        captions=_CAPTIONS,
        calibration=result_sentences.calibration_sentence(metrics),
        tables=result_tables,
        changes=changes,
        spec=spec,
        environment=environment,
        libraries=", ".join(f"{name} {version}" for name, version in environment["libraries"].items()),
        seconds=seconds,
        command=_command(settings, metrics, environment),
        **_clips(clips, files),
        **_insides(folder, metrics),
    )


_CAPTIONS = {
    "classes": "Precision, recall and F1 of each class",
    "curves": "Learning curves: loss and accuracy by epoch, one line a training",
    "map": "Test clips as the last layer of one network reads them",
    "reliability": "Reliability: how often scores are right",
}


def _plots(folder: Path, metrics: dict[str, Any], several: bool) -> dict[str, Figure]:
    """Return the plots by the names of their files."""
    plots: dict[str, Figure] = {}
    if several:
        plots["classes"] = plot_classes(metrics["test"]["per_class"])
    else:
        plots["confusion"] = plot_confusion(np.array(metrics["confusion"]), metrics["classes"])
    plots["curves"] = plot_curves(folder / "history.csv", metrics.get("best_epochs", ()))
    if "bins" in metrics.get("calibration", {}):
        plots["reliability"] = plot_reliability(metrics["calibration"], several)
    return plots


def _insides(folder: Path, metrics: dict[str, Any]) -> dict[str, Any]:
    """Return what trainings left of their insides: the numbers of clips that are drawn, and a plot of each value."""
    drawn, classes = read_map(folder, metrics), metrics["classes"]
    spread = read_quantiles(folder, metrics)
    return {
        "map": None
        if drawn is None
        else {
            "svg": svg(plot_map(drawn, classes), _CAPTIONS["map"]),
            "drawn": len(drawn.points),
            "of": drawn.of,
            "known": None if start_knows(metrics) else int(drawn.known.sum()),
        },
        "spread": [(name, svg(plot_quantiles(name, own, classes), f"{name}, by class")) for name, own in spread],
    }


def _clips(clips: Clips | None, files: Mapping[str, ClipFile]) -> dict[str, Any]:
    """Return what the page shows of clips: all of it empty where there are no predictions."""
    if clips is None:
        return {"clips": None, "sounds": {}, "mistakes": []}
    heard = clips.to_hear()
    sounds = clip_sounds([clips.names[clip] for clip in heard], files)
    mistakes = [
        {
            "clip": int(cell.clips[place]),
            "name": clips.names[cell.clips[place]],
            "group": clips.groups[cell.clips[place]],
            "text": f"{clips.title(cell)}, {clips.said(cell, place)}",
        }
        for cell, place in clips.mistakes()
    ]
    return {"clips": clips, "sounds": {heard[place]: sound for place, sound in sounds.items()}, "mistakes": mistakes}


def _command(settings: dict[str, Any], metrics: dict[str, Any], environment: dict[str, Any]) -> str:
    """Return what repeats the result; an experiment's file names its plug-ins itself."""
    options = [data_option(metrics, environment), seeds_option(metrics["seeds"])]
    if "source" not in metrics:
        return " ".join(["fusion run", result_path(metrics, "spec.yaml"), *options])
    networks, split = (shlex.quote(str(metrics["source"][key])) for key in ("folder", "split"))
    if settings["dataset"].get("skip_damaged"):
        options.append("--skip-damaged")
    options += [f"--plugins {shlex.quote(folder)}" for folder in settings.get("plugins", ())]
    return " ".join(["fusion evaluate", networks, f"--split {split}", *options])
