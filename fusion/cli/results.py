"""Commands that take result folders: predict, evaluate, compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from fusion.cli.options import (
    DEFAULT_CACHE,
    DEFAULT_RESULTS,
    PROCESSORS,
    AsJson,
    Cache,
    DataFolder,
    Debug,
    Jobs,
    Results,
    Sample,
    Seeds,
    make_workplace,
    print_outcome,
    read_seeds,
)
from fusion.errors import FusionError

app = typer.Typer()


@app.command()
def predict(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.", show_default=False)],
    audio: Annotated[list[Path], typer.Argument(metavar="AUDIO...", help="Sound files.", show_default=False)],
    seeds: Seeds = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Every window instead of the whole file.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV alone on stdout.")] = False,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Tell what plays in sound files, with the networks of a result (the mean of all seeds)."""
    from fusion.cli import console
    from fusion.runtime.progress import Progress
    from fusion.studies.predict import predict as predict_files

    progress = Progress()
    with progress.task("predicting", len(audio)) as advance:
        chosen = None if seeds is None else read_seeds(seeds)
        predictions, problems = predict_files(result, audio, chosen, min(jobs, len(audio)), advance)
    form = "json" if as_json else "csv" if as_csv else "table"
    console.print_predictions(predictions, form, timeline)
    if problems:
        raise FusionError("\n".join(problems))


@app.command()
def evaluate(
    result: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.", show_default=False)],
    sample: Sample = False,
    data: DataFolder = None,
    split: Annotated[
        str, typer.Option("--split", metavar="train|validation|test", help="Part of the other data set.")
    ] = "test",
    training_data: Annotated[
        Path | None,
        typer.Option("--training-data", metavar="DIR", help="Where the result's own data are, if they were moved."),
    ] = None,
    skip_damaged: Annotated[
        bool, typer.Option("--skip-damaged", help="Leave damaged clips of the other data set out and record them.")
    ] = False,
    results: Results = DEFAULT_RESULTS,
    cache: Cache = DEFAULT_CACHE,
    seeds: Seeds = None,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Apply the saved networks of a result to another data set in the same layout, to see whether it transfers."""
    from fusion.results.trained import read_trained
    from fusion.studies.transfer import evaluate_result

    if split not in ("train", "validation", "test"):
        raise FusionError(f"--split {split}: should be train, validation or test")
    if not (sample or data):
        raise FusionError("name the other data set with --data DIR, or take the embedded sample with --sample")
    workplace = make_workplace(read_trained(result).experiment, data, sample, cache, results, jobs)
    chosen = None if seeds is None else read_seeds(seeds)
    outcome = evaluate_result(result, workplace, split, chosen, training_data, skip_damaged)
    print_outcome(outcome, as_json, workplace)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="RESULT", help="A result folder.", show_default=False)],
    second: Annotated[
        Path, typer.Argument(metavar="RESULT", help="Another one, on the same clips.", show_default=False)
    ],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Tell how two results on the same clips differ: difference, interval over groups, test, clips that changed."""
    from fusion.cli import console
    from fusion.results import compare as comparison
    from fusion.results.predictions import read_predictions

    found = comparison.compare_predictions(read_predictions(first), read_predictions(second))
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        console.print_comparison(found, comparison.sentence(found))
