"""Commands that take an experiment file: run, extract, tune."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from fusion.cli.options import (
    DEFAULT_CACHE,
    DEFAULT_RESULTS,
    PROCESSORS,
    AsJson,
    Assignments,
    Cache,
    DataFolder,
    Debug,
    ExperimentFile,
    Features,
    Jobs,
    Plugins,
    Results,
    Sample,
    Seeds,
    make_setting,
    print_outcome,
    read_spec,
)

app = typer.Typer()


@app.command()
def run(
    experiment: ExperimentFile,
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
    """Extract what is missing, train every seed, evaluate, report."""
    spec = read_spec(experiment, assignments, features, seeds, plugins)
    from fusion.experiment import run_experiment

    setting = make_setting(spec, data, sample, cache, results, jobs)
    outcome = run_experiment(spec, setting, force)
    print_outcome(outcome, as_json, setting, "; --force trains again")


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
    from fusion.prepare import prepare, read_data

    setting = make_setting(spec, data, sample, cache, DEFAULT_RESULTS, jobs)
    prepared = prepare(spec, read_data(spec, setting), setting)
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

    from fusion import console
    from fusion.tune import tune as search_settings

    folder, found = search_settings(spec, make_setting(spec, data, sample, cache, results, jobs), trials)
    if as_json:
        print(json.dumps([asdict(trial) for trial in found], indent=2))
    else:
        console.print_trials(found, spec.search)
        print(folder)
