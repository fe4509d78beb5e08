"""Commands that take result folders: predict, export, evaluate, stress, compare, report, results."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from fusion.cli.options import ResultFolder, takes
from fusion.errors import FusionError
from fusion.runtime.names import on_terminal

app = typer.Typer()


@app.command(epilog="Example: fusion predict results/nsynth_mfcc note.wav --timeline")
@takes("seeds", "plugins", "jobs", "quiet", "as_json")
def predict(
    result: ResultFolder,
    audio: Annotated[
        list[Path], typer.Argument(metavar="AUDIO...", help="Sound files, or folders of them.", show_default=False)
    ],
    timeline: Annotated[bool, typer.Option("--timeline", help="Every window instead of the whole file.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV alone on stdout.")] = False,
    engine: Annotated[
        str | None,
        typer.Option("--engine", metavar="keras|onnx", help="onnx: RESULT is an exported network; needs no Keras."),
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Tell what plays in sound files, with the networks of a result (the mean of all seeds), or an exported one."""
    from fusion.api.predictions import predict_files
    from fusion.cli import console
    from fusion.result.exported import is_exported

    if as_json and as_csv:
        raise FusionError("--json and --csv are two forms; give one of them")
    told: list[str] = []
    if not is_exported(result):
        from fusion.api.results import load

        told = [text for text in load(result).warnings if text.startswith(("sample:", "shared-groups:"))]
    predictions, problems = predict_files(result, audio, engine=engine, **shared)
    form = "json" if as_json else "csv" if as_csv else "table"
    console.print_predictions(predictions, form, timeline)
    for text in (*told, *(caution for prediction in predictions for caution in prediction.cautions)):
        print(f"warning: {on_terminal(text)}", file=sys.stderr)
    if problems:
        raise FusionError("\n".join(problems))


@app.command(epilog="Example: fusion export results/nsynth_mfcc --out my-network")
@takes("plugins")
def export(
    result: ResultFolder,
    form: Annotated[
        str, typer.Option("--format", metavar="onnx|keras|saved-model|litert", help="What the network is written as.")
    ] = "onnx",
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="This seed's network instead of the mean of all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write; else export-FORMAT in the result's.")
    ] = None,
    *,
    shared: dict[str, Any],
) -> None:
    """Write the networks of a result as one, with all that is needed to use it without fusion and Keras."""
    from fusion.api.results import load

    seeds = None if seed is None else [seed]
    print(load(result).export(out=out, format=form, seeds=seeds, **shared))  # type: ignore[arg-type]


@app.command(epilog="Example: fusion evaluate results/nsynth_mfcc --data other-notes")
@takes("sample", "data", "results", "cache", "seeds", "plugins", "jobs", "cluster", "quiet", "as_json")
def evaluate(
    result: ResultFolder,
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
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Apply the saved networks of a result to another data set in the same layout, to see whether it transfers."""
    from fusion.api.results import load
    from fusion.cli import console

    applied = load(result).evaluate(split=split, training_data=training_data, skip_damaged=skip_damaged, **shared)
    console.print_result(applied, as_json)


@app.command(epilog="Example: fusion stress results/nsynth_mfcc --with pink,narrow --levels 3")
@takes("data", "results", "cache", "seeds", "plugins", "jobs", "cluster", "quiet", "as_json")
def stress(
    result: ResultFolder,
    other: Annotated[
        Path | None, typer.Argument(metavar="[RESULT]", help="Another one, on the same clips.", show_default=False)
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option("--with", metavar="A,B=1:2", help="Distortions, with levels of your own after =; else all."),
    ] = None,
    levels: Annotated[
        int | None, typer.Option("--levels", metavar="N", help="So many levels of each, from mild to severe; else all.")
    ] = None,
    impulse: Annotated[
        Path | None, typer.Option("--impulse", metavar="FILE", help="A recorded impulse response, as one more.")
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Distort a result's test clips step by step, to see how fast its networks get worse. Trains nothing."""
    from fusion.api.stress import stress as stress_result
    from fusion.cli import stress_table

    chosen = None if kinds is None else stress_table.read_kinds(kinds)
    table = stress_result(result, other, kinds=chosen, levels=levels, impulse=impulse, **shared)
    if as_json:
        print(json.dumps(table.content, indent=2))
        return
    stress_table.show(table.content)
    print(table.folder)


@app.command(epilog="Example: fusion compare results/with_tonnetz results/without")
@takes("as_json")
def compare(
    first: ResultFolder,
    second: Annotated[
        Path, typer.Argument(metavar="RESULT", help="Another one, on the same clips.", show_default=False)
    ],
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """Tell how two results on the same clips differ, the first minus the second: difference, interval, test, clips."""
    from fusion.api.results import compare as compare_results
    from fusion.cli import console

    comparison = compare_results(first, second).content
    if as_json:
        print(json.dumps(comparison, indent=2))
    else:
        console.print_comparison(comparison)


@app.command(epilog="Example: fusion report results")
@takes()
def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...",
            help="A result or a study, or a folder of them; or several results.",
            show_default=False,
        ),
    ],
    *,
    shared: dict[str, Any],
) -> None:
    """Compute the statistics of finished results anew from their tables, and write their pages; nothing is trained.

    Several results get a page that shows them side by side.
    """
    from fusion.api.results import recompute, side_by_side

    if len(folders) > 1:
        print(side_by_side(*folders))
        return
    for left in recompute(folders[0]):
        print(left)
    print(folders[0])


@app.command(epilog="Example: fusion results results --sort figure")
@takes("as_json")
def results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of results.")] = Path("results"),
    sort: Annotated[
        str, typer.Option("--sort", metavar="KEY", help="experiment, date, figure, dataset or a setting's path.")
    ] = "experiment",
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="KEY=VALUE", help="Only results with it: features=mfcc, training.epochs=20. Repeatable."
        ),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write DIR/index.html, to be sorted and filtered.")] = False,
    readme: Annotated[bool, typer.Option("--readme", help="Write DIR/README.md.")] = False,
    mlflow: Annotated[
        str | None,
        typer.Option("--mlflow", metavar="URI", help="Log results in MLflow, each once: sqlite:///mlflow.db."),
    ] = None,
    *,
    as_json: bool = False,
    shared: dict[str, Any],
) -> None:
    """List every result: what tells it from the others, its figure, the best reference, warnings, date."""
    from fusion.report import index_page
    from fusion.result import listing

    every, damaged = listing.list_results(folder)
    lines = sys.stderr if as_json else sys.stdout
    rows = listing.ordered(listing.chosen(every, where or ()), sort)
    if not rows:
        print(f"{folder}: {len(every)} results{', of which none is asked for' if every else ''}", file=sys.stderr)
    alike, changes = listing.differences(rows)
    if html:
        print(index_page.write_index(folder, rows, alike, changes, listing.PAGES), file=lines)
    if readme:
        print(index_page.write_readme(folder, rows, alike, changes), file=lines)
    if mlflow is not None:
        from fusion.result.mlflow_log import log_results

        logged = log_results(rows, mlflow)
        print(f"{logged} of {len(rows)} results logged in {mlflow}, the others are there", file=sys.stderr)
    if as_json:
        print(json.dumps(rows, indent=2))
    elif not (html or readme or mlflow):
        from fusion.cli import console

        console.print_results(index_page.lines(rows, alike, changes))
    if damaged:
        raise FusionError("\n".join(damaged))
