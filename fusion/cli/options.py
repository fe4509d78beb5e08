"""Options that mean the same everywhere, and what they become."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from fusion.errors import FusionError
from fusion.runtime.workers import processors

if TYPE_CHECKING:
    from fusion.runtime.workplace import Workplace
    from fusion.settings.experiment import Experiment
    from fusion.studies.experiment import Outcome

ExperimentFile = Annotated[
    Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The experiment file.", show_default=False)
]
Sample = Annotated[bool, typer.Option("--sample", help="Use the embedded sample instead of the full data set.")]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data set's root, else $FUSION_DATA/<name>, else data/<name>."),
]
DataFolders = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        metavar="DIR|NAME=DIR",
        help="The data set's root, by name where several are used; else $FUSION_DATA/<name>, else data/<name>.",
    ),
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
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", min=1, metavar="N", show_default=False, help="Processes at once; all processors unless told."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON alone on stdout.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and what workers say.")]

PROCESSORS = cast(int, processors)  # typer calls it where it is needed: what counts them takes half a second to import
MOST_SEEDS = 1000
DATASETS = ("nsynth", "irmas")
DEFAULT_RESULTS = Path("results")
DEFAULT_CACHE = Path(".fusion/cache")


def read_spec(
    path: Path,
    assignments: list[str] | None,
    features: str | None,
    seeds: str | None,
    plugins: list[Path] | None,
    searching: bool = False,
    ablating: bool = False,
) -> Experiment:
    """Return the experiment of a file with what options change."""
    from fusion.settings.arms import is_study
    from fusion.settings.reading import read_experiment

    if is_study(path):
        raise FusionError(
            f"{path}: has arms, so it is a study, which `fusion run` alone takes; name a file with one experiment"
        )
    return read_experiment(
        path,
        assignments=assignments or (),
        features=None if features is None else [name.strip() for name in features.split(",") if name.strip()],
        seeds=None if seeds is None else read_seeds(seeds),
        plugins=plugins or (),
        searching=searching,
        ablating=ablating,
    )


def read_seeds(text: str) -> list[int]:
    """Return the seeds of ``3`` (the first three) or ``1,2,5``."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts if part) or not any(parts) or len(text) > 1000:
        raise FusionError(f"--seeds {text}: give a number of seeds (3) or the seeds themselves (1,2,5)")
    numbers = [int(part) for part in parts if part]
    if len(parts) == 1 and numbers[0] > MOST_SEEDS:
        raise FusionError(f"--seeds {text}: {MOST_SEEDS} seeds at most; name a single one with a comma: {text},")
    return list(range(1, numbers[0] + 1)) if len(parts) == 1 else numbers


def print_outcome(outcome: Outcome, as_json: bool, workplace: Workplace, again: str = "") -> None:
    """Print a result, or its metrics as JSON, and last its folder."""
    from fusion.cli import console

    for change in outcome.changes:
        workplace.progress.say(f"versions differ from those this result was made with: {change}{again}")
    if not outcome.trained:
        trained = ", ".join(map(str, outcome.metrics["seeds"]))
        workplace.progress.say(f"complete, nothing to train (seeds {trained}){again}")
    if as_json:
        print(json.dumps(outcome.metrics, indent=2))
    else:
        console.print_result(outcome.metrics)
        print(outcome.folder)


def read_roots(data: list[str] | None, names: Sequence[str]) -> dict[str, Path]:
    """Return the roots that ``--data DIR`` or ``--data NAME=DIR`` give, by data set."""
    roots: dict[str, Path] = {}
    for text in data or ():
        name, equals, folder = text.partition("=")
        if not equals or name not in DATASETS:
            if len(names) > 1:
                raise FusionError(f"--data {text}: several data sets are used; write {names[0]}=DIR, {names[1]}=DIR")
            name, folder = names[0], text
        if name not in names:
            raise FusionError(f"--data {text}: {name} is not used here; used: {', '.join(names)}")
        roots[name] = Path(folder)
    return roots


def make_workplace(
    spec: Experiment, data: Path | None, sample: bool, cache: Path, results: Path, jobs: int
) -> Workplace:
    """Return where an experiment's data, store and results are."""
    from fusion.datasets.registry import data_root, sample_root
    from fusion.runtime.progress import Progress
    from fusion.runtime.workplace import Workplace

    if sample and data:
        raise FusionError("--sample and --data name two data sets; give one of them")
    name = spec.dataset.name
    root = sample_root(name) if sample else data or data_root(name)
    return Workplace(root, sample, cache, results, jobs, Progress())
