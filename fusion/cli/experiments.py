"""Commands that take an experiment file: run, ablate, curve, tune, extract."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from fusion.cli.options import ExperimentFile, Force, takes
from fusion.errors import FusionError

app = typer.Typer()


@app.command(epilog="Example: fusion run experiments/nsynth_mfcc.yaml --sample")
@takes(
    "sample", "data", "results", "cache", "features", "set", "seeds", "plugins", "jobs", "cluster", "quiet", "as_json"
)
def run(
    experiment: ExperimentFile,
    force: Force = False,
    paper: Annotated[bool, typer.Option("--paper", help="Of a study: LaTeX, CSV and PDF, too.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log trainings for TensorBoard, in tensorboard/ of each result.")
    ] = False,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Extract what is missing, train every seed, evaluate, report; a file with arms is a study of several."""
    from fusion.settings.arms import is_study

    if not is_study(experiment):
        if paper:
            raise FusionError("--paper: for a study, a file with arms; this is a single experiment")
        from fusion.api.experiments import run as run_spec

        result = run_spec(experiment, force=force, tensorboard=tensorboard, **shared)
        from fusion.cli import console

        console.print_result(result, as_json)
        return
    if "features" in shared:
        raise FusionError(f"--features {','.join(shared['features'])}: a study's arms name their features themselves")
    from fusion.api.experiments import study

    table = study(experiment, force=force, paper=paper, tensorboard=tensorboard, **shared)
    from fusion.cli import console

    if as_json:
        print(json.dumps(table.content, indent=2))
    else:
        console.print_study(table.content)
        print(table.folder)


@app.command(epilog="Example: fusion ablate experiments/nsynth_fusion.yaml --sample --mode only-one --seeds 1")
@takes(
    "sample", "data", "results", "cache", "features", "set", "seeds", "plugins", "jobs", "cluster", "quiet", "as_json"
)
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
    force: Force = False,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Run an experiment with subsets of its features, and tell what each of them brings."""
    from fusion.api.experiments import ablate as ablate_spec

    table = ablate_spec(experiment, mode=mode, trials=trials, force=force, **shared)
    from fusion.cli import console
    from fusion.report.ablation_sentences import ablation_sentences

    if as_json:
        print(json.dumps(table.content, indent=2))
    else:
        console.print_ablation(table.content, ablation_sentences(table.content))
        print(table.folder)


@app.command(epilog="Example: fusion curve experiments/nsynth_fusion.yaml --sample --groups 12,24 --seeds 1")
@takes(
    "sample", "data", "results", "cache", "features", "set", "seeds", "plugins", "jobs", "cluster", "quiet", "as_json"
)
def curve(
    experiment: ExperimentFile,
    groups: Annotated[
        str | None,
        typer.Option("--groups", metavar="N,N", help="Numbers of training groups (9,18,36); else halves of halves."),
    ] = None,
    force: Force = False,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Run an experiment, or the arms of a study, on fewer training groups, and tell what doubling them brings."""
    from fusion.api.curve import curve as curve_of

    parts: list[Any] | None = None if groups is None else groups.split(",")
    sizes = parts and [int(part) if part.strip().isdecimal() and len(part) < 10 else part for part in parts]
    table = curve_of(experiment, groups=sizes, force=force, **shared)
    from fusion.cli import console
    from fusion.report.curve_sentences import curve_sentences

    if as_json:
        print(json.dumps(table.content, indent=2))
    else:
        console.print_curve(table.content, curve_sentences(table.content))
        print(table.folder)


@app.command(epilog="Example: fusion tune experiments/nsynth_fusion.yaml --sample --trials 3")
@takes("sample", "data", "results", "cache", "features", "set", "plugins", "jobs", "cluster", "quiet", "as_json")
def tune(
    experiment: ExperimentFile,
    trials: Annotated[
        int | None, typer.Option("--trials", min=1, metavar="N", help="Settings to try, instead of the file's.")
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Search the settings that the file leaves open, with KerasTuner, by folds of the training clips."""
    from fusion.api.search import tune as tune_spec

    table = tune_spec(experiment, trials=trials, **shared)
    from fusion.cli import console

    if as_json:
        print(json.dumps(table.content, indent=2))
    else:
        console.print_trials(table.content)
        print(table.folder)


@app.command(epilog="Example: fusion extract experiments/nsynth_fusion.yaml --sample")
@takes("sample", "data", "cache", "features", "set", "plugins", "jobs", "cluster", "quiet", "as_json")
def extract(experiment: ExperimentFile, *, as_json: bool = False, shared: dict[str, Any]) -> None:
    """Fill the feature store, nothing else."""
    from fusion.api.data import fill_store

    outcome = fill_store(experiment, **shared)
    if as_json:
        print(json.dumps({key: outcome[key] for key in ("computed", "seconds")}, indent=2))
        return
    for name, count in outcome["computed"].items():
        print(f"{name}: {count} clips extracted" if count else f"{name}: all clips were stored, nothing extracted")
    print(outcome["folder"])
