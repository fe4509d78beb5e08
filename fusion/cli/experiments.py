"""Commands that take an experiment file: run, ablate, tune, extract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fusion.cli.options import (
    DEFAULT_CACHE,
    DEFAULT_RESULTS,
    PROCESSORS,
    AsJson,
    Assignments,
    Cache,
    DataFolder,
    DataFolders,
    Debug,
    ExperimentFile,
    Features,
    Jobs,
    Plugins,
    Results,
    Sample,
    Seeds,
    make_workplace,
    print_outcome,
    read_roots,
    read_seeds,
    read_spec,
)
from fusion.errors import FusionError

if TYPE_CHECKING:
    from fusion.runtime.workplace import Workplace

app = typer.Typer()


@app.command()
def run(
    experiment: ExperimentFile,
    sample: Sample = False,
    data: DataFolders = None,
    results: Results = DEFAULT_RESULTS,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
    plugins: Plugins = None,
    jobs: Jobs = PROCESSORS,
    force: Annotated[bool, typer.Option("--force", help="Train again what is trained.")] = False,
    paper: Annotated[bool, typer.Option("--paper", help="Of a study: LaTeX, CSV and PDF, too.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Extract what is missing, train every seed, evaluate, report; a file with arms is a study of several."""
    from fusion.settings.arms import is_study

    if is_study(experiment):
        if features is not None:
            raise FusionError(f"--features {features}: a study's arms name their features themselves")
        _run_study(experiment, sample, data, results, cache, assignments, seeds, plugins, jobs, force, paper, as_json)
        return
    spec = read_spec(experiment, assignments, features, seeds, plugins)
    if paper:
        raise FusionError("--paper: for a study, a file with arms; this is a single experiment")
    from fusion.studies.experiment import run_experiment

    root = read_roots(data, [spec.dataset.name]).get(spec.dataset.name)
    workplace = make_workplace(spec, root, sample, cache, results, jobs)
    outcome = run_experiment(spec, workplace, force)
    print_outcome(outcome, as_json, workplace, "; --force trains again")


def _run_study(
    path: Path,
    sample: bool,
    data: list[str] | None,
    results: Path,
    cache: Path,
    assignments: list[str] | None,
    seeds: str | None,
    plugins: list[Path] | None,
    jobs: int,
    force: bool,
    paper: bool,
    as_json: bool,
) -> None:
    from fusion.settings.arms import read_study

    chosen = None if seeds is None else read_seeds(seeds)
    study = read_study(path, assignments=assignments or (), seeds=chosen, plugins=plugins or ())
    roots = read_roots(data, study.datasets)
    settings: dict[str, Workplace] = {
        arm.experiment.dataset.name: make_workplace(
            arm.experiment, roots.get(arm.experiment.dataset.name), sample, cache, results, jobs
        )
        for arm in study.arms
    }
    from fusion.cli import console
    from fusion.studies.study import run_study

    folder, content = run_study(study, lambda name: settings[name], force, paper)
    if as_json:
        print(json.dumps(content, indent=2))
    else:
        console.print_study(content)
        print(folder)


@app.command()
def ablate(
    experiment: ExperimentFile,
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="leave-one-out|only-one|all|mask|sets",
            help="Which subsets: each without one, each alone, all, masked without training, or the file's.",
        ),
    ] = "leave-one-out",
    trials: Annotated[
        int | None, typer.Option("--tune", min=1, metavar="N", help="Search each arm's settings first, N trials each.")
    ] = None,
    sample: Sample = False,
    data: DataFolder = None,
    results: Results = DEFAULT_RESULTS,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
    plugins: Plugins = None,
    jobs: Jobs = PROCESSORS,
    force: Annotated[bool, typer.Option("--force", help="Train again what is trained.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run an experiment with subsets of its features, and tell what each of them brings."""
    spec = read_spec(experiment, assignments, features, seeds, plugins, searching=trials is not None, ablating=True)
    from fusion.cli import console
    from fusion.report.ablation_sentences import ablation_sentences
    from fusion.studies.ablate import MODES
    from fusion.studies.ablate import ablate as run_ablation

    if mode not in MODES:
        raise FusionError(f"--mode {mode}: should be one of {', '.join(MODES)}")
    workplace = make_workplace(spec, data, sample, cache, results, jobs)
    folder, found = run_ablation(spec, workplace, mode, trials, force)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        console.print_ablation(found, ablation_sentences(found))
        print(folder)


@app.command()
def extract(
    experiment: ExperimentFile,
    sample: Sample = False,
    data: DataFolder = None,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    plugins: Plugins = None,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Fill the feature store, nothing else."""
    spec = read_spec(experiment, assignments, features, None, plugins)
    from fusion.datasets.data import read_data
    from fusion.extraction.prepare import prepare

    workplace = make_workplace(spec, data, sample, cache, DEFAULT_RESULTS, jobs)
    prepared = prepare(spec, read_data(spec.dataset, workplace), workplace)
    if as_json:
        print(json.dumps({"computed": prepared.computed, "seconds": prepared.seconds}, indent=2))
    else:
        for name, count in prepared.computed.items():
            print(f"{name}: {count} clips extracted" if count else f"{name}: all clips were stored, nothing extracted")
        print(cache / "features" / spec.dataset.name)


@app.command()
def tune(
    experiment: ExperimentFile,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, metavar="N", help="Settings to try, instead of the file's.")
    ] = None,
    sample: Sample = False,
    data: DataFolder = None,
    results: Results = DEFAULT_RESULTS,
    cache: Cache = DEFAULT_CACHE,
    features: Features = None,
    assignments: Assignments = None,
    plugins: Plugins = None,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Search the settings that the file leaves open, with KerasTuner, by folds of the training clips."""
    spec = read_spec(experiment, assignments, features, None, plugins, searching=True)
    from dataclasses import asdict

    from fusion.cli import console
    from fusion.search.tune import tune as search_settings

    folder, found = search_settings(spec, make_workplace(spec, data, sample, cache, results, jobs), trials)
    if as_json:
        print(json.dumps([asdict(trial) for trial in found], indent=2))
    else:
        console.print_trials(found, spec.search)
        print(folder)
