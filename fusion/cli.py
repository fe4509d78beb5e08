"""The command line: options become settings, errors become messages, everything else is elsewhere.

Exit codes: 0 done; 2 something the user can mend; 1 a bug; 130 interrupted.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fusion import __version__
from fusion.errors import FusionError
from fusion.workers import processors

if TYPE_CHECKING:
    from fusion.experiment import Outcome
    from fusion.prepare import Setting
    from fusion.spec import Experiment

app = typer.Typer(
    name="fusion",
    help="Recognise musical instruments from sound, with several kinds of features fused in one network.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(help="Check a data set, or render practice data.", no_args_is_help=True)
app.add_typer(data_app, name="data")

ExperimentFile = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.", show_default=False)
]
Sample = Annotated[bool, typer.Option("--sample", help="Use the embedded sample instead of the full data set.")]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data set's root [default: $FUSION_DATA/<name>, else data/<name>]."),
]
Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Where results go.")]
Cache = Annotated[
    Path,
    typer.Option("--cache", metavar="DIR", envvar="FUSION_CACHE", help="Where extracted features are kept."),
]
Features = Annotated[
    str | None, typer.Option("--features", metavar="A,B", help="Use these features instead of the file's.")
]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Change a setting; repeatable, applied last."),
]
Seeds = Annotated[
    str | None, typer.Option("--seeds", metavar="N|A,B", help="How many seeds (1 to N), or which ones: 1,2,5.")
]
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugins", metavar="DIR", help="Folder with features of your own; their code is run. Repeatable."),
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, metavar="N", help="Processes at once [default: all processors].")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what workers say.")]

PROCESSORS = processors()
INTERRUPTED = 130
MOST_SEEDS = 1000
DEFAULT_RESULTS = Path("results")
DEFAULT_CACHE = Path(".fusion/cache")


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
    spec = _experiment(experiment, assignments, features, seeds, plugins)
    from fusion.experiment import run_experiment

    setting = _setting(spec, data, sample, cache, results, jobs)
    outcome = run_experiment(spec, setting, force)
    _print_outcome(outcome, as_json, setting, "; --force trains again")


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
    spec = _experiment(experiment, assignments, features, None, plugins)
    from fusion.prepare import prepare, read_data

    setting = _setting(spec, data, sample, cache, DEFAULT_RESULTS, jobs)
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
    spec = _experiment(experiment, assignments, features, None, plugins, searching=True)
    from dataclasses import asdict

    from fusion import console
    from fusion.tune import tune as search_settings

    folder, found = search_settings(spec, _setting(spec, data, sample, cache, results, jobs), trials)
    if as_json:
        print(json.dumps([asdict(trial) for trial in found], indent=2))
    else:
        console.print_trials(found, spec.search)
        print(folder)


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
    from fusion import console
    from fusion.predict import predict as predict_files
    from fusion.progress import Progress

    progress = Progress()
    with progress.task("predicting", len(audio)) as advance:
        chosen = None if seeds is None else _seeds(seeds)
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
    from fusion.saved import read_saved
    from fusion.transfer import evaluate_result

    if split not in ("train", "validation", "test"):
        raise FusionError(f"--split {split}: should be train, validation or test")
    if not (sample or data):
        raise FusionError("name the other data set with --data DIR, or take the embedded sample with --sample")
    setting = _setting(read_saved(result).experiment, data, sample, cache, results, jobs)
    chosen = None if seeds is None else _seeds(seeds)
    outcome = evaluate_result(result, setting, split, chosen, training_data, skip_damaged)
    _print_outcome(outcome, as_json, setting)


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
    from fusion import compare as comparison
    from fusion import console

    found = comparison.compare(comparison.read_predictions(first), comparison.read_predictions(second))
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        console.print_comparison(found, comparison.sentence(found))


@app.command("features")
def list_features(
    name: Annotated[str | None, typer.Argument(help="Show one feature.", show_default=False)] = None,
    plugins: Plugins = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """List the registry, or show one feature: parameters, units, shape, where it comes from."""
    from fusion import console, listing

    found = listing.feature(name, plugins or []) if name else listing.features(plugins or [])
    if as_json:
        print(json.dumps(found, indent=2))
    elif isinstance(found, dict):
        console.print_feature(found)
    else:
        console.print_features(found)


@data_app.command()
def check(
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
    """Count clips, classes and groups of an experiment's data; name what leaks. Trains nothing."""
    spec = _experiment(experiment, assignments, features, None, plugins)
    from fusion import console
    from fusion.datasets.audit import audit
    from fusion.prepare import read_data

    setting = _setting(spec, data, sample, cache, DEFAULT_RESULTS, jobs)
    found = read_data(spec, setting)
    report = audit(found.dataset, found.duplicates)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        console.print_audit(report, found.dataset.noun)


@data_app.command()
def render(
    name: Annotated[str, typer.Argument(metavar="nsynth", help="Layout to render.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make.", show_default=False)],
    preset: Annotated[str, typer.Option("--preset", metavar="sample|practice", help="How much.")] = "practice",
    train_font: Annotated[
        list[Path] | None, typer.Option("--train-font", metavar="SF2", help="SoundFont of the training instruments.")
    ] = None,
    test_font: Annotated[
        list[Path] | None, typer.Option("--test-font", metavar="SF2", help="SoundFont of validation and test.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, other notes.")] = 0,
    jobs: Jobs = PROCESSORS,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Render notes from SoundFonts in a data set's layout, with FluidSynth."""
    from dataclasses import asdict

    from fusion.datasets.render import render_nsynth
    from fusion.progress import Progress

    if name != "nsynth":
        raise FusionError(f"{name}: this data set cannot be rendered; known: nsynth")
    if preset not in ("sample", "practice"):
        raise FusionError(f"--preset {preset}: should be sample or practice")
    progress = Progress()
    with progress.counter("rendering") as told:
        summary = render_nsynth(
            out,
            preset=preset,  # type: ignore[arg-type]
            train_fonts=train_font or (),
            test_fonts=test_font or (),
            seed=seed,
            jobs=jobs,
            progress=told,
        )
    for warning in summary.warnings:
        progress.say(f"warning: {warning}")
    if as_json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        for key, value in asdict(summary).items():
            print(f"{key}: {value}")
        print(out)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the console script."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    if debug:
        os.environ["FUSION_DEBUG"] = "1"  # for worker processes
    sys.exit(_guarded(lambda: app(arguments, standalone_mode=False), debug))


def _guarded(command: Callable[[], Any], debug: bool) -> int:
    """Run a command and return the exit code; only a bug shows a traceback."""
    try:
        code = command()
        code = code if isinstance(code, int) else 0
        if code == INTERRUPTED:  # typer makes it of KeyboardInterrupt
            raise KeyboardInterrupt
        return code
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; what was finished is kept, the same command goes on from there", file=sys.stderr)
        return INTERRUPTED
    except typer.Exit as stop:
        return int(stop.exit_code)
    except Exception as error:
        if debug:
            raise
        if hasattr(error, "format_message") and hasattr(error, "show"):  # typer's own: an unknown option and the like
            error.show(file=sys.stderr)
            return 2
        if isinstance(error, FusionError):
            print(f"error: {error}", file=sys.stderr)
            return 2
        if isinstance(error, OSError):
            print(f"error: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
            return 2
        print(
            f"fusion {__version__} has a bug: {type(error).__name__}: {error}\n"
            "Run the command again with --debug to see where, and report it with that output.",
            file=sys.stderr,
        )
        return 1


def _experiment(
    path: Path,
    assignments: list[str] | None,
    features: str | None,
    seeds: str | None,
    plugins: list[Path] | None,
    searching: bool = False,
) -> Experiment:
    from fusion.spec import read_experiment

    return read_experiment(
        path,
        assignments=assignments or (),
        features=None if features is None else [name.strip() for name in features.split(",") if name.strip()],
        seeds=None if seeds is None else _seeds(seeds),
        plugins=plugins or (),
        searching=searching,
    )


def _seeds(text: str) -> list[int]:
    """Return the seeds of ``3`` (the first three) or ``1,2,5``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts if part) or not any(parts) or len(text) > 1000:
        raise FusionError(f"--seeds {text}: give a number of seeds (3) or the seeds themselves (1,2,5)")
    numbers = [int(part) for part in parts if part]
    if len(parts) == 1 and numbers[0] > MOST_SEEDS:
        raise FusionError(f"--seeds {text}: {MOST_SEEDS} seeds at most; name a single one with a comma: {text},")
    return list(range(1, numbers[0] + 1)) if len(parts) == 1 else numbers


def _print_outcome(outcome: Outcome, as_json: bool, setting: Setting, again: str = "") -> None:
    from fusion import console

    for change in outcome.changes:
        setting.progress.say(f"versions differ from those this result was made with: {change}{again}")
    if not outcome.trained:
        trained = ", ".join(map(str, outcome.metrics["seeds"]))
        setting.progress.say(f"complete, nothing to train (seeds {trained}){again}")
    if as_json:
        print(json.dumps(outcome.metrics, indent=2))
    else:
        console.print_result(outcome.metrics)
        print(outcome.folder)


def _setting(spec: Experiment, data: Path | None, sample: bool, cache: Path, results: Path, jobs: int) -> Setting:
    from fusion.datasets import data_root, sample_root
    from fusion.prepare import Setting
    from fusion.progress import Progress

    if sample and data:
        raise FusionError("--sample and --data name two data sets; give one of them")
    name = spec.dataset.name
    root = sample_root(name) if sample else data or data_root(name)
    return Setting(root, sample, cache, results, jobs, Progress())


if __name__ == "__main__":
    main()
